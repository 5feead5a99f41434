"""How far samples are from data, by what learns from neither the model nor its critic: trees, and neighbours."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.estimate import Estimate

TREES, RATE = 40, 0.1
NEIGHBOURS = 5
"""A ball about a point reaches to so many others."""
MOST_NEAR = 3_000
"""Points and samples whose neighbours are looked for."""


@dataclass(frozen=True)
class Judged:
    """A set of samples beside data, point by point, so that two sets can be compared pair by pair.

    Attributes:
        told: Of every data point log 2d, d the probability of being data that trees gave it which had not seen it,
            shape (N,): with that of the samples, a lower bound of the Jensen-Shannon divergence.
        told_samples: Of every sample log 2(1 − d), shape (M,).
        covered: Whether a data point has a sample nearer than its fifth neighbour, shape (R,), 0 or 1.
        inside: Whether a sample is in such a ball, shape (R,), 0 or 1.
    """

    told: Tensor
    told_samples: Tensor
    covered: Tensor
    inside: Tensor


def judged(data: Tensor, samples: Tensor, seed: int) -> Judged:
    """Compares samples (M, D) with data (N, D), both as features, in random order."""
    near, drawn = data[:MOST_NEAR].float(), samples[: min(MOST_NEAR, len(data))].float()
    radii = torch.cdist(near, near).kthvalue(NEIGHBOURS + 1, dim=1).values  # the point itself comes first
    balls = torch.cdist(drawn, near) <= radii
    told, told_samples = _told(data, samples, seed)
    return Judged(told, told_samples, balls.any(dim=0).double(), balls.any(dim=1).double())


def _told(data: Tensor, samples: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """What trees say that learnt from the other half of both."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

    points = torch.cat([data, samples]).cpu().numpy()
    real = torch.arange(len(points)) < len(data)
    half = torch.cat([torch.arange(len(data)), torch.arange(len(samples))]) % 2
    share = torch.tensor([len(samples), len(data)]).double() / len(points)
    found = torch.empty(len(points), dtype=torch.float64)
    for own in (0, 1):
        train, test = (half != own).numpy(), half == own
        trees = HistGradientBoostingClassifier(max_iter=TREES, learning_rate=RATE, random_state=seed % 2**32)
        with warnings.catch_warnings():  # joblib's threads set the process's filters, and leave the last one's behind
            chance = torch.from_numpy(
                trees.fit(points[train], real.numpy()[train]).predict_proba(points[test.numpy()])[:, 1]
            )
        odds = torch.logit(chance, eps=1e-6) + share[0].log() - share[1].log()  # as if there were as many of both
        found[test] = odds
    told = math.log(2) + torch.nn.functional.logsigmoid(torch.where(real, found, -found))
    return told[real], told[~real]


@dataclass(frozen=True)
class Gain:
    """What refining changes, with standard errors: above 0 is better in all three.

    Attributes:
        divergence: Fall of the Jensen-Shannon divergence from the data, as far as trees see it.
        coverage: Rise of the share of the data that has samples near it.
        precision: Rise of the share of the samples that lies near data.
    """

    divergence: Estimate
    coverage: Estimate
    precision: Estimate


def gain(before: list[Judged], after: list[Judged]) -> Gain:
    """The change from one set of samples to another, over parts of the data."""
    told = [_mean(torch.cat([one.told - two.told for one, two in zip(before, after, strict=True)]))]
    for sets, sign in ((before, 1), (after, -1)):
        told.append(_mean(sign * torch.cat([one.told_samples for one in sets])))
    inside = [_mean(sign * torch.cat([one.inside for one in sets])) for sets, sign in ((after, 1), (before, -1))]
    return Gain(
        divergence=_sum(told, 0.5),
        coverage=_mean(torch.cat([two.covered - one.covered for one, two in zip(before, after, strict=True)])),
        precision=_sum(inside, 1.0),
    )


def _mean(terms: Tensor) -> Estimate:
    return Estimate(float(terms.mean()), float(terms.std(correction=0)) / math.sqrt(len(terms)))


def _sum(estimates: list[Estimate], factor: float) -> Estimate:
    error = math.sqrt(sum(estimate.error**2 for estimate in estimates))
    return Estimate(factor * sum(estimate.value for estimate in estimates), factor * error)
