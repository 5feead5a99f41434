"""Scores from counts per mode: which modes are there, and how their shares differ from the truth's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scores:
    """What is known about a set of samples where modes are known.

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
