"""The table of ``adagan study missing``: estimates beside the truth, one line per estimator, world and seed's mean."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from rich.table import Table

from adagan.study.columns import NOTHING
from adagan.study.task import Row


def missing_table(rows: Sequence[Row]) -> Table:
    """A rich table of one line per family, change, loss and method.

    Columns: the true missing mass; the estimate's mean, least and largest over seeds; in how many seeds the interval
    holds the truth, or lies below it, as a lower bound may; the AUC of the log ratio for lost points; the share of lost
    points that are named, and of others among the named; CPU seconds.
    """
    table = Table(title=f"missing mass: means over {len({row['seed'] for row in rows})} seeds")
    for name in ("data", "change", "missing", "method"):
        table.add_column(name)
    for name in ("truth", "estimate", "least", "largest", "holds", "AUC", "named", "others", "CPU s"):
        table.add_column(name, justify="right")
    good = [row for row in rows if not row.get("failure")]
    lines = dict.fromkeys((row["dataset"], row["change"], row["loss"], row["method"]) for row in good)
    last = None
    for line in lines:
        own = [row for row in good if (row["dataset"], row["change"], row["loss"], row["method"]) == line]
        if last not in (None, line[0]):
            table.add_section()
        last = line[0]
        estimates = [row["estimate"] for row in own]
        holds = sum(row["low"] <= row["truth"] for row in own)
        numbers = [mean(row["truth"] for row in own), mean(estimates), min(estimates), max(estimates)]
        shares = [_mean(own, key) for key in ("ratio_auc", "named", "named_others")]
        price = f"{mean(row['cpu_seconds'] for row in own):.1f}"
        table.add_row(*line, *(f"{value:.4f}" for value in numbers), f"{holds} of {len(own)}", *shares, price)
    return table


def _mean(rows: Sequence[Row], key: str) -> str:
    values = [row[key] for row in rows if row.get(key) is not None]
    return f"{mean(values):.2f}" if values else NOTHING
