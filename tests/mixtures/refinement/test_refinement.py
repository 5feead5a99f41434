import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from adagan.mixtures.divergences import ForwardKL, JensenShannon, ReverseKL
from adagan.mixtures.refinement.refined import Refined, budgeted_acceptance

DATA = torch.tensor([0.4, 0.3, 0.2, 0.1, 0.0], dtype=torch.float64)
MODEL = torch.tensor([0.1, 0.3, 0.2, 0.2, 0.2], dtype=torch.float64)


class Points:
    """A world of five points with an exact ratio: source and critic in one."""

    def __init__(self, model: Tensor = MODEL, data: Tensor = DATA) -> None:
        self.model, self.data = model, data

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        if num_samples == 0:
            return torch.zeros(0, 1)
        return torch.multinomial(self.model, num_samples, replacement=True, generator=generator)[:, None].float()

    def log_ratio(self, x: Tensor) -> Tensor:
        return (self.model / self.data).log()[x[:, 0].long()]


def test_golden_values() -> None:
    found = budgeted_acceptance(-torch.tensor([0.5, 1, 2, 4]).double().log(), 0.5, [0.4, 0.3, 0.2, 0.1])
    np.testing.assert_allclose(found, [0.222222, 0.444444, 0.888889, 1], rtol=0, atol=5.1e-7)


@given(
    st.lists(st.sampled_from([-700.0, -1.0, 0.0, 0.0, 2.0, 400.0]) | st.floats(-690, 690), min_size=1, max_size=10),
    st.floats(0.01, 1),
    st.data(),
)
def test_acceptance_meets_the_budget(log_ratio: list[float], budget: float, data: st.DataObject) -> None:
    shares = data.draw(st.lists(st.integers(0, 3), min_size=len(log_ratio), max_size=len(log_ratio)).filter(any))
    weights = torch.tensor(shares, dtype=torch.float64) / sum(shares)
    found = budgeted_acceptance(log_ratio, budget, weights)
    assert bool(((found >= 0) & (found <= 1)).all())
    assert float(weights @ found) == pytest.approx(budget, rel=1e-9)
    # below one, acceptance is proportional to the data's density over the model's
    partial = (found < 1) & (found > 1e-300) & (weights > 0)
    scales = found[partial].log() + torch.tensor(log_ratio, dtype=torch.float64)[partial]
    assert len(scales) == 0 or float(scales.max() - scales.min()) < 1e-9


@given(st.lists(st.floats(-4, 4), min_size=2, max_size=8), st.floats(0.05, 0.95), st.integers(0, 2**31))
def test_budgeted_acceptance_is_the_best_at_its_budget(log_ratio: list[float], budget: float, seed: int) -> None:
    source = torch.Generator().manual_seed(seed)
    model = torch.rand(len(log_ratio), generator=source, dtype=torch.float64) + 0.1
    data = model * (-torch.tensor(log_ratio, dtype=torch.float64)).exp()
    model, data = model / model.sum(), data / data.sum()
    best = budgeted_acceptance((model / data).log(), budget, model)
    other = torch.rand(len(log_ratio), generator=source, dtype=torch.float64)
    other = other * budget / float(model @ other)
    assume(float(other.max()) <= 1)
    for divergence in (ForwardKL(), ReverseKL(), JensenShannon()):
        refined = divergence.between(model * best, data)
        assert refined <= divergence.between(model * other, data) + 1e-9
        assert refined <= divergence.between(model, data) + 1e-12


def test_a_budget_of_one_accepts_everything() -> None:
    assert budgeted_acceptance([-700.0, 0.0, 5.0, math.inf], 1.0).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("off", [700.0, math.inf])
def test_what_lies_outside_the_data_never_fills_the_budget(off: float) -> None:
    found = budgeted_acceptance([0.0, 0.0, off, off], 0.4)
    np.testing.assert_allclose(found, [0.8, 0.8, 0, 0], rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match=r"budget: 0.6 cannot be met: only 0.5 of the samples lie where the data are"):
        budgeted_acceptance([0.0, 0.0, off, off], 0.6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0], 0.0), r"budget: expected a number in \(0, 1\]"),
        (([0.0], 1.5), r"budget: expected a number in \(0, 1\]"),
        (([math.nan], 0.5), "log_ratio: 1 of 1 values are NaN"),
        (([0.0], 0.5, [1.0, 1.0]), "weights: expected 1 weights"),
        (([math.inf], 0.5), "only 0 of the samples"),
    ],
)
def test_errors(arguments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        budgeted_acceptance(*arguments)


@pytest.mark.parametrize("budget", [0.25, 0.5, 0.75])
def test_refined_samples_are_distributed_as_accepted(budget: float, generator) -> None:
    world, count = Points(), 100_000
    refined = Refined(world, world, budget, pilot=200_000, generator=generator)
    log_ratio = (MODEL / DATA).log()
    expected = MODEL * budgeted_acceptance(log_ratio, budget, MODEL)
    expected /= expected.sum()
    drawn = refined.sample(count, generator=generator)
    assert drawn.shape == (count, 1)
    shares = torch.bincount(drawn[:, 0].long(), minlength=5) / count
    # five binomial shares with a standard error of at most .0016, and a scale whose own error is smaller; six standard
    # errors of both together: a false alarm below 1e-7
    assert float((shares - expected).abs().max()) < 0.012
    assert shares[4] == 0


def test_refined_samples_follow_the_seed() -> None:
    world = Points()
    refined = Refined(world, world, 0.5, generator=torch.Generator().manual_seed(0))
    first, again, other = (refined.sample(500, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert refined.sample(0).shape == (0, 1)
    assert len(refined.sample(7)) == 7


def test_refined_refuses_a_budget_that_cannot_be_met(generator) -> None:
    world = Points()
    # four of five in 20,000 draws, whose share has a standard error of .0028
    with pytest.raises(ValueError, match=r"budget: 0.95 cannot be met: only 0\.(7[789]|8[012])"):
        Refined(world, world, 0.95, generator=generator)


def test_refined_says_when_nothing_is_accepted_any_more(generator) -> None:
    world = Points()
    refined = Refined(world, world, 0.5, generator=generator)
    world.model = torch.tensor([0, 0, 0, 0, 1.0], dtype=torch.float64)
    with pytest.raises(RuntimeError, match=r"none of .* samples was accepted: the critic has changed"):
        refined.sample(10, generator=generator)
