"""``adagan study --data FILE``."""

from __future__ import annotations

from collections.abc import Sequence

from adagan.options.own_component import names_own_code, own_component
from adagan.options.picture_options import add_picture_options, picture_options
from adagan.options.verb_parser import VerbParser
from adagan.study.cells import ORACLE, own_cells
from adagan.study.methods.catalogue import METHOD_OF_ROW
from adagan.study.methods.own import BARE, BOOSTED, DEFAULT_OWN_ROWS, REFINED, method_of_row
from adagan.study.rows_file import RowsFile
from adagan.study.tables import study_table
from adagan.study.tasks.own_data import OwnData
from adagan.verbs.study_html import add_page_options, check_pages, write_pages
from adagan.verbs.study_options import add_study_options, checked_seeds, filled, names_in, study_console, tell_the_rest

WIDTH = 200
"""Of a table with many columns that goes to a file."""
NOTE = (
    "Compared with held-out rows; the oracle's are other rows of the data in equal number. nearer: how often a sample "
    "is closer to a row that was learnt than a held-out row is (.5 is right, 1 is copying)."
)


def wanted(arguments: Sequence[str]) -> bool:
    """Whether a study of the user's own data is asked for."""
    return any(word == "--data" or word.startswith("--data=") for word in arguments)


def run(arguments: Sequence[str]) -> None:
    """Runs the methods on the user's data, prints the table, and writes rows and page."""
    parser = VerbParser(
        "study",
        "--data FILE [options]",
        "Compares methods on your own data, without labels or a known truth: three fifths are learnt, samples are "
        "compared with a fifth that no method sees, and the last fifth stands for a perfect model.",
    )
    parser.add_argument("--data", type=str, help="as of adagan fit: an array, a table, a folder of images")
    parser.add_argument("--columns", type=str | None, metavar="NAME=KIND,...", help="as of adagan fit")
    parser.add_argument("--header", type=bool | None, help="whether the first line of a .csv file has names")
    parser.add_argument(
        "--methods",
        default=",".join(DEFAULT_OWN_ROWS),
        help=f"comma-separated: {BARE} (one GAN), "
        + ", ".join(METHOD_OF_ROW)
        + "; or MODULE:MAKE, a class or function "
        f"of your own that makes something with fit and sample, MODULE:MAKE{BOOSTED} and MODULE:MAKE{REFINED}",
    )
    add_picture_options(parser)
    add_study_options(parser, budget=60.0, rounds=5)
    add_page_options(parser)
    options = parser.parse(arguments)
    seeds = checked_seeds(options)
    check_pages(options)
    methods = [name for name in names_in(options.methods, METHOD_OF_ROW) if name != ORACLE]
    for name in methods:
        made = method_of_row(name).removesuffix(BOOSTED)
        if names_own_code(made):
            own_component(made)  # before anything is trained
    data = OwnData(options.data, options.columns, options.header, options.layout, picture_options(options))
    data.read()
    cells = own_cells(data, methods, seeds)
    settings = {"benchmark": options.data, "budget": options.budget, "rounds": options.rounds}
    file = RowsFile(options.json, settings, oracle_apart=True)
    rows = filled(cells, file, options)
    console = study_console(WIDTH)
    console.print(study_table(rows, methods))
    console.print(NOTE)
    tell_the_rest(console, rows, file)
    facts = {"data": options.data, "seeds": ", ".join(map(str, seeds))}
    for line in write_pages(options, rows, methods, facts, arguments):
        console.print(line)
