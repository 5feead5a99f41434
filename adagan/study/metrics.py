"""Metrics for benchmarks whose modes are known.

A perfect model does not score 100 %: in the plane .9889 of a Gaussian lies within three standard deviations, the spread
of those points is .974, and the KL of the histogram has a floor of (K − 1)/(2n). The oracle's row shows all of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.data.built_in import KnownModes

NEAR = 3.0
"""In the plane a sample within so many standard deviations of its nearest mode is of high quality."""
CORE = 0.9
"""Share of a mode inside the circle of `core_quality`."""


@dataclass(frozen=True)
class Scores:
    """What is known about a set of samples.

    Attributes:
        num_samples: Their number.
        modes: Modes with one high-quality sample or more.
        modes_strict: Modes with as many as the benchmark's protocol demands.
        high_quality: Share of the samples near a mode: within three standard deviations in the plane, elsewhere within
            the radius that holds as much of the mode.
        reverse_kl: KL(samples' histogram ‖ truth) over the modes, of high-quality samples; the largest
            possible value where there are none.
        reverse_kl_all: The same of all samples, each counted at its nearest mode.
        forward_kl: KL(truth ‖ samples' histogram) of high-quality samples, with half a sample added to every mode.
        smallest_share: The smallest ratio of a mode's share among high-quality samples to its true share.
        spread: Standard deviation of the high-quality samples about their modes, over the true one; ``None`` where
            modes have no known width.
    """

    num_samples: int
    modes: int
    modes_strict: int
    high_quality: float
    reverse_kl: float
    reverse_kl_all: float
    forward_kl: float
    smallest_share: float
    spread: float | None


def score_modes(samples: Tensor, benchmark: KnownModes) -> Scores:
    """Scores samples of shape (N, D) against known modes; samples that are not finite count as far away."""
    points, distance, mode = _nearest(samples, benchmark)
    near = distance < near_radius(benchmark.centres.shape[1]) * benchmark.std
    count = len(benchmark.centres)
    within = torch.bincount(mode[near], minlength=count).numpy()
    everywhere = torch.bincount(mode, minlength=count).numpy()
    truth = benchmark.probabilities.double().numpy()
    squares = (points[near] - benchmark.centres.double()[mode[near]]).square().mean()
    return histogram_scores(
        within,
        everywhere,
        truth,
        num_samples=len(points),
        strict_count=benchmark.strict_count,
        spread=float(squares.sqrt()) / benchmark.std if bool(near.any()) else 0.0,
    )


def near_radius(dimension: int) -> float:
    """What is near a mode, in its standard deviations: the ball that holds as much of it as `NEAR` does in the plane.

    In 16 dimensions three standard deviations about a mode hold next to nothing of it.
    """
    return NEAR if dimension == 2 else _radius(1 - math.exp(-(NEAR**2) / 2), dimension)


def core_quality(samples: Tensor, benchmark: KnownModes) -> float:
    """Σ_modes min(expected, samples in the mode's 90 % ball)/n: one number for realism and balance.

    A perfect model scores .900, less a little where modes expect few samples.

    Args:
        samples: Shape (n, D).
        benchmark: The modes.

    References:
        Neunhoeffer, Wu, Dwork, *Private post-GAN boosting*, 2021, https://arxiv.org/abs/2007.11934
    """
    _, distance, mode = _nearest(samples, benchmark)
    core = distance < _radius(CORE, benchmark.centres.shape[1]) * benchmark.std
    counts = torch.bincount(mode[core], minlength=len(benchmark.centres)).double()
    return float(torch.minimum(counts / len(samples), benchmark.probabilities.double()).sum())


def _radius(share: float, dimension: int) -> float:
    """Of the ball that holds a share of a standard normal distribution."""
    from scipy.stats import chi2  # type: ignore[import-untyped]

    return math.sqrt(chi2.ppf(share, dimension))


def _nearest(samples: Tensor, benchmark: KnownModes) -> tuple[Tensor, Tensor, Tensor]:
    """The points, finite and in float64, their distances to the nearest centre, and the mode that it is of."""
    points = torch.nan_to_num(samples.double(), nan=1e9, posinf=1e9, neginf=-1e9)
    distance, mode = torch.cdist(points, benchmark.centres.double()).min(dim=1)
    return points, distance, mode


def histogram_scores(
    within: NDArray[np.int64],
    everywhere: NDArray[np.int64],
    truth: NDArray[np.float64],
    *,
    num_samples: int,
    strict_count: int | None,
    spread: float | None,
) -> Scores:
    """Scores from counts per mode, shapes (K,): of high-quality samples and of all samples.

    Args:
        within: High-quality samples per mode.
        everywhere: All samples, each at its nearest mode.
        truth: True shares of the modes.
        num_samples: Number of all samples.
        strict_count: Samples that make a mode count; ``None`` means a third of the expected number.
        spread: As in `Scores`.
    """
    threshold = truth * num_samples / 3 if strict_count is None else np.full(len(truth), float(strict_count))
    total = int(within.sum())
    shares = within / max(total, 1)
    smoothed = (within + 0.5) / (total + 0.5 * len(truth))
    return Scores(
        num_samples=num_samples,
        modes=int((within > 0).sum()),
        modes_strict=int((within >= threshold).sum()),
        high_quality=total / num_samples,
        reverse_kl=_kl(shares, truth) if total else float(-np.log(truth.min())),
        reverse_kl_all=_kl(everywhere / num_samples, truth),
        forward_kl=_kl(truth, smoothed),
        smallest_share=float((shares / truth).min()),
        spread=spread,
    )


def _kl(first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> float:
    used = first > 0
    return float((first[used] * np.log(first[used] / second[used])).sum())
