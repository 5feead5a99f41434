"""``adagan study components``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.markdown import Markdown

from adagan.study.component_table import component_table
from adagan.study.components import planned, remaining, run_trainings
from adagan.study.kinds import KINDS
from adagan.study.rows_file import RowsFile
from adagan.study.tasks import TASKS
from adagan.verbs.study_options import add_study_options, checked_seeds, collected, names_in, study_console


def run(arguments: Sequence[str]) -> None:
    """Trains what the rows' file does not have yet, and prints the table."""
    parser = ArgumentParser(
        prog="adagan study components",
        description="Trains every kind of component alone, boosted, and boosted and refined, with the same CPU "
        "seconds on one thread, critics included, and scores the samples against held-out points; the oracle's row "
        "shows what a perfect model scores, the memoriser's what repeating the data does. A table that takes hours can "
        "be made in pieces: with --json, rows are kept as they finish, and the same command goes on where it was "
        "stopped.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("--kinds", default="all", help="comma-separated names, or all: " + ", ".join(KINDS))
    parser.add_argument("--data", default="all", help="comma-separated names, or all: " + ", ".join(TASKS))
    add_study_options(parser, budget=40.0, rounds=2)
    parser.add_argument("--markdown", type=str | None, help="file to write the table to")
    options = parser.parse_args(list(arguments))
    seeds = checked_seeds(options)
    if options.markdown and not Path(options.markdown).absolute().parent.is_dir():
        raise FileNotFoundError(f"--markdown: there is no folder {Path(options.markdown).parent}; make it first")
    trainings = planned(names_in(options.kinds, KINDS), names_in(options.data, TASKS), seeds)
    file = RowsFile(options.json, {"budget": options.budget, "rounds": options.rounds}) if options.json else None
    if file:
        file.rows = [row for row in file.rows if not row["failure"]]  # what failed is tried again
    rows = list(file.rows) if file else []
    todo = remaining(trainings, rows)
    produced = run_trainings(todo, budget=options.budget, rounds=options.rounds, workers=options.workers)
    for part in collected(produced, len(todo)):
        rows.extend(part)
        if file:
            file.add(part)
    wanted = {(t.dataset, t.kind, method, t.seed) for t in trainings for method in t.methods}
    chosen = [row for row in rows if (row["dataset"], row["kind"], row["method"], row["seed"]) in wanted]
    table = component_table(sorted(chosen, key=lambda row: (list(TASKS).index(row["dataset"]), row["seed"])))
    console = study_console()
    console.print(Markdown(table))
    if options.markdown:
        Path(options.markdown).write_text(table, encoding="utf-8")
        console.print(f"table written to {options.markdown}")
    if file:
        console.print(f"rows written to {file.path}")
