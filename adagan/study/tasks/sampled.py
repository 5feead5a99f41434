"""Worlds whose answers are samplers: they are asked for samples, and metrics score what they give."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.refined import Samples
from adagan.study.metrics.sliced_wasserstein import sliced_wasserstein
from adagan.study.sketch import sketched
from adagan.study.task import Row, World

Metric = Callable[[Tensor], Mapping[str, float | None]]
"""From samples to values by name; the truth that it knows is its own."""

ORACLE_SEED, TRUTH_SEED = 10_000, 20_000
"""Added to the seed of the data: of the oracle's draws, and of those that samples are compared with."""
WARM_UP = 10
"""Samples drawn before the price of sampling is taken: what is done once only does not belong to it."""

OF_A_ROUND = 5_000
"""Samples of the mixture after each round, which tell the modes' shares by round."""


@dataclass(frozen=True)
class Truth:
    """What the data are drawn from.

    Attributes:
        draw: From a number and a seed to as many points.
        seed: Of the data.
    """

    draw: Callable[[int, int], Tensor]
    seed: int

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """The oracle's draws, always the same ones."""
        return self.draw(num_samples, ORACLE_SEED + self.seed)

    def distance(self, samples: Tensor) -> Mapping[str, float | None]:
        """The metric that compares samples with as many other draws."""
        draws = self.draw(len(samples), TRUTH_SEED + self.seed)
        return {"sliced_wasserstein": sliced_wasserstein(samples, draws, self.seed)}


@dataclass(frozen=True)
class SampledWorld(World[Samples]):
    """A world that scores samples.

    Attributes:
        data: As in `World`, like `oracle` and `labels`.
        sizes: Numbers of samples to score; each gives a row.
        metrics: What they are scored by.
        seed: Of the samples.
        mode_ratios: From samples to the share of every mode over its true share, where modes are known.
    """

    data: Tensor
    oracle: Samples
    sizes: tuple[int, ...]
    metrics: tuple[Metric, ...]
    seed: int
    labels: Tensor | None = None
    mode_ratios: Callable[[Tensor], list[float]] | None = None

    def score(self, answer: Samples) -> list[Row]:
        generator = torch.Generator()
        answer.sample(WARM_UP, generator=generator.manual_seed(self.seed))
        rows = []
        for size in self.sizes:
            generator.manual_seed(self.seed)
            start = time.process_time()
            samples = answer.sample(size, generator=generator)
            seconds = time.process_time() - start
            row: Row = {
                "num_samples": size,
                "cpu_seconds": seconds,
                "sample_cpu_seconds_per_million": 1e6 * seconds / size,
            }
            for metric in self.metrics:
                row.update(metric(samples))
            rows.append(row)
            if size == self.sizes[0]:
                row["sketch"] = sketched(samples)
        if self.mode_ratios and isinstance(answer, Mixture) and len(answer) > 1:
            stages = (answer[:count].sample(OF_A_ROUND, generator.manual_seed(self.seed)) for count in _rounds(answer))
            rows[0]["modes_by_round"] = [self.mode_ratios(samples) for samples in stages]
        return rows


def _rounds(mixture: Mixture) -> list[int]:
    """The rounds after which there was a mixture; one that was put together at once has its last only."""
    return [count for count in range(1, len(mixture) + 1) if float(mixture.history[count - 1].sum()) > 0]
