import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adagan.mixtures.water_level import log_water_level, water_level


def level_by_bisection(heights: Tensor, weights: Tensor, constant: float, slope: float) -> float | None:
    """The root of Σ p (mu − c)_+ = constant + slope · mu by halving, in double precision, from far apart bounds."""
    if float(weights[heights == 0].sum()) >= slope and constant == 0:
        return None

    def excess(level: float) -> float:
        return math.fsum((weights * (level - heights).clamp(min=0)).tolist()) - constant - slope * level

    low, high = 0.0, 1.0
    while excess(high) < 0:
        high *= 2
    for _ in range(300):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return high


def weights_of(draw: st.DrawFn, count: int) -> Tensor:
    values = torch.tensor(draw(st.lists(st.integers(0, 5), min_size=count, max_size=count)), dtype=torch.float64)
    values[draw(st.integers(0, count - 1))] += 1
    return values / values.sum()


@st.composite
def landscapes(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Heights with ties and zeros, weights with zeros."""
    heights = draw(st.lists(st.sampled_from([0.0, 0.5, 0.5, 1.0, 2.5]) | st.floats(1e-6, 1e3), min_size=1, max_size=12))
    return torch.tensor(heights, dtype=torch.float64), weights_of(draw, len(heights))


@given(landscapes(), st.floats(0.01, 1.0))
def test_level_of_a_constant_volume(landscape: tuple[Tensor, Tensor], constant: float) -> None:
    expected = level_by_bisection(*landscape, constant, 0.0)
    assert water_level(*landscape, constant=constant, slope=0.0) == pytest.approx(expected, rel=1e-12)


@given(landscapes(), st.floats(0.01, 0.99))
def test_level_of_a_volume_that_grows(landscape: tuple[Tensor, Tensor], slope: float) -> None:
    heights, weights = landscape
    dry = float(weights[heights == 0].sum())
    if abs(dry - slope) < 1e-9:
        return  # on the edge rounding decides
    expected = level_by_bisection(heights, weights, 0.0, slope)
    found = water_level(heights, weights, constant=0.0, slope=slope)
    if expected is None:
        assert found is None
    else:
        # close to the edge the root is ill-conditioned: its error is that of the masses over their difference
        gaps = [abs(float(weights[heights <= h].sum()) - slope) for h in heights]
        assert found == pytest.approx(expected, rel=1e-12 / min(1.0, *gaps))


@pytest.mark.parametrize("count", [1, 2, 5, 70_000, 300_000])
@pytest.mark.parametrize(("constant", "slope"), [(0.5, 0.0), (0.01, 0.0), (0.0, 0.3), (0.2, 0.1)])
def test_the_level_holds_its_volume_at_every_size(count: int, constant: float, slope: float) -> None:
    source = torch.Generator().manual_seed(count)
    heights = (2 * torch.randn(count, generator=source, dtype=torch.float64)).exp()
    weights = torch.rand(count, generator=source, dtype=torch.float64)
    weights /= weights.sum()
    level = water_level(heights, weights, constant=constant, slope=slope)
    assert level is not None
    volume = math.fsum((weights * (level - heights).clamp(min=0)).tolist())
    assert volume == pytest.approx(constant + slope * level, rel=1e-12)


@pytest.mark.parametrize("period", [1, 2, 30])
def test_a_subsample_that_misleads_does_no_harm(period: int) -> None:
    # sorted and periodic landscapes, of which every strided subsample is a wrong picture
    count = 300_000
    heights = (torch.arange(count, dtype=torch.float64) % period) * 10.0
    heights[torch.arange(0, count, count // 2**14)] += 1000.0
    weights = torch.full((count,), 1.0 / count, dtype=torch.float64)
    level = water_level(heights, weights, constant=0.5, slope=0.0)
    assert level is not None
    assert math.fsum((weights * (level - heights).clamp(min=0)).tolist()) == pytest.approx(0.5, rel=1e-12)


@given(landscapes(), st.floats(0.01, 0.99))
def test_log_level_is_the_logarithm(landscape: tuple[Tensor, Tensor], slope: float) -> None:
    heights, weights = landscape
    plain = water_level(heights, weights, constant=0.0, slope=slope)
    found = log_water_level(heights.log(), weights, slope=slope)
    if abs(float(weights[heights == 0].sum()) - slope) < 1e-9:
        return
    assert (found is None) == (plain is None)
    if found is not None and plain is not None:
        assert found == pytest.approx(math.log(plain), abs=1e-7)


@pytest.mark.parametrize("shift", [-5000.0, -745.0, -700.0, 0.0, 700.0])
def test_log_level_knows_no_range(shift: float) -> None:
    weights = torch.full((4,), 0.25, dtype=torch.float64)
    far = torch.tensor([shift, shift + math.log(2), shift + math.log(3), 6000.0], dtype=torch.float64)
    # the three low points alone: mu (3/4 − 1/2) = (1 + 2 + 3)/4
    assert log_water_level(far, weights, slope=0.5) == pytest.approx(shift + math.log(6), rel=1e-12)


def test_no_level_where_everything_is_dry() -> None:
    weights = torch.tensor([0.5, 0.5], dtype=torch.float64)
    assert water_level(torch.tensor([0.0, 1.0]).double(), weights, constant=0.0, slope=0.5) is None
    assert log_water_level(torch.tensor([-math.inf, 0.0]).double(), weights, slope=0.5) is None
    assert log_water_level(torch.tensor([-math.inf, -math.inf]).double(), weights, slope=0.1) is None
