"""Objectives: hand-made values, gradients that push the right way, and the errors."""

import math

import pytest
import torch

from adagan.components import LeastSquares, NonSaturating, Objective

OBJECTIVES = [NonSaturating(), LeastSquares(), LeastSquares(a=-1.0, b=1.0, c=0.0)]


def test_non_saturating_by_hand() -> None:
    real, fake = torch.tensor([0.0, 2.0]), torch.tensor([0.0, -1.0])
    expected = (math.log(2) + math.log(1 + math.exp(-2))) / 2 + (math.log(2) + math.log(1 + math.exp(-1))) / 2
    assert float(NonSaturating().discriminator_loss(real, fake)) == pytest.approx(expected)
    assert float(NonSaturating().generator_loss(fake)) == pytest.approx((math.log(2) + math.log(1 + math.e)) / 2)


def test_non_saturating_is_cross_entropy() -> None:
    outputs = torch.linspace(-30, 30, 61, dtype=torch.float64)
    loss = NonSaturating().discriminator_loss(outputs, outputs.flip(0))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    expected = entropy(outputs, torch.ones_like(outputs)) + entropy(outputs.flip(0), torch.zeros_like(outputs))
    assert float(loss) == pytest.approx(float(expected), rel=1e-8)
    assert math.isfinite(float(NonSaturating().generator_loss(torch.tensor([-1e4]))))


def test_least_squares_by_hand() -> None:
    real, fake = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 1.5])
    assert float(LeastSquares().discriminator_loss(real, fake)) == pytest.approx(0.5 * (0.5 + (0.25 + 2.25) / 2))
    assert float(LeastSquares().generator_loss(fake)) == pytest.approx(0.5 * 0.25)
    other = LeastSquares(a=-1.0, b=2.0, c=0.5)
    assert float(other.discriminator_loss(real, fake)) == pytest.approx(0.5 * ((1 + 4) / 2 + (2.25 + 6.25) / 2))
    assert float(other.generator_loss(fake)) == pytest.approx(0.5 * (0 + 1) / 2)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_the_two_sides_pull_apart(objective: Objective) -> None:
    real = torch.tensor([0.1, -0.2], requires_grad=True)
    fake = torch.tensor([0.3, 0.2], requires_grad=True)
    at_real, at_fake = torch.autograd.grad(objective.discriminator_loss(real, fake), (real, fake))
    assert bool((at_real < 0).all())  # the discriminator raises its outputs at data
    assert bool((at_fake > 0).all())  # and lowers them at samples
    low = torch.tensor([-0.9, -0.5], requires_grad=True)
    (wish,) = torch.autograd.grad(objective.generator_loss(low), low)
    assert bool((wish < 0).all())  # the generator wants them higher


def test_equal_targets_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a: the targets for samples and for data must differ, both are 1\.0"):
        LeastSquares(a=1.0, b=1.0)


def test_the_contract_is_abstract_and_named() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Objective()  # type: ignore[abstract]
    assert repr(LeastSquares(c=0.5)) == "LeastSquares(a=0.0, b=1.0, c=0.5)"
