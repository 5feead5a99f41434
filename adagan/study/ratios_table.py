"""The table of ``adagan study ratios``: estimated log ratios beside the true ones, one line per world and critic."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from rich.table import Table

from adagan.study.task import Row


def ratios_table(rows: Sequence[Row]) -> Table:
    """A rich table of one line per world and critic.

    Columns: KL(data ‖ model) in nats, truly and by the estimate (mean, least and largest over seeds); the error of the
    log ratio at data points (root mean square); the share of points that are wrong by more than a nat and a tenth of
    the truth; the expected calibration error; E_data[u], 1 for the true ratio; CPU seconds.
    """
    table = Table(title=f"log density ratios: means over {len({row['seed'] for row in rows})} seeds")
    for name in ("world", "critic"):
        table.add_column(name)
    for name in ("true nats", "estimate", "least", "largest", "error", "wrong", "ECE", r"E\[u]", "CPU s"):
        table.add_column(name, justify="right")
    good = [row for row in rows if not row.get("failure")]
    last = None
    for line in dict.fromkeys((row["dataset"], row["method"]) for row in good):
        own = [row for row in good if (row["dataset"], row["method"]) == line]
        if last not in (None, line[0]):
            table.add_section()
        last = line[0]
        estimates = [row["estimate"] for row in own]
        nats = (_mean(own, "truth"), mean(estimates), min(estimates), max(estimates))
        others = (f"{_mean(own, key):{form}}" for key, form in OTHERS.items())
        table.add_row(*line, *(f"{value:.2f}" for value in nats), *others)
    return table


OTHERS = {"error": ".2f", "wrong": ".3f", "calibration": ".3f", "mean_ratio": ".2g", "cpu_seconds": ".1f"}
"""The columns after those in nats: a row's key and how its mean is written."""


def _mean(rows: Sequence[Row], key: str) -> float:
    return float(mean(row[key] for row in rows))
