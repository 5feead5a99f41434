"""How a foreign method may be called: the one place where signatures are read, since foreign code declares nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

SEED_NAMES = ("random_state", "random_seed", "seed")
"""What parameters and attributes that seed are called, by scikit-learn's convention and by others'."""


def refusal(method: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """Why a call with these arguments would be refused, or nothing, as for compiled methods, which do not tell."""
    with suppress(ValueError):
        try:
            inspect.signature(method).bind(*arguments, **named)
        except TypeError as error:
            return str(error)
    return ""


def weights_parameter(foreign: Any) -> str | None:
    """The parameter of an object's ``fit`` that takes weights by a name that everybody knows, if there is one."""
    from sklearn.utils.validation import has_fit_parameter  # type: ignore[import-untyped]

    with suppress(ValueError):
        return next((name for name in ("weights", "sample_weight") if has_fit_parameter(foreign, name)), None)
    return None


def seed_argument(method: Callable[..., Any], seed: int) -> dict[str, int]:
    """The seed under the name by which a method takes one; nothing for methods that take none."""
    with suppress(ValueError, TypeError):
        taken = inspect.signature(method).parameters
        return next(({name: seed % 2**32} for name in SEED_NAMES if name in taken), {})
    return {}
