"""Tasks: what is learnt, what the oracle scores, and which metrics belong to which."""

import json
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan.data.built_in import BUILT_IN_NAMES, PLANAR_NAMES, digits, known_modes, unbalanced_digits
from adagan.study.metrics.glyph_judge import score_glyphs
from adagan.study.metrics.judge import modes_at_all, score_digits
from adagan.study.task import Row
from adagan.study.tasks.catalogue import BENCHMARKS, DATA_SETS, TASKS
from adagan.study.tasks.held_out import GREY_LEVELS, grey_levels
from adagan.study.tasks.mixed_table import as_rows, mixed_table, score_pairs
from adagan.study.tasks.sampled import SampledWorld
from adagan.study.tasks.spiral import score_spiral, spiral

PRICES = {"cpu_seconds", "sample_cpu_seconds_per_million"}
SCORES = {
    "num_samples",
    "modes",
    "modes_strict",
    "high_quality",
    "reverse_kl",
    "reverse_kl_all",
    "forward_kl",
    "smallest_share",
    "spread",
    "sliced_wasserstein",
    "core_quality",
}


def world(name: str, seed: int) -> SampledWorld:
    made = TASKS[name].world(seed)
    assert isinstance(made, SampledWorld)
    return made


def oracle_rows(name: str, seed: int) -> list[Row]:
    made = world(name, seed)
    return made.score(made.oracle)


def test_built_in_data_are_benchmarks_and_some_are_scored_on_held_out_points_too() -> None:
    assert set(BUILT_IN_NAMES) <= set(BENCHMARKS) < set(TASKS)
    planar, others = ("unbalanced-ring", "unbalanced-grid-rotated", "spiral"), ("table", "digits", "glyphs")
    assert (*planar, "clusters-16", "clusters-64", *others) == DATA_SETS
    assert all(name == task.name for name, task in TASKS.items())


def test_the_unbalanced_grid_cannot_be_full_at_ten_thousand() -> None:
    small, large = oracle_rows("unbalanced-grid", 0)
    assert (small["num_samples"], large["num_samples"]) == (10_000, 50_000)
    # 32 samples are expected of a rare mode where 50 are asked for
    assert small["modes_strict"] == 15
    assert large["modes_strict"] == 25


@pytest.mark.parametrize("name", PLANAR_NAMES)
def test_the_oracles_rows(name: str) -> None:
    for row in oracle_rows(name, 1):
        assert set(row) - {"sketch"} == SCORES | PRICES
        json.dumps(row, allow_nan=False)


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
    made = world("stacked-digits", 100)
    assert made.sizes == (26_000,)
    assert made.data.shape == (60_000, 3, 8, 8)
    two = images[classes == 2][:1].repeat(60, 3, 1, 1)
    assert [metric(two) for metric in made.metrics][-1] == {"modes_at_all": modes_at_all(two)} == {"modes_at_all": 1}
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
    (row,) = oracle_rows("digits", 0)
    assert row["modes"] == row["modes_strict"] == 10
    assert row["high_quality"] > 0.8
    assert row["spread"] is None
    assert "core_quality" not in row
    assert "held-out accuracy is 0.9" in TASKS["digits"].note()
    noise = score_digits(torch.rand(500, 1, 8, 8, generator=torch.Generator().manual_seed(0)), digits()[1])
    # a classifier alone is often sure of noise; no real image is near
    assert noise.high_quality == noise.modes == 0


def test_classes_are_given_to_the_kinds_that_learn_them() -> None:
    ring, images = world("unbalanced-ring-held-out", 100), world("digits-held-out", 100)
    assert ring.labels is not None
    assert images.labels is not None
    modes = known_modes("unbalanced-ring")
    distances = (ring.data - modes.centres[ring.labels]).norm(dim=1)
    assert bool((distances < 6 * modes.std).all())
    assert len(images.labels) == len(images.data)
    assert sorted(images.labels.unique().tolist()) == list(range(10))


def test_known_modes_add_the_divergence_of_their_histogram() -> None:
    made, modes = world("clusters-16-held-out", 100), known_modes("clusters-16")
    oracle = made.oracle.sample(5_000)
    lost = oracle[torch.cdist(oracle, modes.centres[:1])[:, 0] > 3]
    _, histogram = made.metrics
    # fresh draws: (K − 1)/(2n) on average; a mode of .05/5.25 without a sample costs p log(p n/.5)
    share = 0.05 / 5.25
    scores = [histogram(samples[:2_000])["forward_kl"] for samples in (oracle, lost)]
    assert scores[0] == pytest.approx(0, abs=0.02)
    assert scores[1] == pytest.approx(share * math.log(share * 2_000 / 0.5), rel=0.5)


def test_the_rare_arm_of_the_spiral_is_four_modes() -> None:
    points, arms = spiral(20_000, 100)
    whole, common = score_spiral(points), score_spiral(points[arms < 2])
    assert (whole["modes_strict"], common["modes_strict"]) == (12, 8)
    assert whole["high_quality"] == pytest.approx(0.997, abs=0.01)
    assert float((arms == 2).double().mean()) == pytest.approx(0.02, abs=0.006)
    assert score_spiral(torch.zeros(50, 2))["high_quality"] == 0


def test_rows_of_the_table_are_decided_and_their_pairs_counted() -> None:
    rows, pairs = mixed_table(20_000, 100)
    assert torch.equal(as_rows(rows), rows)
    assert torch.equal(
        as_rows(rows + 0.4 * torch.rand(rows.shape, generator=torch.Generator().manual_seed(100)))[:, 3:], rows[:, 3:]
    )
    assert score_pairs(rows)["forward_kl"] == pytest.approx(0, abs=0.005)
    assert score_pairs(rows[pairs // 4 != 4])["smallest_share"] == 0


def test_grey_levels_are_those_of_real_images() -> None:
    made = world("digits-held-out", 100)
    assert torch.equal(grey_levels(made.data), made.data)
    odd = torch.tensor([[-0.2, 0.51, 1.7, float("nan")]])
    assert (grey_levels(odd) * GREY_LEVELS).tolist() == [[0, 8, 16, 0]]


def test_a_third_of_the_digits_is_not_learnt() -> None:
    made = world("digits-held-out", 100)
    learnt = {image.numpy().tobytes() for image in made.data}
    others = [image for image in digits()[0] if image.numpy().tobytes() not in learnt]
    assert made.sizes == (599,) == (len(others),)
    assert len(made.data) + len(others) == 1_797
    (row,) = made.score(made.oracle)
    # the oracle's images are among those that were learnt, and look like those that were not
    assert row["num_samples"] == 599
    assert row["coverage"] > 0.9


@pytest.mark.slow
def test_glyphs_have_a_judge() -> None:
    (row,) = oracle_rows("glyphs", 100)
    assert row["modes"] == row["modes_strict"] == 36
    assert row["high_quality"] > 0.9
    assert "held-out accuracy is 0.9" in TASKS["glyphs"].note()
    noise = score_glyphs(torch.rand(500, 1, 28, 28, generator=torch.Generator().manual_seed(100)))
    assert noise.high_quality < 0.05
