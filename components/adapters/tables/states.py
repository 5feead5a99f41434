"""The states of a table's values, by which they are learnt: categories, missing, frequent numbers, ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.inference import magnitudes_of
from adagan.components.adapters.tables.measures import measured, objects
from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]


def states_of(column: Column, series: pd.Series) -> NDArray[np.int64]:
    """The state of every value, shape (N,).

    Raises:
        UserError: A value is missing where none was, or a category was never seen.
    """
    there = series.notna().to_numpy()
    if not there.all() and not column.lacking:
        raise UserError(f"frame: column {column.name!r} has missing values, of which the encoding has seen none")
    states = np.full(len(series), column.missing_state, dtype=np.int64)
    find = _categories if column.kind is Kind.CATEGORY else _kinds_of_numbers
    states[there] = find(column, series, there)
    return states


def ordinary_magnitudes(column: Column, series: pd.Series) -> NDArray[np.float64]:
    """The magnitude of every value in the ordinary state, NaN for the others, shape (N,)."""
    found = np.full(len(series), np.nan)
    values = magnitudes_of(measured(series, column), column)
    found[series.notna().to_numpy()] = np.where(np.isin(values, column.values), np.nan, values)
    return found


def _categories(column: Column, series: pd.Series, there: NDArray[np.bool_]) -> list[int]:
    known = {value: state for state, value in enumerate(column.values)}
    categories = objects(series[there])
    unseen = [value for value in categories if value not in known]
    if unseen:
        raise UserError(
            f"frame: column {column.name!r} holds {_shown(column, unseen[0])!r}, which the encoding has not "
            "seen; make the encoding of a table with every category"
        )
    return [known[value] for value in categories]


def _kinds_of_numbers(column: Column, series: pd.Series, there: NDArray[np.bool_]) -> NDArray[np.int64]:
    values = magnitudes_of(measured(series, column), column)
    found = np.full(len(values), column.ordinary_state, dtype=np.int64)
    for state, value in enumerate(column.values):
        found[values == value] = state
    return found


def _shown(column: Column, value: Any) -> Any:
    categories = getattr(column.dtype, "categories", None)
    return value if categories is None else categories[value]
