"""The benchmarks of the literature whose modes are known: rings, grids, AdaGAN's toy, clusters in 16 dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from torch import Tensor

from adagan.data.built_in import GAUSSIANS, KNOWN_NAMES, KnownModes, known_modes
from adagan.mixtures.refinement.refined import Samples
from adagan.study.metrics.core_quality import core_quality
from adagan.study.metrics.highest_density import highest_density
from adagan.study.metrics.known_modes import mode_ratios, score_modes
from adagan.study.task import Task
from adagan.study.tasks.sampled import Metric, SampledWorld, Truth

HELD_OUT, HELD_OUT_SEED = 5_000, 30_000
"""Points whose density is asked for, and what is added to the seed of the data for them."""


def known_modes_world(name: str, seed: int) -> SampledWorld:
    """Training data and scores by the protocol of the name."""
    modes = known_modes(name)
    truth = Truth(modes.draw, seed)

    def by_modes(samples: Tensor) -> Mapping[str, float | None]:
        return asdict(score_modes(samples, modes))

    def core(samples: Tensor) -> Mapping[str, float | None]:
        return {"core_quality": core_quality(samples, modes)}

    def density(samples: Tensor) -> Mapping[str, float | None]:
        scores = highest_density(samples, modes.draw(HELD_OUT, HELD_OUT_SEED + seed))
        return {"data_coverage": scores.coverage, "log_likelihood": scores.log_likelihood}

    metrics: tuple[Metric, ...] = (by_modes, truth.distance, core)
    return SampledWorld(
        data=modes.draw(modes.num_points, seed),
        oracle=truth,
        sizes=modes.sample_sizes,
        metrics=(*metrics, density) if _is_toy(modes) else metrics,
        seed=seed,
        mode_ratios=partial(mode_ratios, modes=modes),
    )


def _is_toy(modes: KnownModes) -> bool:
    """Whether it is AdaGAN's own, which is scored by the density too."""
    return modes.name.partition("-rotated")[0].partition("-unbalanced")[0] in GAUSSIANS


KNOWN_MODES = tuple(Task[Samples](name, partial(known_modes_world, name)) for name in KNOWN_NAMES)
