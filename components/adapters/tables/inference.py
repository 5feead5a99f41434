"""What a column's values are, by their dtype and by a look at them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.dates import DURATION, format_of, step_of
from adagan.components.adapters.tables.measures import Numbers, kind_of_objects, measured, objects, unit_of
from adagan.mixtures.errors import UserError, UserTypeError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MAX_CATEGORIES = 1_000
"""Text with more different values than this is an identifier, unless the user says otherwise."""
MANY_CATEGORIES = 100
"""More than these are told of: each is an entry of the vectors."""
FREQUENT = 0.1
"""A number that holds this share of a column with many others is a state of its own, such as 0."""
FEW = 30
"""Columns of so many different numbers or fewer have no such states."""
LARGEST_SKEWNESS = 2.0
ENOUGH = 20
"""Rows from which on a look at all values tells something."""
CALLED_IDENTIFIER = re.compile(r"(^|[_\s.-])(?i:id|uuid|guid|key|index|rowid)$|[a-z]I[dD]$")


def column_of(series: pd.Series, said: Any = None) -> Column:
    """The column of these values.

    Args:
        series: The values.
        said: What the user says of them: a `Kind`, or its name, ``"date:%d.%m.%Y"`` for how dates are written; ``None``
            leaves it to a look at them.

    Raises:
        TypeError, ValueError: What it holds is of another kind than it should be, or of none that is known.
    """
    name = series.name
    if isinstance(name, np.integer):
        name = int(name)
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise UserTypeError(f"frame: expected columns called by text or whole numbers, got {name!r}; rename it")
    wish, form = _wish(name, said)
    there = series[series.notna()]
    column = _first_look(replace(Column(name, Kind.CATEGORY, series.dtype), format=form), there, wish)
    if len(there) < len(series):
        column = replace(column, lacking=_marker(series))
    if wish is None and column.kind is not Kind.IDENTIFIER and _looks_like_identifier(column, there):
        column = replace(column, kind=Kind.IDENTIFIER)
    if column.kind is Kind.IDENTIFIER:
        return _numbered(column, there)
    if column.kind is Kind.CATEGORY:
        return replace(column, values=_categories(column, there))
    return _with_magnitudes(column, series) if len(there) else replace(column, kind=Kind.CATEGORY)


def _wish(name: str | int, said: Any) -> tuple[Kind | None, str]:
    if said is None:
        return None, ""
    word, _, form = str(said).partition(":")
    try:
        kind = Kind({"text": "category", "float": "number", "int": "number", "id": "identifier"}.get(word, word))
    except ValueError:
        known = ", ".join(Kind)
        raise UserError(
            f"columns: {name!r} is said to be {said!r}; expected one of {known}, or date:%d.%m.%Y"
        ) from None
    return kind, form


def _first_look(column: Column, there: pd.Series, wish: Kind | None) -> Column:
    """The kind that the dtype, what the objects are, and the user say; refused where they contradict each other."""
    import pandas as pd

    types, dtype = pd.api.types, there.dtype
    kind, holds, form = Kind.NUMBER, "", column.format
    if isinstance(dtype, pd.CategoricalDtype) or types.is_bool_dtype(dtype):
        kind = Kind.CATEGORY
    elif types.is_datetime64_any_dtype(dtype):
        kind = Kind.DATE
    elif types.is_timedelta64_dtype(dtype):
        kind = Kind.DURATION
    elif types.is_object_dtype(dtype) or types.is_string_dtype(dtype):
        holds = kind_of_objects(there.tolist()) if types.is_object_dtype(dtype) else "str"
        kinds = {"int": Kind.NUMBER, "float": Kind.NUMBER, "Decimal": Kind.NUMBER, "bool": Kind.CATEGORY}
        kinds |= {
            "date": Kind.DATE,
            "datetime": Kind.DATE,
            "Timestamp": Kind.DATE,
            "Timedelta": Kind.DURATION,
            "str": Kind.CATEGORY,
        }
        if holds not in kinds:
            raise UserTypeError(
                f"frame: column {column.name!r} holds {holds}; expected values of one type: text, numbers, booleans, "
                "dates or durations; convert it first, such as by astype(str), or drop it"
            )
        kind = kinds[holds]
        if holds == "str" and len(there) and wish in (None, Kind.DATE, Kind.DURATION):
            form = form or format_of(there) if wish is not Kind.DURATION else ""
            if form or wish is Kind.DATE:
                kind = Kind.DATE
            elif there.astype(str).str.fullmatch(DURATION).all():
                kind = Kind.DURATION
    elif not types.is_numeric_dtype(dtype) or types.is_complex_dtype(dtype):
        raise UserTypeError(
            f"frame: column {column.name!r} is of dtype {dtype}; expected numbers, booleans, text, categories, dates "
            "or durations; convert it, or drop it"
        )
    if wish not in (None, kind, Kind.IDENTIFIER, Kind.CATEGORY) or (
        wish is Kind.CATEGORY and kind in (Kind.DATE, Kind.DURATION) and holds != "str"
    ):
        shown = repr(there.iloc[0]) if len(there) else "nothing"
        raise UserError(f"columns: {column.name!r} is said to be {wish}, but holds {shown} of dtype {dtype}")
    kind = wish or kind
    return replace(column, kind=kind, holds=holds, format=form if kind is Kind.DATE else "")


def _marker(series: pd.Series) -> str:
    import pandas as pd

    if not pd.api.types.is_object_dtype(series.dtype):
        return "nan"
    value = series[series.isna()].iloc[0]
    return "None" if value is None else "NA" if value is pd.NA else "nan"


def _looks_like_identifier(column: Column, there: pd.Series) -> bool:
    if len(there) < ENOUGH or column.kind in (Kind.DATE, Kind.DURATION) or column.holds == "bool":
        return False
    different = there.nunique()
    if column.kind is Kind.CATEGORY:
        text = column.holds == "str"
        return text and (
            different > MAX_CATEGORIES
            or (different > MANY_CATEGORIES / 2 and different > len(there) / 2)
            or different == len(there)
        )
    if different < len(there):
        return False
    values = measured(there, column)
    if values.dtype.kind == "f":
        return False
    called = CALLED_IDENTIFIER.search(str(column.name)) is not None
    return called or int(values.max()) - int(values.min()) == len(values) - 1


def _numbered(column: Column, there: pd.Series) -> Column:
    """An identifier; numbers that are made anew go on after the largest."""
    if column.holds in ("", "int") and there.dtype.kind != "b" and not hasattr(there.dtype, "categories"):
        values = measured(there, replace(column, kind=Kind.NUMBER))
        return replace(column, origin=int(values.max()) if len(values) else 0, lacking="")
    return replace(column, lacking="")


def _categories(column: Column, there: pd.Series) -> tuple[Any, ...]:
    values = set(objects(there))
    if column.holds not in ("", "str", "int", "float", "bool"):
        raise UserTypeError(
            f"frame: column {column.name!r} holds {column.holds}; categories are all text, all numbers or all booleans"
        )
    if len(values) > MAX_CATEGORIES:
        raise UserError(
            f"frame: column {column.name!r} has {len(values)} different values; up to {MAX_CATEGORIES} are categories; "
            f"say {{{column.name!r}: 'identifier'}} or 'drop', or group its values"
        )
    return tuple(sorted(values))


def _with_magnitudes(column: Column, series: pd.Series) -> Column:
    values = measured(series, column)
    whole = values.dtype.kind != "f"
    if column.kind in (Kind.DATE, Kind.DURATION):
        unit = unit_of(series, column)
        column = replace(column, step=step_of(values - values.min(), unit), unit=unit)
    origin = int(values.min()) if whole else 0
    magnitudes = magnitudes_of(values, replace(column, origin=origin))
    ordinary, frequent = _frequent(magnitudes)
    decimals = 0 if whole else _decimals(magnitudes, column.dtype)
    return replace(
        column,
        values=tuple(frequent),
        ordinary=len(ordinary) > 0,
        origin=origin,
        low=float(magnitudes.min()),
        high=float(magnitudes.max()),
        decimals=decimals,
        skewed=_is_skewed(ordinary),
    )


def magnitudes_of(values: Numbers, column: Column) -> NDArray[np.float64]:
    """What `measured` gave as magnitudes, shape (M,): exact for whole numbers that lie within 2^53 of each other."""
    if values.dtype.kind == "f":
        return values - float(column.origin) if column.origin else values.astype(np.float64)
    if values.dtype == object or abs(column.origin) >= 2**62:
        return np.array([int(value) - column.origin for value in values], dtype=np.float64)
    distances: NDArray[np.float64] = ((values - column.origin) // column.step).astype(np.float64)
    return distances


def _frequent(magnitudes: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[float]]:
    """The ordinary magnitudes, and the values that are states of their own."""
    values, counts = np.unique(magnitudes, return_counts=True)
    if len(values) == 1:
        return magnitudes[:0], values.tolist()
    if len(values) <= FEW:
        return magnitudes, []
    frequent = values[counts >= FREQUENT * len(magnitudes)]
    ordinary = magnitudes[~np.isin(magnitudes, frequent)]
    if len(np.unique(ordinary)) < 2:
        return magnitudes, []
    return ordinary, frequent.tolist()


def _decimals(magnitudes: NDArray[np.float64], dtype: Any) -> int | None:
    """The digits after the point that all numbers have, up to 6 and to the precision of the dtype; else ``None``."""
    largest = float(np.abs(magnitudes).max())
    precision = np.finfo(np.float32 if "32" in str(dtype) or str(dtype) == "float[pyarrow]" else np.float64).eps
    for digits in range(7):
        tolerance = 4 * precision * largest
        if 10.0**-digits < 100 * tolerance:
            return None
        if bool((np.abs(np.round(magnitudes, digits) - magnitudes) <= tolerance).all()):
            return digits
    return None


def _is_skewed(ordinary: NDArray[np.float64]) -> bool:
    if len(ordinary) < ENOUGH or len(np.unique(ordinary)) < ENOUGH / 2:
        return False
    from scipy.stats import skew  # type: ignore[import-untyped]

    return bool(abs(skew(ordinary)) > LARGEST_SKEWNESS)


def remarks(columns: Sequence[Column]) -> list[str]:
    """What the user should know of the columns before they are learnt."""
    found = []
    for column in columns:
        name = column.name
        if column.kind is Kind.IDENTIFIER:
            found.append(
                f"column {name!r} looks like an identifier: it is not learnt, and samples number it anew; say "
                f"{{{name!r}: 'number'}} or 'category' to learn it, 'drop' to leave it out"
            )
        elif column.kind is Kind.CATEGORY and len(column.values) > MANY_CATEGORIES:
            found.append(
                f"column {name!r} has {len(column.values)} categories, an entry of the vectors each; say "
                f"{{{name!r}: 'identifier'}} or 'drop' if they mean nothing, or group them"
            )
    return found
