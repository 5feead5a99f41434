"""Newcomers that help are taken with the proposed weights, and others not at all."""

import pytest
import torch

from adagan.mixtures.divergences import ForwardKL, JensenShannon
from adagan.mixtures.kept_if_better import KeptIfBetter
from adagan.mixtures.steps import Constant, FullyCorrective

MIXTURE, NEWCOMER = torch.tensor([0.5, 0.5, 0.0, 0.0]), torch.tensor([0.0, 0.0, 0.5, 0.5])
DATA = torch.tensor([0.4, 0.4, 0.1, 0.1])


def at_points(repeats: int, newcomer: torch.Tensor) -> torch.Tensor:
    """Log ratios of the mixture and the newcomer at points drawn evenly from the four cells."""
    counts = (DATA * 10 * repeats).round().long()
    ratios = torch.stack([MIXTURE / DATA, newcomer / DATA], dim=1).double().log()
    return ratios.repeat_interleave(counts, dim=0)


@pytest.mark.parametrize("divergence", [JensenShannon(), ForwardKL()])
def test_what_fills_a_gap_is_taken_as_proposed(divergence: JensenShannon | ForwardKL) -> None:
    ratios = at_points(20, NEWCOMER)
    weights = KeptIfBetter(divergence=divergence).weights(ratios, torch.ones(1))
    assert weights.tolist() == pytest.approx([0.8, 0.2], abs=1e-6)


def test_what_repeats_the_mixture_is_not_taken() -> None:
    weights = KeptIfBetter(Constant(0.3)).weights(at_points(20, MIXTURE), torch.ones(1))
    assert weights.tolist() == [1.0, 0.0]


def test_what_makes_it_worse_is_not_taken() -> None:
    # the newcomer has a hundred times less than the mixture where four fifths of the data are
    worse = torch.tensor([0.004, 0.004, 0.0, 0.0])
    ratios = torch.stack([torch.zeros(4), (worse / DATA).log()], dim=1).double()
    assert KeptIfBetter(Constant(0.3)).weights(ratios, torch.ones(1), DATA).tolist() == [1.0, 0.0]


def test_a_gain_within_the_luck_of_few_points_is_not_taken() -> None:
    # of 12 points one lies where the newcomer helps; of 120 points ten do
    ratios = torch.zeros(12, 2, dtype=torch.float64)
    ratios[1:, 1], ratios[0, 1] = -0.2, 3.0
    step = FullyCorrective(JensenShannon())
    assert float(step.weights(ratios, torch.ones(1))[-1]) > 0.01
    assert KeptIfBetter(step).weights(ratios, torch.ones(1)).tolist() == [1.0, 0.0]
    many = ratios.repeat(10, 1)
    assert torch.allclose(KeptIfBetter(step).weights(many, torch.ones(1)), step.weights(many, torch.ones(1)))


def test_what_repairs_a_share_of_the_data_is_given_no_more_than_it() -> None:
    # nine tenths of the mixture are told from data: the divergence would flood the gap that the newcomer fills
    good = at_points(20, NEWCOMER)
    poor = good + torch.tensor([0.1, 1.0], dtype=torch.float64).log()
    step, one = KeptIfBetter(), torch.ones(1)
    assert float(step.weights(poor, one)[-1]) > 0.5
    assert step.up_to(0.2).weights(poor, one).tolist() == pytest.approx([0.8, 0.2])
    assert step.up_to(1.0) is step
    # within the limit the divergence decides, and others keep their shares among themselves
    assert step.up_to(0.5).weights(good, one).tolist() == pytest.approx([0.8, 0.2], abs=1e-6)
    three = torch.cat([good[:, :1], good], dim=1)
    two = torch.tensor([0.75, 0.25], dtype=torch.float64)
    assert step.up_to(0.1).weights(three, two).tolist() == pytest.approx([0.675, 0.225, 0.1])
    assert step.up_to(0.2).weights(at_points(20, MIXTURE), one).tolist() == [1.0, 0.0]


def test_points_of_no_weight_do_not_count() -> None:
    ratios = at_points(20, NEWCOMER)
    base = torch.ones(len(ratios), dtype=torch.float64)
    spoiled = torch.cat([ratios, torch.full((50, 2), 700.0, dtype=torch.float64)])
    expected = KeptIfBetter().weights(ratios, torch.ones(1), base)
    found = KeptIfBetter().weights(spoiled, torch.ones(1), torch.cat([base, torch.zeros(50, dtype=torch.float64)]))
    assert torch.allclose(expected, found)


def test_a_negative_number_of_errors_is_refused() -> None:
    with pytest.raises(ValueError, match="clearly"):
        KeptIfBetter(clearly=-1.0)
