"""Benchmarks with metrics of their own: values by hand, what the truth scores, and what a lost mode costs."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan.data.built_in import KnownModes, digits, known_modes, unbalanced_digits
from adagan.study.benchmarks import benchmark
from adagan.study.highest_density import highest_density
from adagan.study.judge import score_digits
from adagan.study.metrics import core_quality, near_radius, score_modes
from adagan.study.runner import oracle_rows

PAIR = KnownModes("pair", torch.tensor([[0.0, 0.0], [10.0, 0.0]]), 1.0, torch.tensor([0.25, 0.75]), 100, (100,))


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
    task = benchmark(name)
    quality = task.further(task.oracle(50_000, 100), 100)["core_quality"]
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


def test_gaussians_report_coverage_and_likelihood() -> None:
    (row,) = oracle_rows("gaussians-5-rotated", 100)
    modes = known_modes("gaussians-5-rotated")
    points = modes.draw(20_000, 5).double()
    squares = torch.cdist(points, modes.centres.double()).square() / (2 * modes.std**2)
    truth = float(((-squares).exp().mean(dim=1) / (2 * math.pi * modes.std**2)).log().mean())
    assert row["data_coverage"] == pytest.approx(0.95, abs=0.03)
    # 5,000 points of a standard deviation of about 1, and what the kernels cost
    assert row["log_likelihood"] == pytest.approx(truth, abs=0.13)


def stacked(images: Tensor, count: int) -> Tensor:
    rows = torch.randint(len(images), (count, 3), generator=torch.Generator().manual_seed(100))
    return images[rows].squeeze(2)


def test_the_modes_of_stacked_digits_are_triples_of_classes() -> None:
    images, classes = digits()
    task = benchmark("stacked-digits")
    assert (task.num_modes, task.sample_sizes) == (1_000, (26_000,))
    assert task.training_data(100).shape == (60_000, 3, 8, 8)
    two = images[classes == 2][:1].repeat(60, 3, 1, 1)
    assert task.further(two, 100) == {"modes_at_all": 1}
    # a sample of one of 1,000 modes only: its share is one in a thousand, as nearly as the classes are balanced
    assert score_digits(two, classes).reverse_kl_all == pytest.approx(-3 * math.log(177 / 1797), rel=1e-6)
    scores = score_digits(stacked(images, 1_500), classes)
    assert scores.modes > 550
    noise = torch.rand(100, 3, 8, 8, generator=torch.Generator().manual_seed(100))
    assert score_digits(noise, classes).high_quality == 0


def test_unbalanced_digits_are_scored_by_their_own_shares() -> None:
    images, classes = unbalanced_digits()
    truth = score_digits(images, classes)
    assert truth.reverse_kl_all < 0.01
    # the balanced digits are far from these shares: Σ q log(q/p)
    every, all_classes = digits()
    shares, rare = np.bincount(all_classes) / len(all_classes), np.bincount(classes) / len(classes)
    expected = float((shares * np.log(shares / rare)).sum())
    assert score_digits(every, classes).reverse_kl_all == pytest.approx(expected, rel=0.1)


def test_digits_have_a_judge() -> None:
    task = benchmark("digits")
    (row,) = oracle_rows("digits", 0)
    assert row["modes"] == row["modes_strict"] == 10
    assert row["high_quality"] > 0.8
    assert row["spread"] is None
    assert "core_quality" not in row
    assert "held-out accuracy is 0.9" in task.note
    noise = task.score(torch.rand(500, 1, 8, 8, generator=torch.Generator().manual_seed(0)))
    # a classifier alone is often sure of noise; no real image is near
    assert noise.high_quality == noise.modes == 0
