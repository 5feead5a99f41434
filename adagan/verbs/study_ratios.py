"""``adagan study ratios``."""

from __future__ import annotations

from collections.abc import Sequence

from adagan.options.verb_parser import VerbParser
from adagan.study.cells import ratio_cells
from adagan.study.methods.ratio_methods import RATIO_METHODS
from adagan.study.ratios_table import ratios_table
from adagan.study.rows_file import RowsFile
from adagan.study.tasks.ratios import PAIRS
from adagan.verbs.study_options import add_study_options, checked_seeds, filled, names_in, study_console, tell_the_rest


def run(arguments: Sequence[str]) -> None:
    """Asks the critics what the rows' file does not have yet, and prints the table."""
    parser = VerbParser(
        "study ratios",
        "[options]",
        "Are density ratios right? Two variables that depend on each other are told from the same two apart, 100,000 "
        "points of each, where the ratio is known: Gaussians of 40 to 320 entries that are 10 to 80 nats apart, and "
        "small ones seen through bent scales and with long tails. Critics are as they come, whatever they cost.",
    )
    parser.add_argument("--worlds", default="all", help="comma-separated names, or all: " + ", ".join(PAIRS))
    parser.add_argument("--methods", default="sharp", help="comma-separated names, or all: " + ", ".join(RATIO_METHODS))
    add_study_options(parser, budget=300.0, rounds=1)
    options = parser.parse(arguments)
    worlds, methods = names_in(options.worlds, PAIRS), names_in(options.methods, RATIO_METHODS)
    cells = ratio_cells(worlds, methods, checked_seeds(options))
    file = RowsFile(options.json, {"budget": options.budget})
    rows = filled(cells, file, options)
    console = study_console()
    console.print(ratios_table(rows))
    tell_the_rest(console, rows, file)
