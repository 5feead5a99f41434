"""``adagan study merge``."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markdown import Markdown

from adagan.mixtures.errors import UserError
from adagan.options.verb_parser import VerbParser
from adagan.study.cells import ORACLE
from adagan.study.missing_table import missing_table
from adagan.study.ratios_table import ratios_table
from adagan.study.rows_file import RowsFile
from adagan.study.tables import component_table, study_table
from adagan.verbs.study_options import study_console, tell_the_rest


def run(arguments: Sequence[str]) -> None:
    """Puts the files of a study's shards together and prints the table of all rows."""
    parser = VerbParser(
        "study merge",
        "FILE ... --json FILE",
        "Puts files of rows that belong to one study into one and prints its table. The same study command with the "
        "merged --json and without --shard does what is still missing.",
        "adagan study merge part-*.json --json whole.json",
    )
    parser.add_argument("files", nargs="+", help="files that --json has written, of one study with one budget")
    parser.add_argument("--json", type=str | None, metavar="FILE", help="file to write all rows to")
    options = parser.parse(arguments)
    if options.json is None:
        raise UserError("--json: expected the file that is to hold all rows, such as --json whole.json")
    file = RowsFile.merged(options.files, options.json)
    console = study_console()
    if "benchmark" in file.settings:
        methods = dict.fromkeys(row["method"] for row in file.rows if row["method"] != ORACLE)
        console.print(study_table(file.rows, list(methods)))
    elif any("kind" in row for row in file.rows):
        console.print(Markdown(component_table(file.rows)))
    elif any("change" in row for row in file.rows):
        console.print(missing_table(file.rows))
    else:
        console.print(ratios_table(file.rows))
    tell_the_rest(console, file.rows, file)
