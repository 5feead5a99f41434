"""Flow matching: the integration against closed forms, the loss and its minimiser, the fields."""

import math

import pytest
import torch
from torch import Tensor, nn

from adagan.components.generators.flow_matching import StraightPathLoss, Transport
from adagan.components.networks.velocity_fields import ConvolutionalField, TimeFeatures, VectorField
from adagan.mixtures.randomness import isolated_randomness


class Growth(nn.Module):
    """dx/dt = x, so that x(1) = e x(0)."""

    def forward(self, points: Tensor, time: Tensor) -> Tensor:
        return points


class Clock(nn.Module):
    """dx/dt = 3t², so that x(1) = x(0) + 1."""

    def forward(self, points: Tensor, time: Tensor) -> Tensor:
        return (3 * time.square())[:, None].expand_as(points)


class TowardsPoint(nn.Module):
    """The exact field for data at one point c: E[x₁ − x₀ | x_t] = (c − x)/(1 − t)."""

    def __init__(self, point: Tensor) -> None:
        super().__init__()
        self.point = point

    def forward(self, points: Tensor, time: Tensor) -> Tensor:
        return (self.point - points) / (1 - time)[:, None]


@pytest.mark.parametrize(("field", "expected"), [(Growth(), lambda x: math.e * x), (Clock(), lambda x: x + 1)])
def test_the_midpoint_rule_is_of_second_order(field: nn.Module, expected: object, generator: torch.Generator) -> None:
    latent = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    truth = expected(latent)  # type: ignore[operator]
    coarse, fine = (float((Transport(field, (3,), steps)(latent) - truth).abs().max()) for steps in (8, 16))
    assert fine < 0.01
    assert coarse / fine == pytest.approx(4, rel=0.2)


def test_the_exact_field_has_no_loss_and_arrives(generator: torch.Generator) -> None:
    point = torch.tensor([2.0, -1.0], dtype=torch.float64)
    transport = Transport(TowardsPoint(point), (2,), 16)
    with isolated_randomness(0):
        loss = StraightPathLoss(transport)(point.expand(100, 2))
    assert float(loss) == pytest.approx(0, abs=1e-12)
    latent = torch.randn(10, 2, generator=generator, dtype=torch.float64)
    # one step before the end the distance is |x₀|/16; the last midpoint removes it
    assert float((transport(latent) - point).abs().max()) < 1e-9


def test_the_loss_of_no_movement() -> None:
    """With v = 0 it is E|x₁ − x₀|²/D = (m² + s²) + 1; six standard errors of 200,000 entries (below 1e-8)."""
    data = 2 + 0.5 * torch.randn(200_000, 1, generator=torch.Generator().manual_seed(100))
    still = FieldOf(torch.zeros(1))
    with isolated_randomness(0):
        loss = StraightPathLoss(Transport(still, (1,), 1))(data)
    assert float(loss) == pytest.approx(4 + 0.25 + 1, abs=6 * 5 / 200_000**0.5)


class FieldOf(nn.Module):
    def __init__(self, velocity: Tensor) -> None:
        super().__init__()
        self.velocity = velocity

    def forward(self, points: Tensor, time: Tensor) -> Tensor:
        return self.velocity.expand_as(points)


@pytest.mark.parametrize("event_shape", [(1, 8, 8), (3, 12, 12), (2, 5, 7), (1, 28, 28)])
def test_convolutional_fields_take_images_of_any_size(event_shape: tuple[int, ...], generator: torch.Generator) -> None:
    with isolated_randomness(0):
        field = ConvolutionalField(event_shape, 8)
        for parameter in field.parameters():  # at first the blocks are identities, whatever the time
            nn.init.normal_(parameter, std=0.2)
    points, time = torch.randn(3, *event_shape, generator=generator), torch.tensor([0.0, 0.5, 1.0])
    velocity = field(points, time)
    assert velocity.shape == points.shape
    assert not torch.allclose(velocity, field(points, 1 - time))


def test_vector_fields_and_time_features() -> None:
    features = TimeFeatures(3)(torch.tensor([0.0, 0.5]))
    expected = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0, -1.0, 1.0]])
    torch.testing.assert_close(features, expected, rtol=0, atol=1e-6)
    with isolated_randomness(0):
        field = VectorField((2, 3), 8, 1)
    assert field(torch.zeros(4, 2, 3), torch.zeros(4)).shape == (4, 2, 3)
