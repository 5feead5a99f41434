"""Critics' networks chosen from the event's shape, the residual perceptron, and the sizes that cannot be built."""

import pytest
import torch

from adagan import GAN
from adagan.components import ResidualMLP
from adagan.components.networks.defaults import (
    MLP,
    ConvolutionalDiscriminator,
    doublings,
)
from adagan.components.networks.ratio_networks import ratio_network
from adagan.components.networks.residual import ResidualBlock
from adagan.mixtures.randomness import isolated_randomness

TINY = {"latent_dim": 2, "width": 16, "max_steps": 3, "batch_size": 16, "seed": 100}
SIDES = [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64]


@pytest.mark.parametrize(
    ("shape", "convolved"),
    [
        ((1, 8, 8), False),
        ((3, 8, 8), False),
        ((1, 4, 4), False),
        ((3, 9, 9), False),
        ((1, 10, 30), False),
        ((1, 28, 28), True),
        ((4, 64, 64), True),
    ],
)
@pytest.mark.parametrize("components", [1, 3])
def test_critics_convolve_larger_images_only(shape: tuple[int, ...], convolved: bool, components: int) -> None:
    with isolated_randomness(100), torch.no_grad():
        network = ratio_network(shape, components, 16, 0.0)
        assert network(torch.randn(5, *shape)).shape == (5, components)
    assert isinstance(network.network, ConvolutionalDiscriminator) == convolved


@pytest.mark.parametrize("shape", [(8, 16), (9, 9), (30, 30), (5, 5), (7, 7), (68, 68), (4, 4), (0, 0)])
def test_sizes_that_cannot_be_built(shape: tuple[int, int]) -> None:
    message = rf"images of {shape[0]}×{shape[1]} pixels cannot be built.*8, 10, 12.*generator= and discriminator="
    with pytest.raises(ValueError, match=message):
        doublings((1, *shape))


def test_the_sizes_that_the_message_lists_are_those_that_can_be_built() -> None:
    possible = []
    for side in range(1, 66):
        try:
            doublings((1, side, side))
        except ValueError:
            continue
        possible.append(side)
    assert set(SIDES) <= set(possible)
    assert set(possible) - set(SIDES) == set()


@pytest.mark.parametrize(("inside", "out_shape"), [((3,), ()), ((3,), (2,)), ((2, 2), (1, 4, 4))])
def test_shapes_of_the_residual_perceptron(inside: tuple[int, ...], out_shape: tuple[int, ...]) -> None:
    with isolated_randomness(100), torch.no_grad():
        network = ResidualMLP(torch.Size(inside).numel(), out_shape, width=8, blocks=2)
        assert network(torch.randn(5, *inside)).shape == (5, *out_shape)


def test_residual_blocks_start_as_identities_and_learn() -> None:
    with isolated_randomness(100):
        block, points = ResidualBlock(6), torch.randn(4, 6)
    assert torch.equal(block(points), points)
    block(points).square().sum().backward()
    last = block.branch[-1].weight
    assert last.grad is not None
    assert float(last.grad.abs().max()) > 0


def test_a_deep_residual_perceptron_keeps_its_gradient() -> None:
    with isolated_randomness(100):
        deep, plain = ResidualMLP(2, (), 16, blocks=20), MLP(2, (), (16,) * 40)
        sizes = []
        for network in (deep, plain):
            points = torch.randn(64, 2).requires_grad_()
            (gradient,) = torch.autograd.grad(network(points).sum(), points)
            sizes.append(float(gradient.norm(dim=1).mean()))
    assert sizes[0] > 1e-2
    assert sizes[1] < 1e-4


def test_a_gan_trains_residual_perceptrons() -> None:
    data = torch.randn(64, 2, generator=torch.Generator().manual_seed(100))
    with isolated_randomness(100):
        gan = GAN(generator=ResidualMLP(2, (2,), 8), discriminator=ResidualMLP(2, (), 8), **TINY).fit(data)
        before = ResidualMLP(2, (2,), 8)
    assert gan.sample(5).shape == (5, 2)
    assert gan.generator_.state_dict().keys() == before.state_dict().keys()
