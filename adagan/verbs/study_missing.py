"""``adagan study missing``."""

from __future__ import annotations

from collections.abc import Sequence

from adagan.options.verb_parser import VerbParser
from adagan.study.cells import missing_cells
from adagan.study.methods.catalogue import ESTIMATORS
from adagan.study.missing_table import missing_table
from adagan.study.rows_file import RowsFile
from adagan.study.tasks.missing_families import FAMILIES
from adagan.verbs.study_options import add_study_options, checked_seeds, filled, names_in, study_console, tell_the_rest


def run(arguments: Sequence[str]) -> None:
    """Asks the estimators what the rows' file does not have yet, and prints the table."""
    parser = VerbParser(
        "study missing",
        "[options]",
        "Is the missing mass right? The model is a fresh draw of the data, changed a little, of which some groups are "
        "left out or starved, so that the truth is known; estimators see data and samples only.",
    )
    parser.add_argument("--families", default="all", help="comma-separated names, or all: " + ", ".join(FAMILIES))
    parser.add_argument("--methods", default="cells", help="comma-separated names, or all: " + ", ".join(ESTIMATORS))
    add_study_options(parser, budget=300.0, rounds=1)
    options = parser.parse(arguments)
    families, estimators = names_in(options.families, FAMILIES), names_in(options.methods, ESTIMATORS)
    cells = missing_cells(families, estimators, checked_seeds(options))
    file = RowsFile(options.json, {"budget": options.budget})
    rows = filled(cells, file, options)
    console = study_console()
    console.print(missing_table(rows))
    tell_the_rest(console, rows, file)
