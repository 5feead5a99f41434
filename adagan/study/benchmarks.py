"""A benchmark: training data, the truth to draw from, and how samples are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from adagan.data.built_in import (
    GAUSSIANS,
    IMAGE_NAMES,
    KNOWN_NAMES,
    built_in,
    digits,
    known_modes,
    stack_digits,
    unbalanced_digits,
)
from adagan.study.highest_density import highest_density
from adagan.study.judge import judge, modes_at_all, score_digits
from adagan.study.metrics import Scores, core_quality, score_modes
from adagan.verbs.names import check_name

BENCHMARK_NAMES = (*KNOWN_NAMES, *IMAGE_NAMES)
HELD_OUT = 5_000
HELD_OUT_SEED = 30_000


@dataclass(frozen=True)
class Benchmark:
    """What a study needs to know.

    Attributes:
        name: As on the command line.
        training_data: From a seed to data of shape (N, *event).
        oracle: From a number and a seed to fresh draws of the truth.
        score: From samples to `Scores`.
        sample_sizes: Numbers of samples to score.
        num_modes: Number of modes.
        further: Metrics of this benchmark alone, by name; each from samples and a seed.
        note: A sentence for below the table.
    """

    name: str
    training_data: Callable[[int], Tensor]
    oracle: Callable[[int, int], Tensor]
    score: Callable[[Tensor], Scores]
    sample_sizes: tuple[int, ...]
    num_modes: int
    further: Callable[[Tensor, int], dict[str, float]] = field(default=lambda samples, seed: {})
    note: str = ""


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name in `BENCHMARK_NAMES`.

    Raises:
        ValueError: An unknown name; the message suggests the closest.
    """
    check_name(name, BENCHMARK_NAMES, "benchmark")
    return _of_images(name) if name in IMAGE_NAMES else _of_known_modes(name)


def _of_known_modes(name: str) -> Benchmark:
    modes = known_modes(name)

    def further(samples: Tensor, seed: int) -> dict[str, float]:
        quality = {"core_quality": core_quality(samples, modes)}
        if name.partition("-rotated")[0].partition("-unbalanced")[0] not in GAUSSIANS:
            return quality
        density = highest_density(samples, modes.draw(HELD_OUT, HELD_OUT_SEED + seed))
        return {**quality, "data_coverage": density.coverage, "log_likelihood": density.log_likelihood}

    return Benchmark(
        name=name,
        training_data=lambda seed: modes.draw(modes.num_points, seed),
        oracle=modes.draw,
        score=lambda samples: score_modes(samples, modes),
        sample_sizes=modes.sample_sizes,
        num_modes=len(modes.centres),
        further=further,
    )


def _of_images(name: str) -> Benchmark:
    images, classes = unbalanced_digits() if name.endswith("-unbalanced") else digits()
    stacked = name.startswith("stacked")

    def oracle(num_samples: int, seed: int) -> Tensor:
        if stacked:
            return stack_digits(images, num_samples, seed)
        return images[torch.randint(len(images), (num_samples,), generator=torch.Generator().manual_seed(seed))]

    return Benchmark(
        name=name,
        training_data=lambda seed: built_in(name, seed),
        oracle=oracle,
        score=lambda samples: score_digits(samples, classes),
        sample_sizes=(26_000,) if stacked else (10_000,),
        num_modes=1_000 if stacked else 10,
        further=lambda samples, seed: {"modes_at_all": modes_at_all(samples)} if stacked else {},
        note=f"Classes by a judge whose held-out accuracy is {judge()[1]:.3f}; quality is its certainty of .9 near "
        "a real image. The oracle draws the real images with replacement.",
    )
