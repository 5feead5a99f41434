import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from adagan.dial import dial, divergence_at, precision, recall
from adagan.mixtures.divergences import ForwardKL, ReverseKL, TotalVariation
from adagan.mixtures.weights.mixture_weights import fit_mixture_weights

DATA = torch.tensor([0.3, 0.3, 0.3, 0.1, 0.0], dtype=torch.float64)
# one component covers everything and puts half of its samples outside the data, the other knows the large modes only
WIDE = torch.tensor([0.1, 0.1, 0.1, 0.2, 0.5], dtype=torch.float64)
NARROW = torch.tensor([0.33, 0.33, 0.33, 0.0, 0.01], dtype=torch.float64)


def ratios(*components: Tensor) -> Tensor:
    return (torch.stack(components)[:, :4] / DATA[:4]).log().T


def test_recall_falls_and_precision_rises_along_the_dial() -> None:
    points = dial(ratios(WIDE, NARROW), DATA[:4])
    wide = [float(point.weights[0]) for point in points]
    assert all(later <= earlier + 1e-6 for earlier, later in pairwise(wide))
    assert wide[0] > wide[-1] + 0.05
    assert points[0].recall > points[-1].recall
    assert points[0].precision < points[-1].precision


def test_the_ends_are_the_two_kls() -> None:
    log_ratios = ratios(WIDE, NARROW)
    first, last = dial(log_ratios, DATA[:4], (0.0, 1.0))
    assert (first.share, last.share) == (0.0, 1.0)
    for point, divergence in ((first, ForwardKL()), (last, ReverseKL())):
        expected = fit_mixture_weights(log_ratios, divergence, DATA[:4])
        torch.testing.assert_close(point.weights, expected, rtol=0, atol=1e-6)
    assert isinstance(divergence_at(0), ForwardKL)
    assert isinstance(divergence_at(1), ReverseKL)


def test_recall_and_precision_by_hand() -> None:
    model, data = torch.tensor([0.5, 0.05, 0.45]).double(), torch.tensor([0.5, 0.5, 0.0]).double()
    log_ratio = (model[:2] / data[:2]).log()
    assert recall(log_ratio, tolerance=1.0) == pytest.approx(1 - TotalVariation().between(model, data))
    assert recall(log_ratio, tolerance=0.2) == pytest.approx(0.5 + 0.5 * 0.5)
    assert precision(log_ratio, tolerance=1.0) == pytest.approx(0.55)
    assert precision([math.log(4.0), -math.inf, -math.inf, -math.inf], tolerance=0.5) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dial([[0.0]], shares=(0.5, 1.5)), r"shares: expected numbers in \[0, 1\], got 1.5"),
        (lambda: dial([[0.0]], shares=(math.nan,)), r"shares: expected numbers in \[0, 1\], got nan"),
        (lambda: recall([0.0], tolerance=0.0), r"tolerance: expected a number in \(0, 1\]"),
        (lambda: dial([[math.nan]]), "log_ratios: 1 of 1 values are NaN"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
