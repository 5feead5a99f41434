"""The data sets of ``adagan study components``: what is learnt, and the held-out points that samples are scored on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.data.built_in import KnownModes, digits, known_modes
from adagan.study.label_free import label_free_scores
from adagan.study.metrics import score_modes

HELD_OUT = 5_000
GREY_LEVELS = 16


@dataclass(frozen=True)
class Task:
    """One data set with one seed.

    Attributes:
        training: Shape (N, *event).
        held_out: Real points that no model learns from, shape (M, *event).
        oracle: Other real points of the same shape: what a perfect model would sample.
        labels: The classes of the training points, for the kinds that learn from them, shape (N,).
        modes: The true modes, where they are known.
        prepare: What is done to samples before they are scored.
    """

    training: Tensor
    held_out: Tensor
    oracle: Tensor
    labels: Tensor | None = None
    modes: KnownModes | None = None
    prepare: Callable[[Tensor], Tensor] = lambda samples: samples

    def scores(self, samples: Tensor, seed: int) -> dict[str, float | None]:
        """The label-free metrics of samples, and where modes are known the KL of their histogram; by name."""
        known = {} if self.modes is None else {"forward_kl": score_modes(samples, self.modes).forward_kl}
        return {**label_free_scores(samples, self.held_out, seed), **known}


def _known(modes: KnownModes, seed: int) -> Task:
    training, held_out, oracle = (
        modes.draw(count, 3 * seed + part) for part, count in enumerate((modes.num_points, HELD_OUT, HELD_OUT))
    )
    labels = torch.cdist(training, modes.centres.to(training)).argmin(dim=1)
    return Task(training, held_out, oracle, labels, modes)


def _digits(seed: int) -> Task:
    """A third of the real images is held out; the oracle's are as many of those that are learnt."""
    images, labels = digits()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    images, labels, size = images[order], labels[order], len(images) // 3
    return Task(images[size:], images[:size], images[size : 2 * size], labels[size:], prepare=_grey_levels)


def _grey_levels(samples: Tensor) -> Tensor:
    """Pixels rounded to the levels that real ones have: a classifier would see the rounding instead of the digits."""
    return (samples.nan_to_num() * GREY_LEVELS).round().clamp(0, GREY_LEVELS) / GREY_LEVELS


TASKS: dict[str, Callable[[int], Task]] = {
    "unbalanced-ring": lambda seed: _known(known_modes("unbalanced-ring"), seed),
    "clusters-16": lambda seed: _known(known_modes("clusters-16"), seed),
    "digits": _digits,
}
