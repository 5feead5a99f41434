"""Our metrics against the same quantities by scikit-learn and scipy: other code, the same numbers."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy  # type: ignore[import-untyped]
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel  # type: ignore[import-untyped]
from sklearn.neighbors import BallTree  # type: ignore[import-untyped]
from torch import Tensor

from adagan.study.metrics.histogram import histogram_scores
from adagan.study.metrics.mean_discrepancy import BANDWIDTHS, mean_discrepancy
from adagan.study.metrics.neighbours import neighbour_scores
from adagan.study.metrics.sliced_wasserstein import sliced_wasserstein


def two_sets(dimension: int) -> tuple[Tensor, Tensor]:
    """400 samples and 300 real points that overlap in part."""
    generator = torch.Generator().manual_seed(100)
    points = torch.randn(700, dimension, generator=generator, dtype=torch.float64)
    return points[:400] + 0.7, points[400:]


@pytest.mark.parametrize("dimension", [1, 2, 9])
@pytest.mark.parametrize("neighbours", [1, 5])
def test_precision_recall_density_coverage_by_a_ball_tree(dimension: int, neighbours: int) -> None:
    samples, real = (points.numpy() for points in two_sets(dimension))
    of_samples, of_real = BallTree(samples), BallTree(real)
    sample_radii, real_radii = (
        tree.query(points, k=neighbours + 1)[0][:, -1] for tree, points in ((of_samples, samples), (of_real, real))
    )
    in_balls = of_samples.query_radius(real, real_radii)  # of each real point the samples that its ball holds
    balls = np.bincount(np.concatenate(in_balls), minlength=len(samples))
    recalled = np.concatenate(of_real.query_radius(samples, sample_radii))
    scores = neighbour_scores(*two_sets(dimension), neighbours)
    assert scores.precision == pytest.approx((balls > 0).mean())
    assert scores.density == pytest.approx(balls.mean() / neighbours)
    assert scores.coverage == pytest.approx(np.mean([len(inside) > 0 for inside in in_balls]))
    assert scores.recall == pytest.approx(len(np.unique(recalled)) / len(real))


def test_mean_discrepancy_by_kernel_matrices() -> None:
    samples, real = (points.numpy() for points in two_sets(3))
    unit = np.median(euclidean_distances(real)[np.triu_indices(len(real), 1)])
    expected = 0.0
    for width in BANDWIDTHS:
        gamma = 1 / (2 * (width * unit) ** 2)
        within = [
            (matrix.sum() - np.trace(matrix)) / (len(matrix) * (len(matrix) - 1))
            for matrix in (rbf_kernel(samples, gamma=gamma), rbf_kernel(real, gamma=gamma))
        ]
        expected += (sum(within) - 2 * rbf_kernel(samples, real, gamma=gamma).mean()) / len(BANDWIDTHS)
    # euclidean_distances squares by the scalar product, which costs some digits
    assert mean_discrepancy(*two_sets(3)) == pytest.approx(expected, rel=1e-6)


def test_sliced_wasserstein_in_one_dimension_is_of_sorted_points() -> None:
    pytest.importorskip("ot")
    samples, real = (points[:300] for points in two_sets(1))
    expected = (samples[:, 0].sort().values - real[:, 0].sort().values).square().mean().sqrt()
    assert sliced_wasserstein(samples, real) == pytest.approx(float(expected), rel=1e-6)


def test_divergences_of_the_histogram_by_scipy() -> None:
    within, everywhere = np.array([5, 0, 15, 30]), np.array([10, 1, 20, 69])
    truth = np.array([0.1, 0.2, 0.3, 0.4])
    scores = histogram_scores(within, everywhere, truth, num_samples=100, strict_count=None, spread=None)
    assert scores.reverse_kl == pytest.approx(entropy(within, truth), rel=1e-12)
    assert scores.reverse_kl_all == pytest.approx(entropy(everywhere, truth), rel=1e-12)
    assert scores.forward_kl == pytest.approx(entropy(truth, within + 0.5), rel=1e-12)
