"""The table of ``adagan study components`` as Markdown, with the cells that speak against boosting marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, variance
from typing import Any

from adagan.study.components import BARE, BOOSTED, MEMORISER, ORACLE

Row = dict[str, Any]

STANDARD_ERRORS = 2.0
BETTER, WORSE, PERHAPS_BETTER, PERHAPS_WORSE = "▲", "▼", "△", "▽"
RULE = f"""\
Each cell: mean (standard deviation) over seeds. **{WORSE}** marks a boosted cell that is worse than the bare one by \
more than {STANDARD_ERRORS:g} standard errors of the difference of the two means, {PERHAPS_WORSE} one that is worse by \
less, or by one seed only; **{BETTER}** and {PERHAPS_BETTER} are better ones. The oracle, fresh real points in equal \
number, is what a perfect model scores; the memoriser repeats training points. The level is the median probability of \
so large a C2ST AUC under a perfect model."""


@dataclass(frozen=True)
class Column:
    """A quantity in the table.

    Attributes:
        title: Above its cells.
        sign: 1 where more is better, −1 where less is, 0 where boosted and bare are not compared.
        form: Of one number.
        scale: By which values are multiplied.
    """

    title: str
    sign: int
    form: str
    scale: float = 1.0


COLUMNS = {
    "coverage": Column("coverage ↑", 1, "{:.3f}"),
    "precision": Column("precision ↑", 1, "{:.3f}"),
    "c2st_auc": Column("C2ST AUC ↓", -1, "{:.3f}"),
    "c2st_level": Column("level", 0, "{:.3f}"),
    "mmd": Column("MMD²·10³ ↓", -1, "{:.2f}", 1e3),
    "forward_kl": Column("KL of modes ↓", -1, "{:.3f}"),
    "train_cpu_seconds": Column("CPU s", 0, "{:.1f}"),
    "sample_cpu_seconds_per_million": Column("CPU s/10⁶ samples", 0, "{:.0f}"),
}


GLANCE = ("coverage", "precision", "c2st_auc", "mmd")
"""The columns of the overview."""


def component_table(rows: Sequence[Row]) -> str:
    """An overview, and one table per data set: three lines per kind in alphabetical order, the references first."""
    datasets = dict.fromkeys(row["dataset"] for row in rows)
    parts = [_table(dataset, [row for row in rows if row["dataset"] == dataset]) for dataset in datasets]
    return "\n\n".join([RULE, _overview(rows, list(datasets)), *parts]) + "\n"


def _overview(rows: Sequence[Row], datasets: Sequence[str]) -> str:
    """The marks of every kind, boosted and refined, on every data set."""
    last = [row for row in rows if row["method"] in (*BARE, BOOSTED[-1]) and not row["failure"]]
    lines = []
    for kind in sorted({row["kind"] for row in rows} - {ORACLE, MEMORISER}):
        marks = []
        for dataset in datasets:
            own = [row for row in last if row["kind"] == kind and row["dataset"] == dataset]
            refined, bare = ([row for row in own if row["method"] == m] for m in (BOOSTED[-1], *BARE))
            of_columns = [_mark(_values(refined, key), _values(bare, key), COLUMNS[key]) for key in GLANCE]
            marks.append(" ".join(mark.strip(" *") or "=" for mark in of_columns) if refined and bare else "–")
        lines.append([kind, *marks])
    columns = ", ".join(COLUMNS[key].title for key in GLANCE)
    return "\n".join(
        [
            "### Boosted and refined against bare, at a glance",
            "",
            f"In this order: {columns}.",
            "",
            *(_line(line) for line in (["component", *datasets], ["---"] * (1 + len(datasets)), *lines)),
        ]
    )


def _table(dataset: str, rows: Sequence[Row]) -> str:
    columns = {key: column for key, column in COLUMNS.items() if any(row.get(key) is not None for row in rows)}
    seeds, sizes = {row["seed"] for row in rows}, {row["num_samples"] for row in rows}
    names = {row["kind"] for row in rows}
    kinds = [kind for kind in (ORACLE, MEMORISER) if kind in names] + sorted(names - {ORACLE, MEMORISER})
    cells, count = [], dict.fromkeys((BETTER, PERHAPS_BETTER, PERHAPS_WORSE, WORSE), 0)
    for kind in kinds:
        own = [row for row in rows if row["kind"] == kind]
        lines = _lines(own, kind, columns, len(seeds))
        cells += lines
        for cell in lines[-1] if kind != MEMORISER and len(lines) > 1 else []:
            for mark in count:
                count[mark] += mark in cell
    titles = ["component", "", *(column.title for column in columns.values())]
    size = ", ".join(f"{number:,}" for number in sorted(sizes))
    return "\n".join(
        [
            f"### {dataset}: {len(seeds)} seed{'s' if len(seeds) > 1 else ''}, {size} samples",
            "",
            *(_line(line) for line in (titles, ["---", "---", *("---:" for _ in columns)], *cells)),
            "",
            f"Boosted and refined against bare: {', '.join(f'{number} {mark}' for mark, number in count.items())}.",
        ]
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(rows: Sequence[Row], kind: str, columns: dict[str, Column], num_seeds: int) -> list[list[str]]:
    """The cells of the lines of one kind; a line of fewer seeds than others says so."""
    found = {row["method"] for row in rows}
    methods = [ORACLE] if kind == ORACLE else [*BARE, *(m for m in BOOSTED if kind != MEMORISER or m in found)]
    good = {m: [row for row in rows if row["method"] == m and not row["failure"]] for m in methods}
    lines = []
    for index, method in enumerate(methods):
        failures = [row["failure"] for row in rows if row["method"] == method and row["failure"]]
        note = f" ({len(failures)} failed)" if failures else ""
        if 0 < len(good[method]) < num_seeds - len(failures):
            note += f" ({len(good[method])} seed{'s' if len(good[method]) > 1 else ''})"
        head = ["" if index else kind, method + note]
        if good[method]:
            cells = []
            for key, column in columns.items():
                values, bare = _values(good[method], key), _values(good[methods[0]], key)
                cells.append(_cell(values, column) + (_mark(values, bare, column) if index else ""))
        else:
            reason = f"failed: {failures[0]}".replace("|", "\\|") if failures else "not run"
            cells = [reason] + [""] * (len(columns) - 1)
        lines.append(head + cells)
    return lines


def _values(rows: Sequence[Row], key: str) -> list[float]:
    return [row[key] for row in rows if row.get(key) is not None]


def _cell(values: Sequence[float], column: Column) -> str:
    if not values:
        return "–"
    scaled = [column.scale * value for value in values]
    if column is COLUMNS["c2st_level"]:
        return column.form.format(median(scaled))
    spread = f" ({column.form.format(math.sqrt(variance(scaled)))})" if len(scaled) > 1 else ""
    return column.form.format(mean(scaled)) + spread


def _mark(values: Sequence[float], bare: Sequence[float], column: Column) -> str:
    if not column.sign or not values or not bare:
        return ""
    shown = [column.form.format(column.scale * mean(of)) for of in (values, bare)]
    if shown[0] == shown[1]:
        return ""
    better = column.sign * (mean(values) - mean(bare)) > 0
    if is_clear(values, bare):
        return f" **{BETTER if better else WORSE}**"
    return f" {PERHAPS_BETTER if better else PERHAPS_WORSE}"


def is_clear(values: Sequence[float], others: Sequence[float]) -> bool:
    """Whether two means differ by more than `STANDARD_ERRORS`; never where there is one seed only."""
    if min(len(values), len(others)) < 2:
        return False
    error = math.sqrt(variance(values) / len(values) + variance(others) / len(others))
    return abs(mean(values) - mean(others)) > STANDARD_ERRORS * error
