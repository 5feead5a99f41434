"""Samples against modes that are known: which are there, how pure, how wide, and in which shares.

A perfect model does not score 100 %: in the plane .9889 of a Gaussian lies within three standard deviations, the spread
of those points is .974, and the KL of the histogram has a floor of (K − 1)/(2n). The oracle's row shows all of these.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from adagan.data.built_in import KnownModes
from adagan.study.metrics.arrays import flat_array
from adagan.study.metrics.histogram import Scores, histogram_scores

NEAR = 3.0
"""In the plane a sample within so many standard deviations of its nearest mode is of high quality."""


def score_modes(samples: Tensor, modes: KnownModes) -> Scores:
    """Scores samples of shape (N, D) against known modes; samples that are not finite count as far away."""
    points, distance, mode = nearest_modes(samples, modes)
    near = distance < near_radius(modes.centres.shape[1]) * modes.std
    count = len(modes.centres)
    within = torch.bincount(mode[near], minlength=count).numpy()
    everywhere = torch.bincount(mode, minlength=count).numpy()
    truth = modes.probabilities.double().numpy()
    squares = (points[near] - modes.centres.double()[mode[near]]).square().mean()
    return histogram_scores(
        within,
        everywhere,
        truth,
        num_samples=len(points),
        strict_count=modes.strict_count,
        spread=float(squares.sqrt()) / modes.std if bool(near.any()) else 0.0,
    )


def mode_ratios(samples: Tensor, modes: KnownModes) -> list[float]:
    """The share of samples of high quality in every mode, over its true share; about 1 each for a perfect model."""
    _, distance, mode = nearest_modes(samples, modes)
    near = distance < near_radius(modes.centres.shape[1]) * modes.std
    counts = torch.bincount(mode[near], minlength=len(modes.centres)).double()
    ratios: list[float] = (counts / (len(samples) * modes.probabilities.double())).tolist()
    return [round(ratio, 3) for ratio in ratios]


def near_radius(dimension: int) -> float:
    """What is near a mode, in its standard deviations: the ball that holds as much of it as `NEAR` does in the plane.

    In 16 dimensions three standard deviations about a mode hold next to nothing of it.
    """
    return NEAR if dimension == 2 else radius(1 - math.exp(-(NEAR**2) / 2), dimension)


def radius(share: float, dimension: int) -> float:
    """Of the ball that holds a share of a standard normal distribution."""
    from scipy.stats import chi2  # type: ignore[import-untyped]

    return math.sqrt(chi2.ppf(share, dimension))


def nearest_modes(samples: Tensor, modes: KnownModes) -> tuple[Tensor, Tensor, Tensor]:
    """The points, finite and in float64, their distances to the nearest centre, and the mode that it is of."""
    points = torch.from_numpy(flat_array(samples))
    distance, mode = torch.cdist(points, modes.centres.double()).min(dim=1)
    return points, distance, mode
