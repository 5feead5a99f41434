"""A two-sample level for critics: how probable their edge is when the mixture is the data's distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]
from torch import Tensor

from adagan.components.critics.labelled_points import LabelledPoints, in_blocks

SIGNIFICANT = 1e-3
"""An edge whose level is below this could hardly be luck."""
MOST_TESTED = 5_000
"""Data points, and samples, by which it is seen whether an estimate has learnt anything."""


def ranking_level(at_data: Tensor, at_samples: Tensor, data_weights: Tensor, sample_weights: Tensor) -> float:
    r"""The level of a critic that ranks samples above data, at points that it neither learnt from nor was tuned on.

    The statistic is the area under the receiver operating characteristic, the weighted share of pairs that are ranked
    rightly, ties counting half (Mann and Whitney's). If both kinds of points have one distribution, it is one half plus
    noise that is asymptotically normal, whatever the critic: a one-sided normal test. The variance is the larger of
    DeLong's estimate, which allows for weights that go with the places of the points, and the variance under the null
    without weights and ties, (Σw² + Σv² + Σw² Σv²)/12. Both are valid; the larger one keeps small samples honest.

    Args:
        at_data: Log ratios at data points, shape (N,).
        at_samples: Log ratios at samples, shape (M,).
        data_weights: w, shape (N,), sum 1.
        sample_weights: v, shape (M,), sum 1.

    References:
        DeLong, DeLong, Clarke-Pearson, *Comparing the areas under two or more correlated receiver operating
        characteristic curves: a nonparametric approach*, 1988.
    """
    above = _share_below(at_samples, data_weights, at_data)
    below = 1 - _share_below(at_data, sample_weights, at_samples)
    area = float(sample_weights @ above)
    squares, other_squares = float(data_weights.square().sum()), float(sample_weights.square().sum())
    null = _variance_under_null(squares, other_squares)
    estimated = float((data_weights * (below - area)).square().sum() + (sample_weights * (above - area)).square().sum())
    return float(ndtr((0.5 - area) / math.sqrt(max(null, estimated))))


@torch.no_grad()
def learnt_level(estimate: Callable[[Tensor], Tensor], training: LabelledPoints) -> float:
    """The level of an estimate at points that it *did* learn from: whether it has learnt anything at all.

    Even where data and samples have one distribution, an estimate that was given enough steps or trees for its points
    ranks them better than chance. One that does not was starved, and what it does not see elsewhere says nothing.

    Args:
        estimate: From points (B, *event) to log ratios (B, K).
        training: What it learnt from, thinned here.
    """
    thin, thin_samples = (max(len(part) // MOST_TESTED, 1) for part in (training.data, training.samples))
    weights = training.weights[::thin]
    at_data, at_samples = (
        torch.logsumexp(in_blocks(estimate, part) + training.log_shares[1:].double(), dim=1)
        for part in (training.data[::thin], training.samples[::thin_samples])
    )
    return ranking_level(
        at_data, at_samples, weights / weights.sum(), at_samples.new_full(at_samples.shape, 1 / len(at_samples))
    )


def visible_mass(data_weights: Tensor, sample_weights: Tensor, tests: int = 1) -> float:
    r"""The smallest share of the data that a mixture must lack for the level to show it: what the test can see at all.

    A mixture that makes nothing of a share m of the data, and the rest of them in their proportions, gives an ideal
    critic an area of 1/2 + m/2. It reaches the level `SIGNIFICANT` with even odds where that is z standard errors from
    one half, z being the normal quantile of the level; a real critic needs more.

    Args:
        data_weights: Of the points of one test, shape (N,), sum 1.
        sample_weights: Shape (M,), sum 1.
        tests: How many tests there are, of which the best counts, as in `level_over_folds`.

    Returns:
        A share in (0, 1]; 1 where there are too few points for any verdict.
    """
    null = _variance_under_null(float(data_weights.square().sum()), float(sample_weights.square().sum()))
    return min(1.0, -2 * float(ndtri(SIGNIFICANT / tests)) * math.sqrt(null))


def _variance_under_null(squares: float, other_squares: float) -> float:
    """Of the area, for weights with these sums of squares and no ties."""
    return (squares + other_squares + squares * other_squares) / 12


def _share_below(places: Tensor, weights: Tensor, values: Tensor) -> Tensor:
    """The weight of the values below each place, half of that of values equal to it; of the shape of `places`."""
    order = values.argsort()
    ranked, cumulative = values[order], torch.cat([weights.new_zeros(1), weights[order].cumsum(0)])
    left, right = (torch.searchsorted(ranked, places, right=side) for side in (False, True))
    return 0.5 * (cumulative[left] + cumulative[right])


def level_over_folds(levels: Iterable[float]) -> float:
    """One level from those of several folds: the least, times their number (Bonferroni), at most 1.

    Valid however the folds depend on each other; and they do: each one's critic learnt from the points that the others
    score, so that a test on all scores together, as if they were independent, raises too many false alarms.

    References:
        Bengio, Grandvalet, *No unbiased estimator of the variance of K-fold cross-validation*, 2004,
        https://www.jmlr.org/papers/v5/grandvalet04a.html
    """
    found = list(levels)
    return min(1.0, len(found) * min(found))
