"""Each pair of columns: whether what goes together in the data goes together in the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adagan.components.adapters.tables.column import Column, Kind
from adagan.quality.columns import ordered
from adagan.quality.score import Score

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MOST_COLUMNS = 20
"""Columns whose pairs are compared, the first ones."""
PARTS = 5
"""Parts with equally many rows into which numbers are cut where they meet categories."""
MOST_CATEGORIES = 10
"""Those of a column that are told apart, the most frequent ones; the others count as one."""
RESAMPLES = 60
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class PairQuality:
    """Two columns.

    Attributes:
        names: Theirs.
        in_data: How strongly they go together: Spearman's rank correlation of two columns that have an order, Cramér's
            V where one has none.
        in_samples: The same in the samples.
        score: The distance of the two.
    """

    names: tuple[str | int, str | int]
    in_data: float
    in_samples: float
    score: Score


def pair_quality(
    columns: Sequence[Column], seen: pd.DataFrame, drawn: pd.DataFrame, generator: np.random.Generator
) -> list[PairQuality]:
    """All pairs of the columns, those that differ most first.

    A perfect model is simulated: rows of the data, drawn twice with replacement, stand for data and samples.

    Args:
        columns: Those that are learnt; an identifier has no place here.
        seen: Rows of the data.
        drawn: Samples.
        generator: Source of the draws.
    """
    columns = list(columns)[:MOST_COLUMNS]
    coded = [_Coded.of(column, seen[column.name], drawn[column.name]) for column in columns]
    if len(coded) < 2:
        return []
    tables = [_Table.of([sides[side] for sides in coded]) for side in (0, 1)]
    data, samples = (table.associations(np.arange(len(table.ranks))) for table in tables)
    size, other = len(seen), len(drawn)
    simulated = np.stack(
        [
            np.abs(np.subtract(*(tables[0].associations(generator.integers(0, size, n)) for n in (size, other))))
            for _ in range(RESAMPLES)
        ]
    )
    found = [
        PairQuality(
            (columns[first].name, columns[second].name),
            float(data[first, second]),
            float(samples[first, second]),
            Score.beside(float(abs(data - samples)[first, second]), simulated[:, first, second]),
        )
        for first in range(len(columns))
        for second in range(first + 1, len(columns))
    ]
    return sorted(found, key=lambda pair: pair.score.limit - pair.score.value)


@dataclass(frozen=True)
class _Coded:
    """One side of a column: ranks if it has an order, and the number of the part or category that each row is in."""

    ranks: Matrix | None
    codes: NDArray[np.int64]
    size: int

    @classmethod
    def of(cls, column: Column, seen: pd.Series, drawn: pd.Series) -> tuple[_Coded, _Coded]:
        """Both sides, the parts and the categories those of the data; a missing value is a part of its own."""
        sides = [(series.notna().to_numpy(), ordered(column, series.dropna())) for series in (seen, drawn)]
        if column.kind is Kind.CATEGORY:
            known = {value: code for code, value in enumerate(sides[0][1].value_counts().index[:MOST_CATEGORIES])}
            size, of_categories = len(known) + 2, []
            for there, categories in sides:
                codes = np.array([known.get(value, len(known)) for value in categories], dtype=np.int64)
                of_categories.append(cls(None, _with_missing(there, codes, size), size))
            return of_categories[0], of_categories[1]
        values = [np.asarray(each.astype("int64") if column.kind is not Kind.NUMBER else each) for _, each in sides]
        edges = np.unique(np.quantile(values[0], np.arange(1, PARTS) / PARTS)) if len(values[0]) else np.zeros(0)
        size, made = len(edges) + 2, []
        for (there, _), each in zip(sides, values, strict=True):
            made.append(cls(_ranks(there, each), _with_missing(there, np.searchsorted(edges, each), size), size))
        return made[0], made[1]


def _with_missing(there: NDArray[np.bool_], codes: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    whole = np.full(len(there), size - 1, dtype=np.int64)
    whole[there] = codes
    return whole


def _ranks(there: NDArray[np.bool_], values: NDArray[np.float64]) -> Matrix:
    """Ranks around 0; 0 where a value is missing."""
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    whole = np.zeros(len(there))
    if len(values):
        whole[there] = rankdata(values) - (len(values) + 1) / 2
    return whole


@dataclass(frozen=True)
class _Table:
    """One side of all columns: ranks (n, c), one-hot codes (n, C), where each column's codes begin."""

    ranks: Matrix
    hot: NDArray[np.float32]
    begins: NDArray[np.int64]
    has_order: NDArray[np.bool_]

    @classmethod
    def of(cls, coded: Sequence[_Coded]) -> _Table:
        rows = np.arange(len(coded[0].codes))
        begins = np.cumsum([0, *(each.size for each in coded)])
        hot = np.zeros((len(rows), begins[-1]), dtype=np.float32)
        for begin, each in zip(begins[:-1], coded, strict=True):
            hot[rows, begin + each.codes] = 1
        ranks = [np.zeros(len(rows)) if each.ranks is None else each.ranks for each in coded]
        return cls(np.stack(ranks, axis=1), hot, begins, np.array([each.ranks is not None for each in coded]))

    def associations(self, rows: NDArray[np.int64]) -> Matrix:
        """How strongly every two columns go together in these rows, shape (c, c)."""
        ranks, hot = self.ranks[rows], self.hot[rows]
        centred = ranks - ranks.mean(axis=0)
        products, joint = centred.T @ centred, (hot.T @ hot).astype(np.float64) / len(rows)
        spread = np.sqrt(np.diag(products))
        spearman = products / np.maximum(np.outer(spread, spread), 1e-12)
        single = np.diag(joint)
        expected = np.outer(single, single)
        terms = np.divide((joint - expected) ** 2, expected, out=np.zeros_like(joint), where=expected > 0)
        chi = np.add.reduceat(np.add.reduceat(terms, self.begins[:-1], axis=0), self.begins[:-1], axis=1)
        used = np.add.reduceat(single > 0, self.begins[:-1]) - 1
        cramer = np.sqrt(chi / np.maximum(np.minimum.outer(used, used), 1))
        both = np.logical_and.outer(self.has_order, self.has_order)
        return np.asarray(np.where(both, spearman, cramer), dtype=np.float64)
