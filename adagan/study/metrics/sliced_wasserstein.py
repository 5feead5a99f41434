"""The sliced Wasserstein distance, which needs no known modes; POT computes it, from the extra ``study``."""

from __future__ import annotations

from torch import Tensor

from adagan.study.metrics.arrays import two_tables

NUM_PROJECTIONS = 50
MAX_POINTS = 10_000
"""More points than these are left out, so that the distance costs less than the sampling."""


def sliced_wasserstein(samples: Tensor, truth: Tensor, seed: int = 0) -> float | None:
    """Sliced 2-Wasserstein distance over random directions, in units of the data; ``None`` where POT is not installed.

    The oracle's row has its value for a perfect model at the same number of samples.

    Args:
        samples: Shape (N, *event).
        truth: Fresh draws of the truth, shape (N, *event).
        seed: Of the directions.

    References:
        Bonneel, Rabin, Peyré, Pfister, *Sliced and Radon Wasserstein barycenters of measures*, 2015,
        https://doi.org/10.1007/s10851-014-0506-3
    """
    try:
        import ot  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ModuleNotFoundError:
        return None
    points, real = two_tables(samples[:MAX_POINTS], truth[:MAX_POINTS])
    return float(ot.sliced_wasserstein_distance(points, real, n_projections=NUM_PROJECTIONS, seed=seed))
