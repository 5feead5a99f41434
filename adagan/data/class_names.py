"""Labels that are names: numbered for components, and asked for by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.suggestions import suggestion


def numbered(labels: Any) -> tuple[Any, tuple[str, ...]]:
    """Text labels as whole numbers in the order of the names, missing ones −1, and the names; others as they are.

    Args:
        labels: Shape (N,).
    """
    if isinstance(labels, Tensor):
        return labels, ()
    values = np.asarray(labels)
    if values.dtype.kind not in "UOT" or values.ndim != 1:
        return labels, ()
    there = np.array([isinstance(value, str) for value in values.tolist()])
    lacking = [value for value in values[~there].tolist() if value is not None and value == value]
    if lacking or not there.any():  # numbers and others are looked at elsewhere
        return labels, ()
    names, numbers = np.unique(values[there].astype(str), return_inverse=True)
    classes = np.full(len(values), -1, dtype=np.int64)
    classes[there] = numbers
    return classes, tuple(names.tolist())


def class_of(condition: Any, names: Sequence[str]) -> Any:
    """The number of a class that is called by its name; numbers as they are.

    Raises:
        UserError: No class is called so.
    """
    if not isinstance(condition, str):
        return condition
    if condition in names:
        return list(names).index(condition)
    if condition.isdigit() and not names:
        return int(condition)
    known = ", ".join(names) if names else "numbered only"
    raise UserError(f"condition: there is no class {condition!r}; classes are {known}" + suggestion(condition, names))
