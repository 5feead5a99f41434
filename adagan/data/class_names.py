"""Labels that are names: numbered for components, and asked for by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.labels import FEW_CLASSES, UNLABELLED
from adagan.mixtures.errors import UserError
from adagan.suggestions import suggestion


def numbered(labels: Any) -> tuple[Any, tuple[str, ...]]:
    """Text labels as whole numbers in the order of the names, missing ones −1, and the names; others as they are.

    Whole numbers that are no classes, as they leave large gaps, are names too, in their order: ids, years.

    Args:
        labels: Shape (N,).
    """
    values = labels.detach().cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    if values.dtype.kind in "iu" and values.ndim == 1 and _have_gaps(values):
        known = values != UNLABELLED if values.dtype.kind == "i" else np.ones(len(values), dtype=np.bool_)
        ids, numbers = np.unique(values[known], return_inverse=True)
        classes = np.full(len(values), UNLABELLED, dtype=np.int64)
        classes[known] = numbers
        return classes, tuple(map(str, ids.tolist()))
    if isinstance(labels, Tensor):
        return labels, ()
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


def _have_gaps(values: NDArray[np.integer[Any]]) -> bool:
    return len(values) > 0 and int(values.min()) >= UNLABELLED and int(values.max()) >= max(len(values), FEW_CLASSES)


def class_of(condition: Any, names: Sequence[str]) -> Any:
    """The number of a class that is called by its name, or by its own number where the names are such; others as it is.

    Raises:
        UserError: No class is called so.
    """
    if isinstance(condition, int) and not isinstance(condition, bool) and names and all(map(_is_number, names)):
        condition = str(condition)
    if not isinstance(condition, str):
        return condition
    if condition in names:
        return list(names).index(condition)
    if condition.isdigit() and not names:
        return int(condition)
    known = ", ".join(names) if names else "numbered only"
    raise UserError(f"condition: there is no class {condition!r}; classes are {known}" + suggestion(condition, names))


def _is_number(name: str) -> bool:
    return name.isdigit()
