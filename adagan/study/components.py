"""Every kind of component on several data sets: bare, boosted, and boosted and refined, at equal CPU time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from adagan.components.networks.defaults import is_image
from adagan.mixtures.divergences import ForwardKL
from adagan.mixtures.errors import UserError
from adagan.mixtures.steps import FullyCorrective, Harmonic
from adagan.study.boosted import Split, Trained, component_cost, fit_bare, fit_boosted
from adagan.study.kinds import KINDS
from adagan.study.tasks import TASKS, Task
from adagan.study.workers import results
from adagan.verbs.names import check_name

Row = dict[str, Any]

BARE, BOOSTED = ("bare",), ("boosted", "boosted-refined")
ORACLE, MEMORISER = "oracle", "memoriser"
SPLIT_OF_IMAGES = Split(first=0.8, critics=0.1)
"""Images are learnt slowly, so that the first component still gains when the budget ends, and a critic of some hundred
images learns little."""
WARM_UP = 10
"""Samples drawn before the price of sampling is taken: what is done once only does not belong to it."""


@dataclass(frozen=True)
class Training:
    """One cell of the table before it is filled: its rows come from one training.

    Attributes:
        dataset: A name in `TASKS`.
        kind: A name in `KINDS`, or ``oracle``, which is not trained.
        methods: The names of its rows.
        seed: Of the data and the training.
    """

    dataset: str
    kind: str
    methods: tuple[str, ...]
    seed: int


def planned(kinds: Sequence[str], datasets: Sequence[str], seeds: Sequence[int]) -> list[Training]:
    """All trainings of a table; first what it is read against: the oracle, and a memoriser that repeats the data.

    Then come all kinds with the first seed, in their order, so that a table made in pieces is of use early.

    Raises:
        ValueError: An unknown kind or data set; the closest name is suggested.
    """
    for kind in kinds:
        check_name(kind, KINDS, "--kinds")
    for dataset in datasets:
        check_name(dataset, TASKS, "--data")
    references = [
        Training(dataset, kind, methods, seed)
        for dataset in datasets
        for seed in seeds
        for kind, methods in ((ORACLE, (ORACLE,)), (MEMORISER, BARE))
    ]
    cells = [
        Training(dataset, kind, methods, seed)
        for seed in seeds
        for kind in kinds
        for dataset in datasets
        for methods in (BARE, BOOSTED)
    ]
    return list(dict.fromkeys(references + cells))


def remaining(trainings: Sequence[Training], rows: Sequence[Row]) -> list[Training]:
    """The trainings whose rows are not there yet."""
    there = {(row["dataset"], row["kind"], row["method"], row["seed"]) for row in rows}
    return [t for t in trainings if any((t.dataset, t.kind, method, t.seed) not in there for method in t.methods)]


def run_trainings(
    trainings: Sequence[Training], *, budget: float, rounds: int, workers: int | None = None
) -> Iterator[list[Row]]:
    """Yields the rows of one training after another, in the order in which they finish.

    Args:
        trainings: What is to be done.
        budget: CPU seconds of each training, critics included.
        rounds: Components of a boosted one.
        workers: Trainings at a time, each in a process with one thread; ``None`` means one per core.

    Raises:
        ValueError: A budget that is not positive, or fewer than two rounds.
    """
    if not 0 < budget < float("inf"):
        raise UserError(f"--budget: expected CPU seconds above 0, got {budget}")
    if rounds < 2:
        raise UserError(f"--rounds: expected 2 or more, since one round does not boost, got {rounds}")
    return results(training_rows, [(training, budget, rounds) for training in trainings], workers=workers)


def training_rows(training: Training, budget: float, rounds: int) -> list[Row]:
    """Trains and scores; a training that fails gives rows that say why, so that the others go on."""
    task = TASKS[training.dataset](training.seed)
    head = {
        "dataset": training.dataset,
        "kind": training.kind,
        "seed": training.seed,
        "budget": budget,
        "num_samples": len(task.held_out),
        "failure": "",
    }
    if training.kind == ORACLE:
        return [{**head, "method": ORACLE, "rounds": 0, **task.scores(task.oracle, training.seed)}]
    try:
        trained = _train(training, task, budget, rounds)
        return [{**head, **_scored(training, task, trained, method)} for method in training.methods]
    except (RuntimeError, ValueError, TypeError, ArithmeticError, ImportError) as error:
        failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return [{**head, "method": method, "rounds": rounds, "failure": failure} for method in training.methods]


def _scored(training: Training, task: Task, trained: Trained, method: str) -> Row:
    sampler, generator = trained.samplers[method], torch.Generator()
    sampler.sample(WARM_UP, generator=generator.manual_seed(training.seed))
    generator.manual_seed(training.seed)
    start = time.process_time()
    samples = sampler.sample(len(task.held_out), generator=generator)
    sampling = time.process_time() - start
    return {
        "method": method,
        "rounds": trained.rounds,
        "train_cpu_seconds": trained.cpu_seconds,
        "sample_cpu_seconds_per_million": 1e6 * sampling / len(samples),
        **task.scores(task.prepare(samples), training.seed),
    }


def _train(training: Training, task: Task, budget: float, rounds: int) -> Trained:
    kind = KINDS[training.kind]
    make, labels = partial(kind.make, tuple(task.training.shape[1:])), task.labels if kind.labelled else None
    images = is_image(task.training.shape[1:])
    if training.methods == BOOSTED:
        return fit_boosted(
            make,
            task.training,
            budget,
            rounds,
            training.seed,
            labels=labels,
            in_steps=kind.in_steps,
            split=SPLIT_OF_IMAGES if images else None,
            target=Harmonic() if images else None,
            step=FullyCorrective(ForwardKL()),
            warm_start=kind.in_steps,
            balanced=True,
        )
    cost = component_cost(make, task.training, labels, in_steps=kind.in_steps)
    start = time.process_time()
    component = fit_bare(make, cost, task.training, budget, training.seed, labels)
    return Trained({BARE[0]: component}, 1, time.process_time() - start)
