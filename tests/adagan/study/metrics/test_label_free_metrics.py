"""Metrics without known modes: values by hand, what a perfect model scores, and what a lost mode and a copy score."""

import math

import numpy as np
import pytest
import sklearn.ensemble  # noqa: F401  (its import draws from Python's generator, which the fixture would see)
import torch
from torch import Tensor

from adagan.study.metrics.arrays import FAR, flat_array
from adagan.study.metrics.bins import bin_scores
from adagan.study.metrics.label_free import label_free_scores
from adagan.study.metrics.mean_discrepancy import mean_discrepancy
from adagan.study.metrics.neighbours import neighbour_scores
from adagan.study.metrics.sliced_wasserstein import sliced_wasserstein
from adagan.study.metrics.two_sample import two_sample_scores

LINE = torch.tensor([[0.0], [1.0], [3.0], [7.0]])


def blobs(count: int, seed: int, centres: int = 4) -> Tensor:
    """Draws of equal blobs, six standard deviations apart."""
    generator = torch.Generator().manual_seed(seed)
    centre = 6.0 * torch.randint(centres, (count, 1), generator=generator)
    return centre + torch.randn(count, 2, generator=generator)


def test_balls_of_one_neighbour_by_hand() -> None:
    # real balls reach [-1, 1], [0, 2], [1, 5], [3, 11]; balls of the samples [1.3, 1.7], [1.3, 1.7+] and so on
    samples = torch.tensor([[1.4], [1.5], [4.0], [20.0]])
    scores = neighbour_scores(samples, LINE, neighbours=1)
    # 1.4 and 1.5 lie in the second and third ball, 4 in the third and fourth, 20 in none
    assert scores.precision == 3 / 4
    assert scores.density == (2 + 2 + 2 + 0) / 4
    assert scores.coverage == 3 / 4
    # samples' balls: 1.4 ± .1, 1.5 ± .1, 4 ± 2.5 (holds 3), 20 ± 16 (holds 7)
    assert scores.recall == 2 / 4


def test_a_copy_of_the_real_points_is_perfect_in_the_neighbours_eyes() -> None:
    real = blobs(300, 0)
    scores = neighbour_scores(real, real)
    assert (scores.precision, scores.recall, scores.coverage) == (1, 1, 1)
    # every ball holds its centre and its k neighbours
    assert scores.density == pytest.approx(6 / 5)


def test_coverage_of_the_truth_is_what_counting_says() -> None:
    count, neighbours = 2_000, 5
    values = [neighbour_scores(blobs(count, 2 * s), blobs(count, 2 * s + 1)).coverage for s in range(5)]
    # a ball is empty when its centre's k nearest among the other 2N − 1 points are all real ones
    empty = math.prod((count - i) / (2 * count - i) for i in range(1, neighbours + 1))
    # five draws of 2,000 dependent indicators; six standard errors, each taken twice as large as if independent
    error = 6 * 2 * math.sqrt(empty * (1 - empty) / (5 * count))
    assert np.mean(values) == pytest.approx(1 - empty, abs=error)
    assert neighbour_scores(blobs(count, 0), blobs(count, 1)).density == pytest.approx(1, abs=0.06)


def test_a_lost_mode_costs_coverage_and_recall_and_no_precision() -> None:
    real, samples = blobs(2_000, 1), blobs(2_000, 2, centres=3)
    scores = neighbour_scores(samples, real)
    assert scores.coverage < 0.8
    assert scores.recall < 0.8
    assert scores.precision > 0.95


def test_stray_samples_cost_precision_and_no_recall() -> None:
    real, samples = blobs(2_000, 1, centres=3), blobs(2_000, 2)
    scores = neighbour_scores(samples, real)
    assert scores.precision < 0.8
    assert scores.recall > 0.95


def test_bins_of_the_truth_and_of_a_lost_mode() -> None:
    truth = [bin_scores(blobs(2_000, 2 * s), blobs(2_000, 2 * s + 1), bins=20) for s in range(20)]
    # 400 tests at the level of .05, nearly independent: six standard errors are .065
    assert np.mean([scores.different for scores in truth]) == pytest.approx(0.05, abs=0.065)
    # the mean of 20 uniform levels: six standard errors are 6 · .289/√20
    assert np.mean([scores.level for scores in truth]) == pytest.approx(0.5, abs=6 * 0.289 / math.sqrt(20))
    lost = bin_scores(blobs(2_000, 2, centres=3), blobs(2_000, 1), bins=20)
    assert lost.different > 0.2
    assert lost.level < 1e-6


