"""``adagan study BENCHMARK``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from adagan.study.benchmarks import BENCHMARK_NAMES, benchmark
from adagan.study.methods import DEFAULT_METHODS, METHOD_NAMES
from adagan.study.runner import Row, run_study
from adagan.study.table import study_table

WIDTH = 160
"""Of the table where it goes to a file."""


def run(arguments: Sequence[str]) -> None:
    """Runs the study, prints its table and writes its rows."""
    parser = ArgumentParser(
        prog="adagan study",
        description="Compares methods on a benchmark with known modes: every training gets the same CPU seconds on one "
        "thread, critics included, and the oracle's row shows what a perfect model scores.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("benchmark", help=", ".join(BENCHMARK_NAMES))
    parser.add_argument(
        "--methods", default=",".join(DEFAULT_METHODS), help="comma-separated names: " + ", ".join(METHOD_NAMES)
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, each with its own data")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--budget", type=float, default=300.0, help="CPU seconds for each training")
    parser.add_argument("--rounds", type=int, default=5, help="components of the methods that train several")
    parser.add_argument("--workers", type=int | None, help="trainings at a time; by default one per core")
    parser.add_argument("--json", type=str | None, help="file to write all rows to")
    options = parser.parse_args(list(arguments))
    if options.seeds < 1:
        raise ValueError(f"--seeds: expected 1 or more, got {options.seeds}")
    if options.seed < 0:
        raise ValueError(f"--seed: expected 0 or more, got {options.seed}")
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"--workers: expected 1 or more, got {options.workers}")
    if options.json and not Path(options.json).absolute().parent.is_dir():
        raise FileNotFoundError(f"--json: there is no folder {Path(options.json).parent}; make it first")
    methods = [name.strip() for name in options.methods.split(",") if name.strip() not in ("", "oracle")]
    seeds = range(options.seed, options.seed + options.seeds)
    produced = run_study(
        options.benchmark,
        methods,
        seeds=seeds,
        budget=options.budget,
        rounds=options.rounds,
        workers=options.workers,
    )
    trainings = len({method.removesuffix("-refined") for method in methods}) * len(seeds)
    rows = _collected(produced, trainings + len(seeds))
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(study_table(rows, methods))
    note = benchmark(options.benchmark).note
    if note:
        console.print(note)
    if options.json:
        _write(Path(options.json), options.benchmark, options.budget, rows)
        console.print(f"rows written to {options.json}")


def _collected(produced: Iterable[list[Row]], total: int) -> list[Row]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rows: list[Row] = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("trainings", total=total)
        for part in produced:
            rows.extend(part)
            progress.advance(task)
    return rows


def _write(path: Path, name: str, budget: float, rows: Sequence[Row]) -> None:
    content = {
        "benchmark": name,
        "budget": budget,
        "rows": [row for row in rows if row["method"] != "oracle"],
        "oracle": [row for row in rows if row["method"] == "oracle"],
    }
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(draft, path)
