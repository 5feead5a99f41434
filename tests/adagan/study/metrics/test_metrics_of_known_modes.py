"""Metrics of known modes: values by hand, what the truth scores, and what a lost mode costs."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from adagan.data.built_in import KnownModes, known_modes
from adagan.study import Scores, score_modes
from adagan.study.metrics.core_quality import core_quality
from adagan.study.metrics.highest_density import highest_density
from adagan.study.metrics.histogram import histogram_scores
from adagan.study.metrics.known_modes import near_radius

PAIR = KnownModes(
    "pair", torch.tensor([[0.0, 0.0], [10.0, 0.0]]), 1.0, torch.tensor([0.25, 0.75]), 100, (100,), strict_count=3
)


def test_scores_of_hand_made_samples() -> None:
    # four at the first mode, two at the second, one between (nearer the second), one beyond 3 std of the first
    samples = torch.tensor([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0], [10.0, 2.0], [10.0, -2.0], [6.0, 0.0]])
    samples = torch.cat([samples, torch.tensor([[-3.01, 0.0]])])
    scores = score_modes(samples, PAIR)
    shares = np.array([4 / 6, 2 / 6])
    truth = np.array([0.25, 0.75])
    everywhere = np.array([5 / 8, 3 / 8])
    smoothed = np.array([4.5 / 7, 2.5 / 7])
    assert scores == Scores(
        num_samples=8,
        modes=2,
        modes_strict=1,
        high_quality=6 / 8,
        reverse_kl=pytest.approx(float((shares * np.log(shares / truth)).sum())),
        reverse_kl_all=pytest.approx(float((everywhere * np.log(everywhere / truth)).sum())),
        forward_kl=pytest.approx(float((truth * np.log(truth / smoothed)).sum())),
        smallest_share=pytest.approx((2 / 6) / 0.75),
        spread=pytest.approx(math.sqrt((4 * 1 + 2 * 4) / 12)),
    )


def test_three_standard_deviations_are_the_edge() -> None:
    assert score_modes(torch.tensor([[2.999, 0.0]]), PAIR).high_quality == 1
    assert score_modes(torch.tensor([[3.001, 0.0]]), PAIR).high_quality == 0


def test_a_lost_mode_shows_in_every_column() -> None:
    scores = score_modes(PAIR.centres[:1].repeat(50, 1), PAIR)
    assert (scores.modes, scores.modes_strict, scores.high_quality) == (1, 1, 1)
    assert scores.smallest_share == 0
    assert scores.reverse_kl == pytest.approx(math.log(4))
    assert scores.forward_kl > 2
    assert scores.spread == 0


def test_samples_that_are_not_finite_are_far_away() -> None:
    samples = torch.tensor([[float("nan"), 0.0], [float("inf"), float("-inf")], [0.0, 0.0], [10.0, 0.0]])
    scores = score_modes(samples, PAIR)
    assert scores.high_quality == 0.5
    assert scores.modes == 2


def test_nothing_good_is_not_a_perfect_divergence() -> None:
    scores = score_modes(torch.full((20, 2), 5e3), PAIR)
    assert (scores.modes, scores.high_quality, scores.smallest_share) == (0, 0, 0)
    assert scores.reverse_kl == pytest.approx(-math.log(0.25))
    assert math.isfinite(scores.forward_kl)


def test_a_third_of_the_expected_count_by_default() -> None:
    truth = np.array([0.5, 0.5])
    options: dict[str, Any] = {"num_samples": 60, "strict_count": None, "spread": None}
    assert histogram_scores(np.array([10, 50]), np.array([10, 50]), truth, **options).modes_strict == 2
    assert histogram_scores(np.array([9, 51]), np.array([9, 51]), truth, **options).modes_strict == 1


@pytest.mark.parametrize("name", ["ring", "grid", "unbalanced-ring", "grid-rotated"])
def test_the_truth_scores_what_theory_says(name: str) -> None:
    count = 50_000
    modes = known_modes(name)
    scores = score_modes(modes.draw(count, 7), modes)
    # P(|z| < 3) in the plane is 1 − e^(−9/2); six standard errors of a share of .9889 are .0028
    assert scores.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.0028)
    # the radius, truncated at three deviations, has E r²/2 = 1 − 4.5 e^(−4.5)/(1 − e^(−4.5)), whose root is .974; the
    # relative standard error of a mean square of 50,000 is .0043 at most, half of it for the root: six are .013
    expected = math.sqrt(1 - 4.5 * math.exp(-4.5) / (1 - math.exp(-4.5)))
    assert expected == pytest.approx(0.974, abs=0.0005)
    assert scores.spread == pytest.approx(expected, rel=0.013)
    assert scores.modes == scores.modes_strict == len(modes.centres)
    assert scores.smallest_share > 0.7


@pytest.mark.parametrize(("name", "count"), [("ring", 2_500), ("grid", 2_500), ("grid", 50_000)])
def test_reverse_kl_of_the_truth_has_a_floor(name: str, count: int) -> None:
    modes = known_modes(name)
    values = [score_modes(modes.draw(count, seed), modes).reverse_kl for seed in range(30)]
    # 2 n KL is about chi² with K − 1 degrees of freedom: mean K − 1, variance 2 (K − 1); 30 draws, six standard errors
    freedom = len(modes.centres) - 1
    good = count * (1 - math.exp(-4.5))
    error = 6 * math.sqrt(2 * freedom / 30)
    assert 2 * good * float(np.mean(values)) == pytest.approx(freedom, abs=error)


def test_near_in_the_plane_is_three_standard_deviations_and_holds_as_much_elsewhere() -> None:
    assert near_radius(2) == 3
    # P(|z| < r) in one dimension is erf(r/√2)
    assert math.erf(near_radius(1) / math.sqrt(2)) == pytest.approx(1 - math.exp(-4.5), rel=1e-9)
    modes = known_modes("clusters-16")
    scores = score_modes(modes.draw(20_000, 100), modes)
    # six standard errors of a share of .9889
    assert scores.high_quality == pytest.approx(1 - math.exp(-4.5), abs=6 * math.sqrt(0.0111 * 0.9889 / 20_000))
    assert scores.modes == scores.modes_strict == 10


def test_core_quality_by_hand() -> None:
    # the 90 % circle has the radius √(2 ln 10) = 2.146
    inside, outside = [[2.1, 0.0]], [[2.2, 0.0]]
    samples = torch.tensor(inside * 4 + outside * 2 + [[10.0, 2.1]] * 4)
    # of the first mode 2.5 are expected and 4 found, of the second 7.5 and 4
    assert core_quality(samples, PAIR) == pytest.approx((2.5 + 4) / 10)
    assert core_quality(torch.full((5, 2), float("nan")), PAIR) == 0


@pytest.mark.parametrize("name", ["grid", "ring-rotated", "unbalanced-grid"])
def test_core_quality_of_the_truth(name: str) -> None:
    modes = known_modes(name)
    quality = core_quality(modes.draw(50_000, 100), modes)
    # a share of .9 of 50,000: six standard errors are .008; that rare modes (144 ± 12 in the core) count for 160 at
    # most takes off some 1e-4
    assert quality == pytest.approx(0.9, abs=0.0085)


def test_highest_density_of_the_truth() -> None:
    normal = torch.Generator().manual_seed(100)
    samples, real = torch.randn(4_000, 2, generator=normal), torch.randn(4_000, 2, generator=normal)
    scores = highest_density(samples, real)
    # the region's bound has the standard error of a quantile of 2,000 points, the share that of 4,000: .0060 together
    assert scores.coverage == pytest.approx(0.95, abs=6 * 0.0060)
    # E log p = −log(2π) − 1; its standard error is 1/√4000, and kernels cost some hundredths
    assert scores.log_likelihood == pytest.approx(-math.log(2 * math.pi) - 1, abs=6 / math.sqrt(4_000) + 0.05)


def test_highest_density_of_too_wide_and_of_lost_mass() -> None:
    normal = torch.Generator().manual_seed(101)
    real = torch.randn(2_000, 2, generator=normal)
    real[::2, 0] += 20
    wide = 2 * torch.randn(2_000, 2, generator=normal)
    wide[::2, 0] += 20
    assert highest_density(wide, real).coverage > 0.99
    lost = torch.randn(2_000, 2, generator=normal)
    # half of the data lies where the model is not: .475 is covered, give or take six standard errors
    assert highest_density(lost, real).coverage == pytest.approx(0.475, abs=0.07)
    assert highest_density(lost, real).log_likelihood < -50
    with pytest.raises(ValueError, match="samples: expected 40 points or more, got 39"):
        highest_density(lost[:39], real)
