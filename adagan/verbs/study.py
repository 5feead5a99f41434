"""``adagan study BENCHMARK``, and ``adagan study components``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser

from adagan.study.benchmarks import BENCHMARK_NAMES, benchmark
from adagan.study.methods import DEFAULT_METHODS, METHOD_NAMES
from adagan.study.rows_file import write_json_atomically
from adagan.study.runner import run_study
from adagan.study.table import study_table
from adagan.verbs import study_components
from adagan.verbs.study_options import add_study_options, checked_seeds, collected, names_in, study_console

COMPONENTS = "components"


def run(arguments: Sequence[str]) -> None:
    """Runs the study, prints its table and writes its rows."""
    if arguments and arguments[0] == COMPONENTS:
        study_components.run(arguments[1:])
        return
    parser = ArgumentParser(
        prog="adagan study",
        description="Compares methods on a benchmark with known modes: every training gets the same CPU seconds on one "
        "thread, critics included, and the oracle's row shows what a perfect model scores. `adagan study components` "
        "compares every kind of component instead; it has a --help of its own.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("benchmark", help=f"{COMPONENTS}, or one of: " + ", ".join(BENCHMARK_NAMES))
    parser.add_argument(
        "--methods", default=",".join(DEFAULT_METHODS), help="comma-separated names: " + ", ".join(METHOD_NAMES)
    )
    add_study_options(parser, budget=300.0, rounds=5)
    options = parser.parse_args(list(arguments))
    seeds = checked_seeds(options)
    if options.json and not Path(options.json).absolute().parent.is_dir():
        raise FileNotFoundError(f"--json: there is no folder {Path(options.json).parent}; make it first")
    methods = [name for name in names_in(options.methods, METHOD_NAMES) if name != "oracle"]
    produced = run_study(
        options.benchmark,
        methods,
        seeds=seeds,
        budget=options.budget,
        rounds=options.rounds,
        workers=options.workers,
    )
    trainings = len({method.removesuffix("-refined") for method in methods}) * len(seeds)
    rows = [row for part in collected(produced, trainings + len(seeds)) for row in part]
    console = study_console()
    console.print(study_table(rows, methods))
    note = benchmark(options.benchmark).note
    if note:
        console.print(note)
    if options.json:
        content = {
            "benchmark": options.benchmark,
            "budget": options.budget,
            "rows": [row for row in rows if row["method"] != "oracle"],
            "oracle": [row for row in rows if row["method"] == "oracle"],
        }
        write_json_atomically(Path(options.json), content)
        console.print(f"rows written to {options.json}")
