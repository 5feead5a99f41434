"""The number of statistically different bins: a histogram of the data's clusters, tested bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from adagan.study.metrics.arrays import two_tables

BINS = 50
LEVEL = 0.05


@dataclass(frozen=True)
class BinScores:
    """How a histogram of samples differs from that of real points.

    Attributes:
        different: Share of the bins whose two proportions differ at the level of 5 %; a perfect model scores about
            .05.
        level: Probability of so large a chi-squared distance between the histograms under a perfect model; uniform on
            [0, 1] for one.
    """

    different: float
    level: float


def bin_scores(samples: Tensor, real: Tensor, bins: int = BINS, seed: int = 0) -> BinScores:
    """Counts the bins that a model fills too much or too little.

    Half of the real points choose the bins, by k-means after standardisation; the other half is counted in them. Bins
    chosen by the points that are counted would favour those points.

    Args:
        samples: Shape (M, *event).
        real: Points that the model did not learn from, shape (N, *event).
        bins: Number of bins, at most a quarter of N/5 of them, so that the tests have counts to go by.
        seed: Of k-means.

    Raises:
        ValueError: Fewer than 40 real points.

    References:
        Richardson, Weiss, *On GANs and GMMs*, 2018, section 3, https://arxiv.org/abs/1805.12462
    """
    from scipy.stats import chi2_contingency, norm  # type: ignore[import-untyped]
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]

    drawn, truth = two_tables(samples, real, least_real=40)
    scale = truth.std(axis=0)
    scale[scale == 0] = 1
    chosen, counted = truth[::2] / scale, truth[1::2] / scale
    clusters = KMeans(min(bins, len(chosen) // 10), n_init=1, random_state=seed).fit(chosen)
    table = np.stack(
        [np.bincount(clusters.predict(points), minlength=clusters.n_clusters) for points in (drawn / scale, counted)]
    )
    table = table[:, table.sum(axis=0) > 0]
    totals = table.sum(axis=1, keepdims=True)
    shares = table / totals
    pooled = table.sum(axis=0) / totals.sum()
    error = np.sqrt(pooled * (1 - pooled) * (1 / totals).sum())
    difference = np.abs(shares[0] - shares[1]) / np.maximum(error, np.finfo(float).tiny)
    return BinScores(
        different=float((difference > norm.ppf(1 - LEVEL / 2)).mean()),
        level=float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0,
    )
