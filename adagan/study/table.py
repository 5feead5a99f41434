"""The study's table on the terminal: one line per method and sample size, mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from rich.table import Table

COLUMNS = {
    "modes": ("modes", "{:.1f}"),
    "modes_strict": ("strict", "{:.1f}"),
    "high_quality": ("≤ 3 std", "{:.3f}"),
    "forward_kl": ("forward KL", "{:.3f}"),
    "reverse_kl": ("reverse KL", "{:.3f}"),
    "smallest_share": ("smallest", "{:.2f}"),
    "spread": ("spread", "{:.2f}"),
    "sliced_wasserstein": ("sliced W₂", "{:.3f}"),
    "core_quality": ("Q", "{:.3f}"),
    "data_coverage": ("C", "{:.3f}"),
    "log_likelihood": ("log-lik.", "{:.3f}"),
    "modes_at_all": ("argmax modes", "{:.0f}"),
    "train_cpu_seconds": ("CPU s", "{:.0f}"),
    "sample_cpu_seconds_per_million": ("CPU s/10⁶", "{:.1f}"),
}


def study_table(rows: Sequence[dict[str, Any]], methods: Sequence[str]) -> Table:
    """A rich table; the oracle, what a perfect model scores, stands first.

    Columns: modes touched and modes by the protocol's count; share within three standard deviations; KL of the modes'
    histogram both ways; the smallest mode's share over its true share; spread within modes over the true one; sliced
    Wasserstein distance to fresh draws of the truth, with the extra ``study``; Q, C and log-likelihood as in
    `core_quality` and `highest_density`; modes of stacked digits by the judge's first choice; CPU seconds of training
    and of a million samples. A column that no row has a value for is left out.
    """
    names = sorted({row["benchmark"] for row in rows})
    seeds = len({row["seed"] for row in rows})
    table = Table(title=f"{', '.join(names)}: mean (std) over {seeds} seed{'s' if seeds > 1 else ''}")
    table.add_column("method", no_wrap=True)
    table.add_column("samples", justify="right")
    columns = {key: column for key, column in COLUMNS.items() if any(row.get(key) is not None for row in rows)}
    for title, _ in columns.values():
        table.add_column(title, justify="right")
    for size in sorted({row["num_samples"] for row in rows}):
        for method in ("oracle", *methods):
            chosen = [row for row in rows if row["method"] == method and row["num_samples"] == size]
            if chosen:
                cells = [_cell([row.get(key) for row in chosen], form) for key, (_, form) in columns.items()]
                table.add_row(method, f"{size:,}", *cells)
        table.add_section()
    return table


def _cell(values: Sequence[float | None], form: str) -> str:
    numbers = [value for value in values if value is not None]
    if not numbers:
        return "–"
    spread = f" ({form.format(stdev(numbers))})" if len(numbers) > 1 else ""
    return form.format(mean(numbers)) + spread