def test_two_bins_by_hand() -> None:
    real = torch.cat([torch.zeros(40, 1), torch.ones(40, 1)])
    scores = bin_scores(torch.cat([torch.zeros(30, 1), torch.ones(10, 1)]), real, bins=2)
    # shares .75 and .5 of 40 and 40 points: z = .25/√(.625 · .375 · 2/40) = 2.31 > 1.96 in both bins
    assert scores.different == 1
    # with the correction for continuity χ² = (|30·20 − 10·20| − 40)² · 80/(50 · 30 · 40 · 40) = 4.32
    assert scores.level == pytest.approx(math.erfc(math.sqrt(4.32 / 2)), rel=1e-6)


def test_a_classifier_cannot_tell_the_truth() -> None:
    scores = [two_sample_scores(blobs(400, 2 * s), blobs(400, 2 * s + 1), permutations=99) for s in range(8)]
    # the area of 400 against 400 has a standard error of .29/√400 = .0144; eight of them .0051
    assert np.mean([score.auc for score in scores]) == pytest.approx(0.5, abs=6 * 0.0051)
    # P(level ≤ .05) ≤ .05: six or more of eight would happen once in two million times
    assert sum(score.level <= 0.05 for score in scores) < 6


def test_a_classifier_sees_a_lost_mode_and_a_shift() -> None:
    lost = two_sample_scores(blobs(1_000, 2, centres=3), blobs(1_000, 1), permutations=99)
    # a quarter of the real points is known for sure: the area is 1 − (1 − .25)/2 at best
    assert lost.auc == pytest.approx(0.625, abs=0.05)
    assert lost.level == 2 / 100
    assert two_sample_scores(blobs(500, 2) + 100, blobs(500, 1), permutations=9).auc > 0.995


def test_mean_discrepancy_by_hand() -> None:
    samples, real = torch.tensor([[0.0], [2.0]]), torch.tensor([[0.0], [1.0]])
    # the median squared distance between real points is 1, so that k(d²) = exp(−d²/2) for the bandwidth 1
    expected = math.exp(-2) + math.exp(-0.5) - 2 * (1 + math.exp(-0.5) + math.exp(-2) + math.exp(-0.5)) / 4
    assert mean_discrepancy(samples, real, bandwidths=(1.0,)) == pytest.approx(expected, rel=1e-12)


def test_mean_discrepancy_of_the_truth_is_nothing_on_average() -> None:
    values = [mean_discrepancy(blobs(200, 2 * s), blobs(200, 2 * s + 1)) for s in range(40)]
    assert abs(np.mean(values)) < 6 * np.std(values) / math.sqrt(40)
    assert min(values) < 0 < max(values)
    assert mean_discrepancy(blobs(1_000, 1, centres=3), blobs(1_000, 2)) > 10 * np.std(values)


def test_what_is_not_finite_lies_far_away() -> None:
    samples = torch.tensor([[float("nan"), 0.0], [float("inf"), -float("inf")], [1e30, 2.0]])
    assert flat_array(samples).tolist() == [[FAR, 0], [FAR, -FAR], [FAR, 2]]
    broken = blobs(400, 0)
    broken[:200] = float("nan")
    scores = label_free_scores(broken, blobs(400, 1))
    assert scores["precision"] is not None
    assert scores["precision"] < 0.55
    assert all(value is None or math.isfinite(value) for value in scores.values())


def test_sliced_wasserstein_of_a_shift_is_known() -> None:
    pytest.importorskip("ot")
    points = torch.randn(2_000, 2, generator=torch.Generator().manual_seed(0))
    assert sliced_wasserstein(points, points) == pytest.approx(0, abs=1e-12)
    # a shift by s moves every projection by s cos(angle), whose mean square is s²/2 in the plane; 50 directions
    # have a relative standard error of .1 on the square, so that .3 are six on the root
    assert sliced_wasserstein(points, points + torch.tensor([3.0, 0.0])) == pytest.approx(3 / 2**0.5, rel=0.3)


def test_too_few_points_are_named() -> None:
    few, many = torch.zeros(5, 2), torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="samples: expected 6 points or more, got 5"):
        neighbour_scores(few, many)
    with pytest.raises(ValueError, match="real: expected 20 points or more, got 5"):
        two_sample_scores(many, few)
    with pytest.raises(ValueError, match="real: expected 40 points or more, got 5"):
        bin_scores(many, few)
    with pytest.raises(ValueError, match="samples: expected 2 points or more, got 1"):
        mean_discrepancy(few[:1], many)
