"""Each column of a table: how far the samples' values are from the data's, and what became of rare categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.dates import as_dates
from adagan.quality.score import Score, kolmogorov_smirnov, score_of_counts, total_variation

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

RARE = 0.05
"""A category with a smaller share of the data is rare."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class ColumnQuality:
    """One column.

    Attributes:
        column: Its record.
        score: Kolmogorov and Smirnov's distance of numbers, dates and durations, the total variation of categories;
            of the values that are not missing. ``None`` where one side has none.
        missing: The shares of missing values in data and samples.
    """

    column: Column
    score: Score | None
    missing: tuple[float, float]


@dataclass(frozen=True)
class RareCategory:
    """A category that few rows of the data have.

    Attributes:
        column: Its column's name.
        value: The category.
        in_data: Its share of the data; on average also that of a perfect model's samples.
        in_samples: Its share of the samples.
        data_interval: The 95 % interval of the first, by Clopper and Pearson.
        samples_interval: Of the second.
    """

    column: str | int
    value: Any
    in_data: float
    in_samples: float
    data_interval: Interval
    samples_interval: Interval

    @property
    def is_short(self) -> bool:
        """Whether the samples have clearly less of it."""
        return self.samples_interval[1] < self.data_interval[0]


def column_quality(column: Column, seen: pd.Series, drawn: pd.Series, generator: np.random.Generator) -> ColumnQuality:
    """Compares a column of the data with that of the samples."""
    missing = float(seen.isna().mean()), float(drawn.isna().mean())
    values = [ordered(column, series.dropna()) for series in (seen, drawn)]
    if not all(map(len, values)):
        return ColumnQuality(column, None, missing)
    in_data, in_samples = counted(*values)
    distance = total_variation if column.kind is Kind.CATEGORY else kolmogorov_smirnov
    return ColumnQuality(column, score_of_counts(distance, in_data, in_samples, generator), missing)


def rare_categories(column: Column, seen: pd.Series, drawn: pd.Series) -> list[RareCategory]:
    """The rare categories of a column, the rarest first."""
    if column.kind is not Kind.CATEGORY:
        return []
    in_data, in_samples = (series.astype(object).value_counts() for series in (seen, drawn))
    found = []
    for value, count in in_data[in_data < RARE * len(seen)].items():
        drawn_count = int(in_samples.get(value, 0))
        found.append(
            RareCategory(
                column.name,
                value,
                in_data=int(count) / len(seen),
                in_samples=drawn_count / len(drawn),
                data_interval=share_interval(int(count), len(seen)),
                samples_interval=share_interval(drawn_count, len(drawn)),
            )
        )
    return sorted(found, key=lambda each: each.in_data)


def share_interval(count: int, size: int) -> Interval:
    """The 95 % interval of a share, by Clopper and Pearson."""
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    found = binomtest(count, size).proportion_ci(0.95)
    return float(found.low), float(found.high)


def ordered(column: Column, series: pd.Series) -> pd.Series:
    """The values that are there as something that has an order, or as text where they are categories."""
    import pandas as pd

    if column.kind is Kind.CATEGORY:
        return series.astype(object).astype(str)
    if column.kind is Kind.DATE:
        return as_dates(series, column.format, column.name)
    return pd.to_timedelta(series) if column.kind is Kind.DURATION else series.astype(float)


def counted(seen: pd.Series, drawn: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many rows of either have each of the values that there are, in their order."""
    pooled = np.concatenate([np.asarray(seen), np.asarray(drawn)])
    _, codes = np.unique(pooled, return_inverse=True)
    size = int(codes.max()) + 1
    first, second = np.bincount(codes[: len(seen)], minlength=size), np.bincount(codes[len(seen) :], minlength=size)
    return first.astype(np.int64), second.astype(np.int64)
