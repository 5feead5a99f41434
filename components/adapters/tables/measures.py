"""The values of a column as numbers that lose nothing, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.dates import as_dates
from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

Numbers = NDArray[Any]
"""Whole numbers, int64 or Python's, or float64."""
MISSING: dict[str, Any] = {"None": None, "nan": float("nan")}
LARGEST = 1e150
"""Numbers beyond it have no square, and so no deviation, in double precision."""


def measured(series: pd.Series, column: Column) -> Numbers:
    """The values that are there, shape (M,): whole numbers, dates and durations exactly, others as float64.

    Raises:
        ValueError: They are no numbers, dates or durations, or infinite.
    """
    import pandas as pd

    there = series[series.notna()]
    if column.kind is Kind.DATE:
        return _counts(as_dates(there, column.format, column.name), column.unit)
    if column.kind is Kind.DURATION:
        return _counts(pd.to_timedelta(there), column.unit)
    try:
        if column.holds == "int" or (not column.holds and pd.api.types.is_integer_dtype(series.dtype)):
            whole = [int(value) for value in there.tolist()] if column.holds else there.to_numpy(dtype=object)
            return np.array(whole, dtype=object if len(whole) and max(map(abs, whole)) >= 2**63 else np.int64)
        values: NDArray[np.float64] = there.astype(object).to_numpy().astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"frame: column {column.name!r} is of numbers, got {series.dtype}: {error}") from error
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise UserError(
            f"frame: column {column.name!r} has {bad} of {len(series)} numbers infinite; make them missing, or drop "
            "these rows"
        )
    if len(values) and np.abs(values).max() > LARGEST:
        raise UserError(
            f"frame: column {column.name!r} has {np.abs(values).max():.3g}; expected numbers up to {LARGEST:g}; divide "
            "it by a power of ten, or take its logarithm"
        )
    return values


def _counts(series: pd.Series, unit: str) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = (series.dt.as_unit(unit) if unit else series).astype("int64").to_numpy()
    return counts


def unit_of(series: pd.Series, column: Column) -> str:
    """In what `measured` counts dates and durations: ns, us, ms or s."""
    import pandas as pd

    there = series[series.notna()]
    if column.kind is Kind.DATE:
        return str(as_dates(there, column.format, column.name).dt.unit)
    return str(pd.to_timedelta(there).dt.unit)


