"""Scaling: there and back, by weight, and exact where an entry is constant."""

import pytest
import torch

from adagan.components.generators.scaling import Scaling


def points(seed: int = 0, count: int = 500) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, generator=generator, dtype=torch.float64) * torch.tensor([1.0, 100.0, 1e-3]) + 7.0


def test_standard_has_mean_zero_and_deviation_one() -> None:
    data = points()
    scaled = Scaling.standard(data)(data)
    assert torch.allclose(scaled.mean(dim=0), torch.zeros(3, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(scaled.square().mean(dim=0), torch.ones(3, dtype=torch.float64), atol=1e-9)


def test_standard_goes_by_weight() -> None:
    data = points()
    weights = (torch.arange(500) < 100).double()
    by_weight, by_rows = Scaling.standard(data, weights), Scaling.standard(data[:100])
    assert torch.allclose(by_weight.shift, by_rows.shift)
    assert torch.allclose(by_weight.scale, by_rows.scale)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_inverse_undoes_forward(dtype: torch.dtype) -> None:
    data = points().to(dtype)
    scaling = Scaling.standard(data)
    assert scaling.shift.dtype == dtype
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    assert torch.allclose(scaling.inverse(scaling(data)), data, rtol=tolerance, atol=tolerance)


def test_constant_entries_are_exact() -> None:
    data = torch.full((50, 2), 0.1)
    data[:, 1] = torch.linspace(0, 1, 50)
    scaling = Scaling.standard(data)
    assert torch.equal(scaling(data)[:, 0], torch.zeros(50))
    anything = torch.full((50, 2), 3.7)
    assert torch.equal(scaling.inverse(anything)[:, 0], data[:, 0])


def test_entries_that_are_constant_where_there_is_weight() -> None:
    data = torch.tensor([[0.3, 1.0], [0.3, 2.0], [9.0, 3.0]])
    scaling = Scaling.standard(data, torch.tensor([0.5, 0.5, 0.0]))
    assert scaling.scale[0] == 0
    assert torch.equal(scaling.inverse(torch.ones(1, 2))[0, 0], data[0, 0])


def test_symmetric_maps_the_range_onto_minus_one_to_one() -> None:
    images = torch.rand(20, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 255
    scaled = Scaling.symmetric(images)(images)
    assert float(scaled.min()) == pytest.approx(-1)
    assert float(scaled.max()) == pytest.approx(1)
    flat = Scaling.symmetric(torch.full((4, 1, 8, 8), 0.25))
    assert torch.equal(
        flat.inverse(torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))).unique(), torch.tensor([0.25])
    )


def test_overall_uses_one_scale_for_all_entries() -> None:
    images = torch.randn(30, 2, 8, 8, generator=torch.Generator().manual_seed(0)) * 3 + 2
    scaling = Scaling.overall(images)
    assert scaling.shift.shape == (1, 1, 1)
    scaled = scaling(images)
    assert float(scaled.mean()) == pytest.approx(0, abs=1e-5)
    assert float(scaled.std()) == pytest.approx(1, abs=1e-5)
    constant = torch.full((4, 1, 8, 8), 0.25)
    assert torch.equal(Scaling.overall(constant)(constant), torch.zeros(4, 1, 8, 8))


def test_the_state_is_two_buffers() -> None:
    scaling = Scaling.standard(points())
    other = Scaling((3,)).double()
    other.load_state_dict(scaling.state_dict())
    assert set(scaling.state_dict()) == {"shift", "scale"}
    assert torch.equal(other(points()), scaling(points()))
