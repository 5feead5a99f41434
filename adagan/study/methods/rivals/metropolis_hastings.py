"""Metropolis-Hastings GAN: chains of a GAN's samples, accepted by its calibrated discriminator."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor, nn

from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.chains import MetropolisHastings
from adagan.mixtures.refinement.refined import Refined, Samples
from adagan.study.method import Lesson, Trained
from adagan.study.methods.rivals.discriminator import SHARE, Discriminator, Trial, fit_judged, train_on

CHAIN = 640
"""Proposals of a chain, as in the paper; every sample is the end of a chain of its own."""
HELD_OUT = 0.1
"""Of the data, by which the discriminator is calibrated."""


class CalibratedDiscriminator(nn.Module):
    """A discriminator whose probabilities are mapped by isotonic regression to what held-out points say.

    Args:
        discriminator: It did not learn from the points.
        data: Held-out, shape (N, *event).
        samples: Of the generator, shape (N, *event).

    References:
        Turner, Hung, Frank, Saatchi, Yosinski, *Metropolis-Hastings generative adversarial networks*, 2019,
        section 3.2, https://arxiv.org/abs/1811.11357

        Zadrozny, Elkan, *Transforming classifier scores into accurate multiclass probability estimates*, 2002,
        https://doi.org/10.1145/775047.775151
    """

    def __init__(self, discriminator: Discriminator, data: Tensor, samples: Tensor) -> None:
        from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped]

        super().__init__()
        self.discriminator = discriminator
        logits = discriminator.logits(torch.cat([data, samples])).numpy()
        real = np.arange(len(logits)) < len(data)
        # no held-out point can tell a probability from 0 or 1 that is nearer than this
        edge = 1 / (len(logits) + 2)
        self.calibration = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(logits, real)

    def log_ratio(self, x: Tensor) -> Tensor:
        """Log dP_model/dP_data at points of shape (N, *event), shape (N,)."""
        chance = torch.from_numpy(self.calibration.predict(self.discriminator.logits(x).numpy()))
        return -torch.logit(chance)


def metropolis_hastings(lesson: Lesson) -> Trained[Samples]:
    """One GAN; its discriminator is trained on, calibrated on a tenth of the data, and steers chains of its samples.

    A chain begins at a sample of the generator, where the paper's begin at a real point and go back to a sample when
    nothing was accepted: after so many proposals the beginning does not matter, and no real point is handed out.
    """
    trial = Trial.of(lesson)
    start = time.process_time()
    generator = torch.Generator().manual_seed(lesson.seed)
    order = torch.randperm(len(lesson.data), generator=generator)
    held_out, learnt = (lesson.data[rows] for rows in order.tensor_split([int(HELD_OUT * len(order))]))
    component, judge = fit_judged(lesson, trial, (1 - SHARE) * lesson.seconds)
    train_on(judge, component, learnt, trial.judge.steps(SHARE * lesson.seconds), lesson.seed)
    critic = CalibratedDiscriminator(judge, held_out, component.sample(len(held_out), generator=generator))
    answer = Refined(Mixture([component]), critic, MetropolisHastings(CHAIN), generator=generator)
    return Trained((answer,), 1, time.process_time() - start)
