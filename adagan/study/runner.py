"""Runs a study: every method with every seed in a process of its own, with one thread and the same CPU budget."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.study.benchmarks import BENCHMARK_NAMES, Benchmark, benchmark
from adagan.study.distances import sliced_wasserstein
from adagan.study.methods import METHOD_NAMES, METHODS
from adagan.study.workers import results
from adagan.verbs.names import check_name

Row = dict[str, Any]
ORACLE_SEED, TRUTH_SEED = 10_000, 20_000


def run_study(
    name: str,
    methods: Sequence[str],
    *,
    seeds: Sequence[int],
    budget: float,
    rounds: int = 5,
    workers: int | None = None,
) -> Iterator[list[Row]]:
    """Yields the rows of one training after another, the oracle's first.

    Args:
        name: The benchmark's name.
        methods: Names of methods; ``NAME-refined`` shares its training with ``NAME``.
        seeds: Seeds of data and training; every seed has its own data.
        budget: CPU seconds for each training, critics included.
        rounds: Components of the methods that train several.
        workers: Trainings at a time; ``None`` means one per core. CPU time, not wall time, is what is compared.

    Raises:
        ValueError: An unknown benchmark or method (the closest is suggested), or a budget that is not positive.
    """
    check_name(name, BENCHMARK_NAMES, "benchmark")
    for method in methods:
        check_name(method, METHOD_NAMES, "--methods")
    if not budget > 0:
        raise UserError(f"--budget: expected CPU seconds above 0, got {budget}")
    if rounds < 1:
        raise UserError(f"--rounds: expected 1 or more, got {rounds}")
    return _rows(name, methods, seeds, budget, rounds, workers)


def _rows(
    name: str, methods: Sequence[str], seeds: Sequence[int], budget: float, rounds: int, workers: int | None
) -> Iterator[list[Row]]:
    for seed in seeds:
        yield oracle_rows(name, seed)
    trainings = list(dict.fromkeys(method.removesuffix("-refined") for method in methods))
    calls = [(name, training, seed, budget, rounds) for seed in seeds for training in trainings]
    for rows in results(method_rows, calls, workers=workers, calls_per_process=1):
        yield [row for row in rows if row["method"] in methods]


def oracle_rows(name: str, seed: int) -> list[Row]:
    """Fresh draws from the truth: what a perfect model scores."""
    task = benchmark(name)
    rows = []
    for num_samples in task.sample_sizes:
        scores = _scores(task, task.oracle(num_samples, ORACLE_SEED + seed), seed)
        rows.append({**_head(name, "oracle", seed, 0.0, 0.0, 0.0), **scores, "rounds": 0})
    return rows


def method_rows(name: str, method: str, seed: int, budget: float, rounds: int) -> list[Row]:
    """Trains one method with one seed and scores all of its samplers."""
    task = benchmark(name)
    check_name(method, METHODS, "method")
    trained = METHODS[method](task.training_data(seed), budget, rounds, seed)
    rows = []
    for row_name, sampler in trained.samplers.items():
        for num_samples in task.sample_sizes:
            start = time.process_time()
            samples = sampler.sample(num_samples, generator=torch.Generator().manual_seed(seed))
            sampling = time.process_time() - start
            head = _head(
                name, row_name, seed, trained.cpu_seconds + sampling, trained.cpu_seconds, 1e6 * sampling / num_samples
            )
            rows.append({**head, **_scores(task, samples, seed), "rounds": trained.rounds})
    return rows


def _scores(task: Benchmark, samples: Tensor, seed: int) -> Row:
    """The benchmark's scores, the distance to other draws of the truth, and the metrics of this benchmark alone."""
    truth = task.oracle(len(samples), TRUTH_SEED + seed)
    return {
        **asdict(task.score(samples)),
        "sliced_wasserstein": sliced_wasserstein(samples, truth, seed),
        **task.further(samples, seed),
    }


def _head(name: str, method: str, seed: int, cpu: float, train_cpu: float, sample_cpu: float) -> Row:
    return {
        "benchmark": name,
        "method": method,
        "seed": seed,
        "cpu_seconds": cpu,
        "train_cpu_seconds": train_cpu,
        "sample_cpu_seconds_per_million": sample_cpu,
    }
