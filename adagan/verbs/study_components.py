"""``adagan study components``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.markdown import Markdown

from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.files import write_text
from adagan.options.verb_parser import VerbParser
from adagan.study.cells import component_cells
from adagan.study.methods.kinds import KINDS
from adagan.study.rows_file import RowsFile
from adagan.study.tables import component_table
from adagan.study.tasks.catalogue import DATA_SETS
from adagan.verbs.study_options import add_study_options, checked_seeds, filled, names_in, study_console, tell_the_rest


def run(arguments: Sequence[str]) -> None:
    """Trains what the rows' file does not have yet, and prints the table."""
    parser = VerbParser(
        "study components",
        "[options]",
        "Trains every kind of component alone, boosted, and boosted and refined, with the same CPU "
        "seconds on one thread, critics included, and scores the samples against held-out points; the oracle's row "
        "shows what a perfect model scores, the memoriser's what repeating the data does. A table that takes hours can "
        "be made in pieces: with --json, rows are kept as they finish, and the same command goes on where it was "
        "stopped.",
    )
    parser.add_argument("--kinds", default="all", help="comma-separated names, or all: " + ", ".join(KINDS))
    parser.add_argument("--data", default="all", help="comma-separated names, or all: " + ", ".join(DATA_SETS))
    add_study_options(parser, budget=40.0, rounds=2)
    parser.add_argument("--markdown", type=str | None, help="file to write the table to")
    options = parser.parse(arguments)
    seeds = checked_seeds(options)
    if options.markdown and not Path(options.markdown).absolute().parent.is_dir():
        raise FileNotFoundError(f"--markdown: there is no folder {Path(options.markdown).parent}; make it first")
    if options.rounds < 2:
        raise UserError(f"--rounds: expected 2 or more, since one round does not boost, got {options.rounds}")
    cells = component_cells(names_in(options.kinds, KINDS), names_in(options.data, DATA_SETS), seeds)
    file = RowsFile(options.json, {"budget": options.budget, "rounds": options.rounds})
    rows = filled(cells, file, options)
    table = component_table(sorted(rows, key=lambda row: (DATA_SETS.index(row["dataset"]), row["seed"])))
    console = study_console()
    console.print(Markdown(table))
    if options.markdown:
        write_text(Path(options.markdown), table)
        console.print(f"table written to {options.markdown}")
    tell_the_rest(console, rows, file)
