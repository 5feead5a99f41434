import math

import pytest
import torch
from divergence_lists import SMOOTH
from torch import Tensor

from adagan.mixtures.divergences import (
    FDivergence,
    ForwardKL,
    GeneralizedJensenShannon,
    JensenShannon,
    TotalVariation,
)
from adagan.mixtures.weights.interior_point import TOLERANCE, Points, minimise_smooth
from adagan.mixtures.weights.mixture_weights import minimise_divergence


def overlapping(points: int, count: int) -> Tensor:
    """Log ratios of narrow Gaussians side by side over a wide one: far fewer of them would do."""
    source = torch.Generator().manual_seed(100)
    x = 2 * torch.randn(points, 1, generator=source, dtype=torch.float64)
    centres = torch.linspace(-5, 5, count, dtype=torch.float64)
    return -0.5 * ((x - centres) / 0.5) ** 2 + 0.5 * (x / 2) ** 2 + math.log(4)


@pytest.mark.parametrize("divergence", SMOOTH, ids=repr)
def test_nested_points_lead_to_the_same_minimum(divergence: FDivergence) -> None:
    log_ratios = overlapping(20_000, 24)
    found = minimise_divergence(log_ratios, divergence)
    uniform = torch.full((24,), 1 / 24, dtype=torch.float64)
    points_ = Points(log_ratios.clone(), torch.full((20_000,), 1 / 20_000, dtype=torch.float64))
    whole = minimise_smooth(points_, divergence, uniform)
    # both end at the tolerance, which is relative; which of the last steps crosses it is up to rounding
    enough = 10 * TOLERANCE * max(1.0, abs(found.value))
    assert found.gap <= enough
    assert found.value == pytest.approx(whole.value, abs=enough)


@pytest.mark.parametrize("scale", [5.0, 30.0])
@pytest.mark.parametrize("divergence", [ForwardKL(), JensenShannon(), GeneralizedJensenShannon(0.9)], ids=repr)
def test_nested_points_and_ratios_that_spread_widely(divergence: FDivergence, scale: float) -> None:
    source = torch.Generator().manual_seed(100)
    log_ratios = scale * (torch.randn(20_000, 8, generator=source, dtype=torch.float64) - 1)
    found = minimise_divergence(log_ratios, divergence)
    assert 0 <= found.gap <= 1e-10 * max(1.0, abs(found.value))


def test_total_variation_of_components_that_overlap() -> None:
    found = minimise_divergence(overlapping(2_000, 60), TotalVariation())
    assert 0 <= found.gap <= 2e-8
