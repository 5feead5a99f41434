"""What is missing: the training points that a mixture does not produce, in groups, for data without labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.one_thread import one_thread
from adagan.mixtures.arguments import ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.numbers import check_share
from adagan.mixtures.randomness import isolated_randomness, seeded_generator
from adagan.mixtures.steps import shortfall

MAX_POINTS = 10_000
"""More missing points than these are thinned before they are grouped."""
MAX_DIMENSION = 4
MAX_REGIONS = 12


@dataclass(frozen=True)
class MissingRegion:
    """A group of training points that the mixture hardly produces.

    Attributes:
        rows: Row numbers in the training data, the least covered first, shape (M,).
        centre: Their mean, weighted by what is missing at each, shape (*event).
        missing_mass: Σ p_i (1 − u_i)_+ over the group: the share of the data that is missing here.
        coverage: The group's mass under the mixture over its mass in the data.
    """

    rows: Tensor
    centre: Tensor
    missing_mass: float
    coverage: float


def missing_regions(
    data: Tensor,
    log_ratio: ArrayLike,
    base: ArrayLike | None = None,
    *,
    threshold: float = 0.5,
    smallest: float = 0.002,
    seed: int = 0,
) -> list[MissingRegion]:
    """Groups the points whose ratio lies below a threshold, largest missing mass first.

    Groups are the components of scikit-learn's Gaussian mixture on the first principal components of the missing
    points, their number the one that the Bayesian information criterion prefers.

    Args:
        data: Training points, shape (N, *event).
        log_ratio: log dP_mixture/dP_data at them, by a coarse critic that did not see them, shape (N,).
        base: The points' own weights, shape (N,); ``None`` means uniform.
        threshold: Points with a ratio below it, in (0, 1], count as missing.
        smallest: Regions with less missing mass are left out.
        seed: Of the thinning and the grouping.

    Returns:
        The regions; an empty list when nothing is missing.
    """
    check_share(threshold, "threshold")
    ratios = as_log_ratio(log_ratio)
    weights = as_probabilities(base, len(data), ratios)
    lacking = (weights * shortfall(ratios)).cpu()
    missing = ((ratios.exp() < threshold) & (weights > 0)).cpu().nonzero()[:, 0]
    if float(lacking[missing].sum()) < smallest:
        return []
    order = torch.randperm(len(missing), generator=seeded_generator(seed))[:MAX_POINTS]
    thinned = missing[order.sort().values]
    flat = data[thinned.to(data.device)].reshape(len(thinned), -1).cpu().double().numpy()
    with isolated_randomness(seed):  # scikit-learn's first import draws from Python's generator
        groups = torch.from_numpy(_grouped(flat, seed % 2**32))
    thinning = len(missing) / len(thinned)
    found = [
        _region(data, thinned[groups == group], ratios.cpu(), weights.cpu(), lacking, thinning)
        for group in torch.unique(groups)
    ]
    return sorted((r for r in found if r.missing_mass >= smallest), key=lambda region: -region.missing_mass)


def _grouped(points: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """The group of each point, shape (M,)."""
    if len(points) < 2:  # nothing to tell apart, and scikit-learn refuses it
        return np.zeros(len(points), dtype=np.int64)
    from sklearn.decomposition import PCA  # type: ignore[import-untyped]
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    dimension = min(MAX_DIMENSION, *points.shape)
    axes = PCA(dimension, random_state=seed).fit_transform(points)
    # a group needs a few points for each entry of its covariance
    sizes = range(1, max(2, min(MAX_REGIONS, len(points) // (5 * dimension**2)) + 1))
    scale = 1e-6 * float(axes.var()) + 1e-12
    with one_thread():
        fits = [GaussianMixture(size, random_state=seed, n_init=2, reg_covar=scale).fit(axes) for size in sizes]
    best = min(fits, key=lambda fit: fit.bic(axes))
    return np.asarray(best.predict(axes), dtype=np.int64)


def _region(
    data: Tensor, rows: Tensor, ratios: Tensor, weights: Tensor, lacking: Tensor, thinning: float
) -> MissingRegion:
    share = (lacking[rows] / lacking[rows].sum()).to(data)
    return MissingRegion(
        rows=rows[ratios[rows].argsort()],
        centre=torch.tensordot(share, data[rows.to(data.device)], dims=1),
        missing_mass=float(lacking[rows].sum()) * thinning,
        coverage=float((weights[rows] * ratios[rows].exp()).sum() / weights[rows].sum()),
    )
