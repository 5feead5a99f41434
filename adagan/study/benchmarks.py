"""A benchmark: training data, the truth to draw from, and how samples are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.datasets import PLANAR_NAMES, digits, planar
from adagan.names import check_name
from adagan.study.judge import judge, score_digits
from adagan.study.metrics import Scores, score_modes

BENCHMARK_NAMES = (*PLANAR_NAMES, "digits")


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
        note: A sentence for below the table.
    """

    name: str
    training_data: Callable[[int], Tensor]
    oracle: Callable[[int, int], Tensor]
    score: Callable[[Tensor], Scores]
    sample_sizes: tuple[int, ...]
    num_modes: int
    note: str = ""


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name in `BENCHMARK_NAMES`.

    Raises:
        ValueError: An unknown name; the message suggests the closest.
    """
    check_name(name, BENCHMARK_NAMES, "benchmark")
    if name == "digits":
        return Benchmark(
            name="digits",
            training_data=lambda seed: digits()[0],
            oracle=_real_digits,
            score=score_digits,
            sample_sizes=(10_000,),
            num_modes=10,
            note=f"Classes by a judge whose held-out accuracy is {judge()[1]:.3f}; quality is its certainty of .9 near "
            "a real image. The oracle draws the real images with replacement.",
        )
    modes = planar(name)
    return Benchmark(
        name=name,
        training_data=lambda seed: modes.draw(modes.num_points, seed),
        oracle=modes.draw,
        score=lambda samples: score_modes(samples, modes),
        sample_sizes=modes.sample_sizes,
        num_modes=len(modes.centres),
    )


def _real_digits(num_samples: int, seed: int) -> Tensor:
    images, _ = digits()
    rows = torch.randint(len(images), (num_samples,), generator=torch.Generator().manual_seed(seed))
    return images[rows]
