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
NEARLY_ALL, MOST = 0.9, 0.6
"""A term holds for this share of the region's rows or more; where none does, for the smaller one."""
TELLING = 0.55
"""And for this part of that share of all rows at most."""


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

    def of(self, rows: torch.Tensor) -> tuple[float, dict[str, Any]]:
        """Which share of the region's rows the terms hold for, each, and the terms, those that tell most.

        They are values in a list, or a range in a tuple, by column; empty if no column tells.
        """
        inside = torch.zeros(len(self.frame), dtype=torch.bool)
        inside[rows.cpu()] = True
        mask = inside.numpy()
        for covered in (NEARLY_ALL, MOST):
            found = []
            for column in self.columns:
                term, holds = _term(column, self.frame[column.name], mask, covered)
                share = float(holds.mean())
                if term is not None and holds[mask].mean() >= covered and share <= TELLING * holds[mask].mean():
                    found.append((share, str(column.name), term))
            if found:
                best = sorted(found, key=lambda each: each[0])[:MOST_TERMS]
                ordered = sorted(best, key=lambda each: isinstance(each[2], tuple))
                return covered, {name: term for _, name, term in ordered}
        return 0.0, {}

    def told(self, rows: torch.Tensor) -> str:
        """The terms as a reader has them: ``clarity = I1, carat from 1.2 to 2.1``; empty if no column tells."""
        covered, terms = self.of(rows)
        said = ", ".join(
            f"{name} from {_short(term[0])} to {_short(term[1])}"
            if isinstance(term, tuple)
            else f"{name} = {' or '.join(map(_short, term))}"
            for name, term in terms.items()
        )
        return f"mostly {said}" if terms and covered < NEARLY_ALL else said

    def as_json(self, rows: torch.Tensor) -> dict[str, Any]:
        """The same for JSON: ranges as ``{"from": ..., "to": ...}``."""
        return {
            name: {"from": _plain(term[0]), "to": _plain(term[1])}
            if isinstance(term, tuple)
            else [_plain(value) for value in term]
            for name, term in self.of(rows)[1].items()
        }


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, str | int | float | bool) else str(value)


def _term(column: Column, series: pd.Series, inside: Any, covered: float) -> tuple[Any, Any]:
    """The values that most of the region's rows have, or the range that they span, and where it holds."""
    own = series[inside]
    if column.kind is Kind.CATEGORY or own.isna().mean() > 1 - covered:
        counts = own.astype(object).where(own.notna(), "missing").value_counts(normalize=True)
        few = (counts.cumsum() < covered).sum() + 1
        if few > MOST_VALUES:
            return None, inside
        values = counts.index[:few].tolist()
        return values, series.astype(object).where(series.notna(), "missing").isin(values).to_numpy()
    tail = (1 - covered) / 4
    low, high = own.quantile(tail, interpolation="nearest"), own.quantile(1 - tail, interpolation="nearest")
    return (low, high), ((series >= low) & (series <= high)).fillna(False).to_numpy(dtype=bool)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text.removesuffix(" 00:00:00")