def objects(series: pd.Series) -> list[Any]:
    """Categories as Python's objects; of pandas' categorical columns the codes."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        codes: list[Any] = series.cat.codes.tolist()
        return codes
    values: list[Any] = series.astype(object).tolist()
    return values


def restored(column: Column, states: NDArray[np.int64], magnitudes: NDArray[np.float64]) -> pd.Series:
    """The column of rows in these states, with these magnitudes where they are ordinary, with its name and dtype.

    Args:
        column: What to restore.
        states: Shape (N,).
        magnitudes: Shape (N,); NaN or anything in other states.
    """
    import pandas as pd

    missing = (states == column.missing_state) if column.lacking else np.zeros(len(states), dtype=bool)
    if column.kind is Kind.CATEGORY:
        return _categories(column, states, missing)
    if column.values:
        frequent = np.append(np.array(column.values, dtype=np.float64), np.nan)[np.minimum(states, len(column.values))]
        magnitudes = np.where(states < len(column.values), frequent, magnitudes)
    magnitudes = np.where(missing, column.low, magnitudes)
    whole = column.kind is not Kind.NUMBER or column.holds == "int" or _is_whole(column.dtype)
    if not whole:
        numbers: Any = magnitudes
    elif abs(column.origin) < 2**62:
        numbers = np.rint(magnitudes).astype(np.int64) * column.step + column.origin
    else:
        numbers = np.array([int(value) + column.origin for value in np.rint(magnitudes)], dtype=object)
    series = pd.Series(numbers, name=column.name)
    if column.kind is Kind.DATE:
        return _dates(column, series.astype(f"datetime64[{column.unit}]"), missing)
    if column.kind is Kind.DURATION:
        lengths = series.astype(f"timedelta64[{column.unit}]").mask(missing)
        if column.holds == "Timedelta":
            return _of_objects(column, list(lengths), missing)
        return lengths.astype(str).mask(missing).astype(column.dtype) if column.holds else lengths.astype(column.dtype)
    if column.holds:
        make: Any = {"int": int, "Decimal": lambda value: _decimal(value, column)}.get(column.holds, float)
        return _of_objects(column, [make(value) for value in numbers], missing)
    if missing.any():
        if isinstance(column.dtype, np.dtype):
            return series.astype(np.float64).mask(missing).astype(column.dtype)
        return series.astype(column.dtype).mask(missing)
    return series.astype(column.dtype)


def _categories(column: Column, states: NDArray[np.int64], missing: NDArray[np.bool_]) -> pd.Series:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = np.array([*column.values, -1], dtype=np.int64)[np.minimum(states, len(column.values))]
        return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype), name=column.name)
    values = np.empty(len(column.values) + 1, dtype=object)
    values[:-1] = column.values
    content = values[np.minimum(states, len(column.values))]
    if column.holds or pd.api.types.is_object_dtype(column.dtype):
        return _of_objects(column, list(content), missing)
    if not missing.any() or pd.api.types.is_string_dtype(column.dtype) or not isinstance(column.dtype, np.dtype):
        return pd.Series(content, name=column.name, dtype=object).astype(column.dtype)
    return pd.Series(content, name=column.name, dtype=object).astype(np.float64).astype(column.dtype)


def _dates(column: Column, series: pd.Series, missing: NDArray[np.bool_]) -> pd.Series:
    zone = getattr(column.dtype, "tz", None)
    if column.format:
        text = series.dt.tz_localize("UTC" if "%z" in column.format else None).dt.strftime(column.format)
        return _of_objects(column, text.tolist(), missing).astype(column.dtype)
    if column.holds == "date":
        return _of_objects(column, series.dt.date.tolist(), missing)
    if column.holds == "datetime":
        return _of_objects(column, [value.to_pydatetime() for value in series], missing)
    if column.holds:
        return _of_objects(column, list(series), missing)
    if zone is not None:
        series = series.dt.tz_localize(zone, ambiguous=np.ones(len(series), dtype=bool), nonexistent="shift_forward")
    return series.mask(missing).astype(column.dtype)


def _of_objects(column: Column, values: Sequence[Any], missing: NDArray[np.bool_]) -> pd.Series:
    import pandas as pd

    content = np.empty(len(values), dtype=object)
    content[:] = values
    content[missing] = MISSING.get(column.lacking, pd.NA)
    return pd.Series(content, name=column.name, dtype=object).astype(column.dtype)


def _decimal(value: float, column: Column) -> Decimal:
    return Decimal(repr(value)) if column.decimals is None else Decimal(f"{value:.{column.decimals}f}")


def _is_whole(dtype: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_integer_dtype(dtype))


def kind_of_objects(values: Sequence[Any]) -> str:
    """What they all are: a name that `Column.holds` knows, or the names of their types."""
    import pandas as pd

    kinds = {type(value) for value in values}
    if kinds <= {int, float, np.int64, np.float64, np.int32, np.float32} and kinds:
        return "int" if kinds <= {int, np.int64, np.int32} else "float"
    if kinds <= {bool, np.bool_} and kinds:
        return "bool"
    if kinds <= {pd.Timestamp, datetime} and any(value.tzinfo is not None for value in values):
        return "dates with a time zone as objects"
    known = {
        pd.Timestamp: "Timestamp",
        datetime: "datetime",
        date: "date",
        pd.Timedelta: "Timedelta",
        Decimal: "Decimal",
    }
    if len(kinds) == 1 and (only := next(iter(kinds))) in known:
        return known[only]
    return "str" if kinds <= {str} else " and ".join(sorted(kind.__name__ for kind in kinds))
