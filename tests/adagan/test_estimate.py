"""A mean and its standard error, against the textbook and against repetition."""

import math

import pytest
import torch

from adagan.estimate import Estimate
from adagan.missing.by_ratio import missing_by_ratio

UNIFORM = torch.full((400,), 1 / 400, dtype=torch.float64)


def test_uniform_weights_give_the_textbooks_error() -> None:
    terms = torch.randn(400, generator=torch.Generator().manual_seed(100), dtype=torch.float64)
    found = Estimate.of_mean(terms, UNIFORM)
    assert found.value == pytest.approx(float(terms.mean()))
    assert found.error == pytest.approx(float(terms.std(unbiased=False)) / 20)
    low, high = found.interval
    assert (low + high) / 2 == pytest.approx(found.value)
    assert high - low == pytest.approx(2 * 1.959964 * found.error)


def test_points_of_weight_zero_do_not_count() -> None:
    terms = torch.tensor([1.0, 3.0, math.inf], dtype=torch.float64)
    found = Estimate.of_mean(terms, torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64))
    assert (found.value, found.error) == (2.0, pytest.approx(math.sqrt(0.5)))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = torch.Generator().manual_seed(100)
    weights = torch.rand(400, generator=generator, dtype=torch.float64)
    weights /= weights.sum()
    inside = 0
    for _ in range(1_000):
        low, high = Estimate.of_mean(torch.rand(400, generator=generator, dtype=torch.float64), weights).interval
        inside += low <= 0.5 <= high
    # binomial with 1,000 draws of .95, whose standard error is 6.9: six of them, a false alarm rarer than 1e-8
    assert abs(inside - 950) < 42


def test_the_missing_mass_of_a_finite_world() -> None:
    # half of the data is not made at all, a quarter half as often: .5 + .25 · .5
    ratio = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    base = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    found = missing_by_ratio(ratio.clamp(min=1e-300).log(), base)
    assert found.value == pytest.approx(0.625)
    assert found.error > 0
