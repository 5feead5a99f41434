"""What went wrong in a GAN's training though its losses stayed finite: collapse of the discriminator, stalls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.training.diverged import TrainingDiverged
from adagan.components.training.logged_losses import OwnCallback
from adagan.components.training.progress import CHECK_EVERY, step_of
from adagan.components.training.ranks.shares import largest_of_ranks

EXPLODED = 1e6
"""Outputs of a discriminator beyond this number, where a few units tell data from samples, end a training."""

CHRONIC = 0.8
"""A symptom is reported when this share of the checks in the second half of a training showed it."""


@dataclass(frozen=True)
class Symptom:
    """What a look at a training can show.

    Attributes:
        shows: Whether it shows, right after a step.
        cause: What has happened.
        cure: What to do, naming the arguments.
    """

    shows: Callable[[GANTraining], bool]
    cause: str
    cure: str


def _tells_perfectly(training: GANTraining) -> bool:
    last = training.last
    return last is not None and bool(last.at_real.min() > last.at_fake.max())


def _tells_nothing(training: GANTraining) -> bool:
    last = training.last
    return last is not None and bool(last.outputs.std() < 1e-6 * (1 + last.outputs.mean().abs()))


def _makes_one_point(training: GANTraining) -> bool:
    last = training.last
    if last is None or min(len(last.real), len(last.fake)) < 2:
        return False
    of_real, of_fake = (side.flatten(1).std(dim=0).max() for side in (last.real, last.fake))
    return bool(of_fake < 0.01 * of_real)


def _stands_still(training: GANTraining) -> bool:
    gradients = [value.grad for value in training.generator.parameters() if value.grad is not None]
    # Adam adds 1e-8 to the size of a gradient: far below it, steps vanish with the gradient
    return bool(gradients) and bool(torch.stack(torch._foreach_norm(gradients, float("inf"))).max() < 1e-9)


SYMPTOMS = (
    Symptom(
        _tells_perfectly,
        "the discriminator told every point of the data from every sample, so the generator learnt little from it",
        "raise penalty, lower discriminator_learning_rate, or add InstanceNoise() to techniques",
    ),
    Symptom(
        _tells_nothing,
        "the discriminator gave the same output everywhere, so the generator learnt nothing from it",
        "lower penalty or discriminator_learning_rate, or raise discriminator_steps",
    ),
    Symptom(
        _makes_one_point,
        "the generator's samples were all alike",
        "lower learning_rate, or add Packing() or MinibatchStatistics() to techniques",
    ),
    Symptom(
        _stands_still,
        "the generator's gradient vanished, so it stood still",
        "choose an objective that does not saturate, such as NonSaturating(), or add InstanceNoise() to techniques",
    ),
)


class Diagnosis(OwnCallback):
    """Looks at a GAN's training every so many steps; `notes` tells what was wrong for long.

    Raises:
        TrainingDiverged: The discriminator's outputs exploded; that its loss is finite still is a matter of time.
    """

    def __init__(self) -> None:
        self.checks: list[tuple[float, tuple[Symptom, ...]]] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        done = step_of(pl_module) + 1
        if done % CHECK_EVERY == 0 and isinstance(pl_module, GANTraining):
            _check_explosion(pl_module, done)
            shown = tuple(symptom for symptom in SYMPTOMS if symptom.shows(pl_module))
            self.checks.append((pl_module.progress, shown))

    def notes(self) -> tuple[str, ...]:
        """One sentence for each thing that was wrong in most checks of the second half: cause, how often, cure."""
        late = [shown for progress, shown in self.checks if progress >= 0.5]
        counts = Counter(symptom for shown in late for symptom in shown)
        return tuple(
            f"{symptom.cause} (at {counts[symptom]} of {len(late)} checks in the second half of its training); "
            f"{symptom.cure}"
            for symptom in SYMPTOMS
            if counts[symptom] >= max(2, CHRONIC * len(late))
        )


def _check_explosion(training: GANTraining, step: int) -> None:
    largest = float(training.last.outputs.abs().max()) if training.last is not None else 0.0
    largest = largest_of_ranks(largest)
    if largest > EXPLODED:
        raise TrainingDiverged(
            f"generator diverged at step {step}: the discriminator's outputs exploded to {largest:.1e}; lower the "
            "learning rate, raise the gradient penalty, or use spectral_normalization=True"
        )
