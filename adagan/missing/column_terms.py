"""A region of a table in the words of its columns: the values and ranges that its rows share and others do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.dates import as_dates
from adagan.components.adapters.tables.table_encoding import TableEncoding

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MOST_TERMS = 3
MOST_VALUES = 3
COVERED = 0.9
"""A term holds for this share of the region's rows or more."""
TELLING = 0.5
"""And for this share of all rows at most."""


class ColumnTerms:
    """The terms of one table.

    Args:
        points: Its encoded rows, shape (N, D).
        encoding: What they mean.
    """

    def __init__(self, points: torch.Tensor, encoding: TableEncoding) -> None:
        self.frame = encoding.decode(points)
        if encoding.has_index:
            self.frame = self.frame.reset_index()
        for column in encoding.columns:
            if column.format:
                self.frame[column.name] = as_dates(self.frame[column.name], column.format, column.name)
        self.columns = [column for column in encoding.columns if column.kind is not Kind.IDENTIFIER]

    def of(self, rows: torch.Tensor) -> dict[str, Any]:
        """Values in a list, or a range in a tuple, by column, those that tell most; empty if no column tells."""
        inside = torch.zeros(len(self.frame), dtype=torch.bool)
        inside[rows.cpu()] = True
        mask = inside.numpy()
        found = []
        for column in self.columns:
            term, holds = _term(column, self.frame[column.name], mask)
            share = float(holds.mean())
            if term is not None and holds[mask].mean() >= COVERED and share <= TELLING:
                found.append((-share, str(column.name), term))
        best = sorted(found, key=lambda each: -each[0])[:MOST_TERMS]
        return {name: term for _, name, term in sorted(best, key=lambda each: isinstance(each[2], tuple))}

    def as_json(self, rows: torch.Tensor) -> dict[str, Any]:
        """The same for JSON: ranges as ``{"from": ..., "to": ...}``."""
        return {
            name: {"from": _plain(term[0]), "to": _plain(term[1])}
            if isinstance(term, tuple)
            else [_plain(value) for value in term]
            for name, term in self.of(rows).items()
        }


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, str | int | float | bool) else str(value)


def _term(column: Column, series: pd.Series, inside: Any) -> tuple[Any, Any]:
    """The values that most of the region's rows have, or the range that they span, and where it holds."""
    own = series[inside]
    if column.kind is Kind.CATEGORY or own.isna().mean() > 1 - COVERED:
        counts = own.astype(object).where(own.notna(), "missing").value_counts(normalize=True)
        few = (counts.cumsum() < COVERED).sum() + 1
        if few > MOST_VALUES:
            return None, inside
        values = counts.index[:few].tolist()
        return values, series.astype(object).where(series.notna(), "missing").isin(values).to_numpy()
    low, high = own.quantile(0.025, interpolation="nearest"), own.quantile(0.975, interpolation="nearest")
    return (low, high), ((series >= low) & (series <= high)).fillna(False).to_numpy(dtype=bool)


def told(terms: dict[str, Any]) -> str:
    """The terms as a reader has them: ``clarity = I1, carat from 1.2 to 2.1``."""
    return ", ".join(
        f"{name} from {_short(term[0])} to {_short(term[1])}"
        if isinstance(term, tuple)
        else f"{name} = {' or '.join(map(_short, term))}"
        for name, term in terms.items()
    )


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text.removesuffix(" 00:00:00")
