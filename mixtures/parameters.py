"""What a constructor takes."""

from __future__ import annotations

import inspect
from typing import Any


def parameter_names(kind: type[Any]) -> list[str]:
    """The names of a constructor's parameters, without ``*args`` and ``**kwargs``."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in inspect.signature(kind).parameters.values() if p.kind not in variable]
