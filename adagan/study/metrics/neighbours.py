"""Precision, recall, density and coverage from nearest neighbours: fidelity and missing mass without known modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.study.metrics.arrays import two_tables

NEIGHBOURS = 5
CHUNK = 2_000
"""Rows compared at a time: memory is CHUNK × N distances."""


@dataclass(frozen=True)
class NeighbourScores:
    """How samples and real points lie in each other's neighbourhoods, balls that reach to the k-th nearest neighbour.

    Attributes:
        precision: Share of the samples inside a ball about a real point. A perfect model scores what fresh real points
            score; about .97 for k = 5 in the plane, less in higher dimensions.
        recall: Share of the real points inside a ball about a sample; a perfect model scores as for precision.
        density: Mean number of real balls about a sample, over k; 1 for a perfect model.
        coverage: Share of the real points whose ball holds a sample. For a perfect model and as many samples as real
            points 1 − (N − 1)···(N − k)/((2N − 1)···(2N − k)), about 1 − 2^(−k) = .969 for k = 5.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbour_scores(samples: Tensor, real: Tensor, neighbours: int = NEIGHBOURS) -> NeighbourScores:
    """Scores samples against held-out real points, at least a few thousand of each where possible.

    Args:
        samples: Shape (M, *event).
        real: Points that the model did not learn from, shape (N, *event).
        neighbours: k, the neighbours that a ball reaches over.

    Raises:
        ValueError: Not more samples or real points than neighbours.

    References:
        Kynkäänniemi, Karras, Laine, Lehtinen, Aila, *Improved precision and recall metric for assessing generative
        models*, 2019, eq. 1 and 2, https://arxiv.org/abs/1904.06991 (precision and recall)

        Naeem, Oh, Uh, Choi, Yoo, *Reliable fidelity and diversity metrics for generative models*, 2020, eq. 4 and 5,
        https://arxiv.org/abs/2002.09797 (density and coverage)
    """
    drawn, truth = two_tables(samples, real, least_samples=neighbours + 1, least_real=neighbours + 1)
    drawn_radii, truth_radii = _radii(drawn, neighbours), _radii(truth, neighbours)
    balls = np.zeros(len(drawn))
    covered = np.zeros(len(truth), dtype=bool)
    recalled = np.zeros(len(truth), dtype=bool)
    for begin in range(0, len(drawn), CHUNK):
        rows = slice(begin, begin + CHUNK)
        distances = _distances(drawn[rows], truth)
        inside = distances <= truth_radii
        balls[rows] = inside.sum(axis=1)
        covered |= inside.any(axis=0)
        recalled |= (distances <= drawn_radii[rows, None]).any(axis=0)
    return NeighbourScores(
        precision=float((balls > 0).mean()),
        recall=float(recalled.mean()),
        density=float(balls.mean() / neighbours),
        coverage=float(covered.mean()),
    )


def _radii(points: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """Distance of every point to its k-th nearest neighbour among the others."""
    from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]

    # without an argument no point counts as its own neighbour
    distances = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors()[0]
    radii: NDArray[np.float64] = distances[:, -1]
    return radii


def _distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist  # type: ignore[import-untyped]

    distances: NDArray[np.float64] = cdist(first, second)
    return distances
