"""The classifier two-sample test: can a classifier tell samples from real points that it has not seen?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.study.metrics.arrays import two_tables

PERMUTATIONS = 500


@dataclass(frozen=True)
class TwoSampleScores:
    """What a classifier achieves on points that it did not learn from.

    Attributes:
        auc: Area under the receiver operating characteristic, the probability that a sample looks more like a sample
            than a real point does; .5 for a perfect model, 1 for one that is told apart always. Chance alone leaves
            about .3/√n, n the smaller number of points.
        level: Probability of so large an area in one of the halves under a perfect model, from permutations.
    """

    auc: float
    level: float


def two_sample_scores(
    samples: Tensor, real: Tensor, seed: int = 0, permutations: int = PERMUTATIONS
) -> TwoSampleScores:
    """Trains gradient-boosted trees on one half of the points and scores the other, both ways round.

    Given the classifier and the points, the labels of the scored half are exchangeable under a perfect model, so that
    permuting them gives an exact level; that of the two halves together is twice the smaller of them (Bonferroni).

    Args:
        samples: Shape (M, *event).
        real: Points that the model did not learn from, shape (N, *event).
        seed: Of the halves, the classifier and the permutations.
        permutations: Their number, per half.

    Raises:
        ValueError: Fewer than 20 points of either kind.

    References:
        Lopez-Paz, Oquab, *Revisiting classifier two-sample tests*, 2017, https://arxiv.org/abs/1610.06545
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]
    from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped]

    points = np.concatenate(two_tables(samples, real, least_samples=20, least_real=20))
    labels = np.repeat([1, 0], [len(samples), len(real)])
    random = np.random.default_rng(seed)
    areas, levels = [], []
    halves = StratifiedKFold(2, shuffle=True, random_state=seed)
    for train, test in halves.split(points, labels):
        classifier = HistGradientBoostingClassifier(max_iter=60, early_stopping=False, random_state=seed)
        with warnings.catch_warnings():  # joblib's threads set the process's filters, and leave the last one's behind
            score = classifier.fit(points[train], labels[train]).predict_proba(points[test])[:, 1]
        area, level = _area_and_level(score, labels[test], random, permutations)
        areas.append(area)
        levels.append(level)
    return TwoSampleScores(auc=float(np.mean(areas)), level=min(1.0, 2 * min(levels)))


def _area_and_level(
    score: NDArray[np.float64], labels: NDArray[np.int64], random: np.random.Generator, permutations: int
) -> tuple[float, float]:
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    ranks = rankdata(score)  # ties count half
    ones = int(labels.sum())

    def area(of: NDArray[np.int64]) -> float:
        return float((ranks[of == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(of) - ones)))

    seen = area(labels)
    reached = sum(area(random.permutation(labels)) >= seen for _ in range(permutations))
    return seen, (1 + reached) / (1 + permutations)
