"""Real images whose modes are classes: scikit-learn's digits, alone and stacked to a thousand modes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

import torch
from torch import Tensor

from adagan.data.built_in import IMAGE_NAMES, built_in, digits, stack_digits, unbalanced_digits
from adagan.mixtures.refinement.refined import Samples
from adagan.study.metrics.judge import judge, modes_at_all, score_digits
from adagan.study.task import Task
from adagan.study.tasks.sampled import Metric, SampledWorld, Truth


def digits_world(name: str, seed: int) -> SampledWorld:
    """The images, scored by a judge of their classes; the oracle draws the real ones with replacement."""
    images, classes = unbalanced_digits() if name.endswith("-unbalanced") else digits()
    stacked = name.startswith("stacked")

    def draw(num_samples: int, seed: int) -> Tensor:
        if stacked:
            return stack_digits(images, num_samples, seed)
        return images[torch.randint(len(images), (num_samples,), generator=torch.Generator().manual_seed(seed))]

    truth = Truth(draw, seed)

    def by_classes(samples: Tensor) -> Mapping[str, float | None]:
        return asdict(score_digits(samples, classes))

    def at_all(samples: Tensor) -> Mapping[str, float | None]:
        return {"modes_at_all": modes_at_all(samples)}

    metrics: tuple[Metric, ...] = (by_classes, truth.distance)
    return SampledWorld(
        data=built_in(name, seed),
        labels=None if stacked else classes,
        oracle=truth,
        sizes=(26_000,) if stacked else (10_000,),
        metrics=(*metrics, at_all) if stacked else metrics,
        seed=seed,
    )


def _note() -> str:
    return (
        f"Classes by a judge whose held-out accuracy is {judge()[1]:.3f}; quality is its certainty of .9 near "
        "a real image. The oracle draws the real images with replacement."
    )


DIGITS = tuple(Task[Samples](name, partial(digits_world, name), _note) for name in IMAGE_NAMES)
