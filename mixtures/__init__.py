"""The mathematics of boosted mixtures: divergences, data weights, steps, mixture weights, refinement, the mixture.

The names load when the first of them is used, so that a module here that needs no torch costs none; type checkers
read them in the stub beside this file.
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("adagan.mixtures.exports"), name)


def __dir__() -> list[str]:
    return sorted(__getattr__("__all__"))
