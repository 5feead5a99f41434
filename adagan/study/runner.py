"""Fills the cells of a study, each in a process with one thread; one that fails says why, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

from adagan.mixtures.errors import UserError
from adagan.study.budget import overdrawn
from adagan.study.cells import ORACLE, Cell, benchmark_cells
from adagan.study.method import Lesson, Trained
from adagan.study.methods.own import method_named
from adagan.study.task import Row, World
from adagan.study.tasks.catalogue import TASKS
from adagan.study.workers import results

PRICES = ("cpu_seconds", "train_cpu_seconds", "sample_cpu_seconds_per_million")


def run_study(
    benchmark: str,
    methods: Sequence[str],
    *,
    seeds: Sequence[int],
    budget: float,
    rounds: int = 5,
    workers: int | None = None,
    executor: Executor | None = None,
) -> Iterator[list[Row]]:
    """Yields the rows of one cell after another: the oracle's and those of methods on a benchmark.

    Args:
        benchmark: A name in the list of tasks.
        methods: Names of methods' rows; ``NAME-refined`` shares its training with ``NAME``.
        seeds: Seeds of data and training; every seed has its own data.
        budget: As of `run_cells`, like `rounds`, `workers` and `executor`.

    Raises:
        ValueError: An unknown benchmark or method (the closest is suggested), or as of `run_cells`.
    """
    cells = benchmark_cells(benchmark, methods, seeds)
    return run_cells(cells, budget=budget, rounds=rounds, workers=workers, executor=executor)


def run_cells(
    cells: Sequence[Cell],
    *,
    budget: float,
    rounds: int,
    workers: int | None = None,
    executor: Executor | None = None,
) -> Iterator[list[Row]]:
    """Yields the rows of one cell after another, in the order in which they finish.

    Args:
        cells: What is to be done.
        budget: CPU seconds of each training, critics included.
        rounds: Components of the methods that train several.
        workers: Trainings at a time; ``None`` means one per core. CPU time, not wall time, is what is compared.
        executor: Runs the cells instead, each on one thread: a pool of processes, or anything with the interface of
            ``concurrent.futures`` on other machines, such as ``dask.distributed.Client(...).get_executor()``.

    Raises:
        ValueError: A budget that is not positive, or no rounds.
    """
    if not 0 < budget < float("inf"):
        raise UserError(f"--budget: expected CPU seconds above 0, got {budget}")
    if rounds < 1:
        raise UserError(f"--rounds: expected 1 or more, got {rounds}")
    calls = [(cell, budget, rounds) for cell in cells]
    return results(cell_rows, calls, workers=workers, lost=_failed, executor=executor)


def cell_rows(cell: Cell, budget: float, rounds: int) -> list[Row]:
    """Trains and scores; a cell that fails gives rows that say why."""
    try:
        world: World[Any] = (cell.data or TASKS[cell.task]).world(cell.seed)
        names, trained = _answers(cell, world, budget, rounds)
        if late := overdrawn(trained.cpu_seconds, budget):
            return _failed(late, cell, budget, trained.rounds)
        return [
            _row(cell, name, budget, trained, scores)
            for name, answer in zip(names, trained.answers, strict=True)
            if name in cell.rows
            for scores in world.score(answer)
        ]
    except Exception as error:  # whatever it is, it ends one cell and not the study
        return _failed(f"{type(error).__name__}: {error}", cell, budget, rounds)


def _answers(cell: Cell, world: World[Any], budget: float, rounds: int) -> tuple[tuple[str, ...], Trained[Any]]:
    if cell.method == ORACLE:
        return (ORACLE,), Trained((world.oracle,), 0, 0.0)
    method = method_named(cell.method)
    if method.labelled and world.labels is None:
        raise UserError(f"{cell.method} learns classes, and {cell.task} has none")
    lesson = Lesson(world.data, world.labels if method.labelled else None, budget, rounds, cell.seed)
    return method.rows, method.train(lesson)


def _row(cell: Cell, name: str, budget: float, trained: Trained[Any], scores: Row) -> Row:
    head = {**cell.head(name), "budget": budget, "rounds": trained.rounds, "failure": ""}
    if name == ORACLE:  # the truth has no price
        return {**head, **scores, **dict.fromkeys(PRICES, 0.0)}
    train = trained.cpu_seconds
    return {**head, "train_cpu_seconds": train, **scores, "cpu_seconds": train + scores["cpu_seconds"]}


def _failed(reason: str, cell: Cell, budget: float, rounds: int) -> list[Row]:
    failure = " ".join(reason.split())
    return [{**cell.head(name), "budget": budget, "rounds": rounds, "failure": failure} for name in cell.rows]
