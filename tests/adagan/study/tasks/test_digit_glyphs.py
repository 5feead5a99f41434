"""Digits among the glyphs: what is drawn, and what a perfect model, one without the rare colour and noise score."""

import math

import pytest
import torch

from adagan.data.digit_glyphs import MINORITY, coloured_glyphs, digit_glyphs, digit_shares, stacked_glyphs
from adagan.study.metrics.digit_glyphs import score_coloured, score_stacked
from adagan.study.tasks.catalogue import TASKS
from adagan.study.tasks.sampled import SampledWorld


def test_one_digit_of_a_hundred_is_green() -> None:
    images, green = coloured_glyphs(4_000, 100)
    assert torch.equal(images, coloured_glyphs(4_000, 100)[0])
    assert not torch.equal(images, coloured_glyphs(4_000, 101)[0])
    assert images.shape == (4_000, 3, 28, 28)
    # six standard errors of 4,000 draws
    assert float(green.double().mean()) == pytest.approx(MINORITY, abs=6 * math.sqrt(MINORITY / 4_000))
    light = images.sum(dim=(2, 3))
    assert torch.equal(light[:, 1] > 0, green)
    assert torch.equal(light[:, 0] > 0, ~green)
    assert not light[:, 2].any()


def test_channels_are_digits_drawn_apart() -> None:
    generator = torch.Generator().manual_seed(100)
    images, _ = digit_glyphs(500, generator)
    stacked = stacked_glyphs(500, 100)
    assert stacked.shape == (500, 3, 28, 28)
    assert torch.equal(stacked, stacked_glyphs(500, 100))
    known = {image.numpy().tobytes() for image in images}
    assert all(channel.numpy().tobytes() in known for image in stacked for channel in image)
    # two channels of 500 images agree in one of 500 rows on average
    assert int((stacked[:, 0] == stacked[:, 1]).all(dim=(1, 2)).sum()) < 10


def test_rare_digits_are_rare() -> None:
    _, digits = digit_glyphs(10_000, torch.Generator().manual_seed(100), unbalanced=True)
    shares, counts = digit_shares(unbalanced=True), torch.bincount(digits, minlength=10).double() / 10_000
    assert float(shares[7] / shares[0]) == pytest.approx(0.05)
    assert bool(((counts - shares).abs() < 6 * (shares / 10_000).sqrt()).all())


@pytest.mark.slow
def test_scores_of_the_truth_and_of_what_lacks_something() -> None:
    images, green = coloured_glyphs(10_000, 100)
    scores, minority = score_coloured(images)
    assert (scores.modes, scores.modes_strict) == (20, 20)
    assert scores.high_quality > 0.9
    # 100 are expected, a standard deviation of 10; quality takes some of them
    assert minority == pytest.approx(1, abs=0.6)
    lost, none = score_coloured(images[~green])
    assert none == lost.smallest_share == 0
    assert lost.modes == 10
    mixed = (images + images[:, [1, 0, 2]]) / 2
    assert score_coloured(mixed)[0].high_quality == 0  # two colours at once are none
    stacked, at_all = score_stacked(stacked_glyphs(5_000, 100))
    assert at_all > 980  # of 1,000 modes e^−5 are left out by 5,000 samples: 7, and the judge's errors fill some
    assert stacked.high_quality > 0.75
    assert score_stacked(stacked_glyphs(5_000, 100), unbalanced=True)[0].reverse_kl_all > 1
    noise = torch.rand(200, 3, 28, 28, generator=torch.Generator().manual_seed(100))
    assert score_stacked(noise)[0].high_quality < 0.05
    made = TASKS["coloured-glyphs"].world(100)
    assert isinstance(made, SampledWorld)
    (row,) = made.score(made.oracle)
    assert row["minority_share"] == pytest.approx(1, abs=0.6)
    assert row["smallest_share"] > 0.1
    assert made.labels is not None
