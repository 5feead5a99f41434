"""Tables of a study: methods on the terminal, and kinds of components as Markdown with boosting's gains marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table

from adagan.study.cells import IDENTITY, MEMORISER, ORACLE
from adagan.study.columns import (
    BETTER,
    NOTHING,
    OF_KINDS,
    OF_METHODS,
    PERHAPS_BETTER,
    PERHAPS_WORSE,
    STANDARD_ERRORS,
    WORSE,
    Column,
    cell,
    mark,
    present,
    values,
)
from adagan.study.methods.of_kinds import BARE, BOOSTED
from adagan.study.task import Row

RULE = f"""\
Each cell: mean (standard deviation) over seeds. **{WORSE}** marks a boosted cell that is worse than the bare one by \
more than {STANDARD_ERRORS:g} standard errors of the difference of the two means, {PERHAPS_WORSE} one that is worse by \
less, or by one seed only; **{BETTER}** and {PERHAPS_BETTER} are better ones. The oracle, fresh real points in equal \
number, is what a perfect model scores; the memoriser repeats training points. The level is the median probability of \
so large a C2ST AUC under a perfect model."""


GLANCE = ("modes_strict", "high_quality", "forward_kl", "coverage", "precision", "c2st_auc", "mmd")
"""The columns of the overview."""


def study_table(rows: Sequence[Row], methods: Sequence[str]) -> Table:
    """A rich table of one line per method and sample size; the oracle, what a perfect model scores, stands first.

    Columns: modes touched and modes by the protocol's count; share within three standard deviations; KL of the modes'
    histogram both ways; the smallest mode's share over its true share; spread within modes over the true one; sliced
    Wasserstein distance to fresh draws of the truth, with the extra ``study``; Q, C and log-likelihood as in
    `core_quality` and `highest_density`; modes of stacked digits by the judge's first choice; the label-free metrics;
    CPU seconds of training and of a million samples. A column that no row has a value for is left out.
    """
    names = sorted({row["benchmark"] for row in rows})
    table = Table(title=f"{', '.join(names)}: mean (std) over {_counted({row['seed'] for row in rows}, 'seed')}")
    table.add_column("method", no_wrap=True)
    table.add_column("samples", justify="right")
    columns = present(OF_METHODS, rows)
    for column in columns.values():
        table.add_column(column.title, justify="right")
    for size in sorted({row["num_samples"] for row in rows if "num_samples" in row}) or [0]:
        for method in (ORACLE, *methods):
            own = [row for row in rows if row["method"] == method]
            good = [row for row in own if not row.get("failure") and row.get("num_samples", 0) == size]
            if own:
                cells = [cell(values(good, key, column), column) for key, column in columns.items()]
                table.add_row(method + _failed(own), f"{size:,}" if size else NOTHING, *cells)
        table.add_section()
    return table


def failures(rows: Iterable[Row]) -> list[str]:
    """One line for each row that failed: whose it is, and why."""
    failed = [row for row in rows if row.get("failure")]
    return [f"{', '.join(str(row[key]) for key in IDENTITY if key in row)}: failed: {row['failure']}" for row in failed]


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
            of_columns = [_compared(refined, bare, key, OF_KINDS[key]) for key in GLANCE]
            marks.append(" ".join(of.strip(" *") or "=" for of in of_columns) if refined and bare else NOTHING)
        lines.append([kind, *marks])
    columns = ", ".join(OF_KINDS[key].title for key in GLANCE)
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
    columns = present(OF_KINDS, rows)
    seeds = {row["seed"] for row in rows}
    sizes = {row["num_samples"] for row in rows if "num_samples" in row}
    names = {row["kind"] for row in rows}
    kinds = [kind for kind in (ORACLE, MEMORISER) if kind in names] + sorted(names - {ORACLE, MEMORISER})
    cells, count = [], dict.fromkeys((BETTER, PERHAPS_BETTER, PERHAPS_WORSE, WORSE), 0)
    for kind in kinds:
        own = [row for row in rows if row["kind"] == kind]
        lines = _lines(own, kind, columns, len(seeds))
        cells += lines
        for text in lines[-1] if kind != MEMORISER and len(lines) > 1 else []:
            for sign in count:
                count[sign] += sign in text
    titles = ["component", "", *(column.title for column in columns.values())]
    size = ", ".join(f"{number:,}" for number in sorted(sizes))
    return "\n".join(
        [
            f"### {dataset}: {_counted(seeds, 'seed')}, {size or NOTHING} samples",
            "",
            *(_line(line) for line in (titles, ["---", "---", *("---:" for _ in columns)], *cells)),
            "",
            f"Boosted and refined against bare: {', '.join(f'{number} {sign}' for sign, number in count.items())}.",
        ]
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(rows: Sequence[Row], kind: str, columns: Mapping[str, Column], num_seeds: int) -> list[list[str]]:
    """The cells of the lines of one kind; a line of fewer seeds than others says so."""
    found = {row["method"] for row in rows}
    methods = [ORACLE] if kind == ORACLE else [*BARE, *(m for m in BOOSTED if kind != MEMORISER or m in found)]
    good = {m: [row for row in rows if row["method"] == m and not row["failure"]] for m in methods}
    lines = []
    for index, method in enumerate(methods):
        own = [row for row in rows if row["method"] == method]
        reasons = [row["failure"] for row in own if row["failure"]]
        note = _failed(own)
        if 0 < len(good[method]) < num_seeds - len(reasons):
            note += f" ({_counted(good[method], 'seed')})"
        head = ["" if index else kind, method + note]
        if good[method]:
            cells = [cell(values(good[method], key, column), column) for key, column in columns.items()]
            if index:
                bare = good[methods[0]]
                marks = (_compared(good[method], bare, key, column) for key, column in columns.items())
                cells = [text + found for text, found in zip(cells, marks, strict=True)]
        else:
            reason = f"failed: {reasons[0]}".replace("|", "\\|") if reasons else "not run"
            cells = [reason] + [""] * (len(columns) - 1)
        lines.append(head + cells)
    return lines


def _counted(things: Iterable[object], name: str) -> str:
    number = len(list(things))
    return f"{number} {name}{'s' if number > 1 else ''}"


def _failed(rows: Sequence[Row]) -> str:
    """How many rows failed, for behind a method's name."""
    number = sum(bool(row.get("failure")) for row in rows)
    return f" ({number} failed)" if number else ""


def _compared(rows: Sequence[Row], bare: Sequence[Row], key: str, column: Column) -> str:
    return mark(values(rows, key, column), values(bare, key, column), column)
