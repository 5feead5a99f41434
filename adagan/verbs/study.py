"""``adagan study BENCHMARK``; ``components``, ``missing``, ``ratios`` and ``merge`` have files of their own."""

from __future__ import annotations

from collections.abc import Sequence

from adagan.options.verb_parser import VerbParser
from adagan.study.cells import ORACLE, benchmark_cells
from adagan.study.methods.catalogue import DEFAULT_ROWS, METHOD_OF_ROW
from adagan.study.rows_file import RowsFile
from adagan.study.tables import study_table
from adagan.study.tasks.catalogue import BENCHMARKS
from adagan.verbs import study_components, study_merge, study_missing, study_own, study_ratios
from adagan.verbs.study_html import add_page_options, check_pages, write_pages
from adagan.verbs.study_options import add_study_options, checked_seeds, filled, names_in, study_console, tell_the_rest

APART = {
    "components": study_components.run,
    "missing": study_missing.run,
    "ratios": study_ratios.run,
    "merge": study_merge.run,
}


def run(arguments: Sequence[str]) -> None:
    """Runs the study, prints its table and writes its rows."""
    if arguments and arguments[0] in APART:
        APART[arguments[0]](arguments[1:])
        return
    if study_own.wanted(arguments):
        study_own.run(arguments)
        return
    parser = VerbParser(
        "study",
        "BENCHMARK [options]",
        "Compares methods on a benchmark: every training gets the same CPU seconds on one thread, critics "
        "included, and the oracle's row shows what a perfect model scores. With --json, rows are kept as they finish, "
        "and the same command goes on where it was stopped. `adagan study components` compares every kind of component "
        "instead, `adagan study missing` estimates of what a model misses, `adagan study ratios` critics where the "
        "ratio is known, and `adagan study --data FILE` methods on your own data; each has a --help of its own. A "
        "study can be shared by machines: --shard 2/8 does part 2 of 8, and `adagan study merge` joins the files.",
    )
    parser.add_argument("benchmark", help=f"{', '.join(APART)}, or one of: " + ", ".join(BENCHMARKS))
    parser.add_argument(
        "--methods", default=",".join(DEFAULT_ROWS), help="comma-separated names: " + ", ".join(METHOD_OF_ROW)
    )
    parser.add_argument("--data", type=str | None, metavar="FILE", help="your own data; then --help is another")
    add_study_options(parser, budget=300.0, rounds=5)
    add_page_options(parser)
    options = parser.parse(arguments)
    check_pages(options)
    seeds = checked_seeds(options)
    methods = [name for name in names_in(options.methods, METHOD_OF_ROW) if name != ORACLE]
    cells = benchmark_cells(options.benchmark, methods, seeds)
    settings = {"benchmark": options.benchmark, "budget": options.budget, "rounds": options.rounds}
    file = RowsFile(options.json, settings, oracle_apart=True)
    rows = filled(cells, file, options)
    console = study_console()
    console.print(study_table(rows, methods))
    note = BENCHMARKS[options.benchmark].note()
    if note:
        console.print(note)
    tell_the_rest(console, rows, file)
    facts = {"data": options.benchmark, "seeds": ", ".join(map(str, seeds))}
    for line in write_pages(options, rows, methods, facts, arguments):
        console.print(line)
