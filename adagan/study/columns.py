"""The columns of a study's tables: what stands above them, how a number is written, and when two of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, median, variance

from adagan.study.cells import ORACLE
from adagan.study.task import Row

NOTHING = "–"
STANDARD_ERRORS = 2.0
BETTER, WORSE, PERHAPS_BETTER, PERHAPS_WORSE = "▲", "▼", "△", "▽"


@dataclass(frozen=True)
class Column:
    """A quantity in a table.

    Attributes:
        title: Above its cells.
        form: Of one number.
        sign: 1 where more is better, −1 where less is, 0 where boosted and bare are not compared.
        scale: By which values are multiplied.
        level: Whether it is a probability under a perfect model, of which the median is shown.
        price: Whether it is what an answer cost; the oracle has none.
    """

    title: str
    form: str
    sign: int = 0
    scale: float = 1.0
    level: bool = False
    price: bool = False


LABEL_FREE = {
    "coverage": Column("coverage ↑", "{:.3f}", 1),
    "precision": Column("precision ↑", "{:.3f}", 1),
    "c2st_auc": Column("C2ST AUC ↓", "{:.3f}", -1),
    "c2st_level": Column("level", "{:.3f}", level=True),
    "mmd": Column("MMD²·10³ ↓", "{:.2f}", -1, 1e3),
}
OF_METHODS = {
    "modes": Column("modes", "{:.1f}"),
    "modes_strict": Column("strict", "{:.1f}", 1),
    "high_quality": Column("≤ 3 std", "{:.3f}", 1),
    "forward_kl": Column("forward KL", "{:.3f}", -1),
    "reverse_kl": Column("reverse KL", "{:.3f}", -1),
    "smallest_share": Column("smallest", "{:.2f}", 1),
    "spread": Column("spread", "{:.2f}"),
    "sliced_wasserstein": Column("sliced W₂", "{:.3f}", -1),
    "core_quality": Column("Q", "{:.3f}", 1),
    "data_coverage": Column("C", "{:.3f}"),
    "log_likelihood": Column("log-lik.", "{:.3f}", 1),
    "modes_at_all": Column("argmax modes", "{:.0f}"),
    "minority_share": Column("minority", "{:.2f}"),
    **LABEL_FREE,
    "missing": Column("missing ↓", "{:.3f}", -1),
    "column_distance": Column("columns ↓", "{:.3f}", -1),
    "pair_distance": Column("pairs ↓", "{:.3f}", -1),
    "rare_share": Column("rare ↑", "{:.2f}", 1),
    "efficacy": Column("learnt ↑", "{:.3f}", 1),
    "copy_nearer": Column("nearer", "{:.3f}"),
    "copy_exact": Column("copies ↓", "{:.3f}", -1),
    "train_cpu_seconds": Column("CPU s", "{:.0f}", price=True),
    "sample_cpu_seconds_per_million": Column("CPU s/10⁶", "{:.1f}", price=True),
}
OF_KINDS = {
    "modes_strict": Column("modes ↑", "{:.1f}", 1),
    "high_quality": Column("near modes ↑", "{:.3f}", 1),
    "forward_kl": Column("KL of modes ↓", "{:.3f}", -1),
    "smallest_share": Column("smallest ↑", "{:.2f}", 1),
    **LABEL_FREE,
    "train_cpu_seconds": Column("CPU s", "{:.1f}", price=True),
    "sample_cpu_seconds_per_million": Column("CPU s/10⁶ samples", "{:.0f}", price=True),
}


def present(columns: Mapping[str, Column], rows: Sequence[Row]) -> dict[str, Column]:
    """The columns that some row has a value for."""
    return {key: column for key, column in columns.items() if any(row.get(key) is not None for row in rows)}


def values(rows: Sequence[Row], key: str, column: Column) -> list[float]:
    """Those that rows have."""
    priced = [row for row in rows if not (column.price and row["method"] == ORACLE)]
    return [row[key] for row in priced if row.get(key) is not None]


def cell(numbers: Sequence[float], column: Column) -> str:
    """Mean and standard deviation over seeds."""
    if not numbers:
        return NOTHING
    scaled = [column.scale * number for number in numbers]
    if column.level:
        return column.form.format(median(scaled))
    spread = f" ({column.form.format(sqrt(variance(scaled)))})" if len(scaled) > 1 else ""
    return column.form.format(mean(scaled)) + spread


def mark(boosted: Sequence[float], bare: Sequence[float], column: Column) -> str:
    """Whether boosted numbers are better than bare ones or worse, and how clearly; nothing where they look the same."""
    if not column.sign or not boosted or not bare:
        return ""
    shown = [column.form.format(column.scale * mean(of)) for of in (boosted, bare)]
    if shown[0] == shown[1]:
        return ""
    better = column.sign * (mean(boosted) - mean(bare)) > 0
    if is_clear(boosted, bare):
        return f" **{BETTER if better else WORSE}**"
    return f" {PERHAPS_BETTER if better else PERHAPS_WORSE}"


def is_clear(numbers: Sequence[float], others: Sequence[float]) -> bool:
    """Whether two means differ by more than `STANDARD_ERRORS`; never where there is one seed only."""
    if min(len(numbers), len(others)) < 2:
        return False
    error = sqrt(variance(numbers) / len(numbers) + variance(others) / len(others))
    return abs(mean(numbers) - mean(others)) > STANDARD_ERRORS * error
