"""The networks of a GAN whose user gives none: today's, those of before, and which of them a stored file means."""

import pytest
import torch
from torch import Tensor, nn

from adagan import GAN
from adagan.components import Classes, FewLabels
from adagan.components.networks.default_networks import (
    DEFAULT_NETWORKS,
    LEARNING_RATE,
    STRIDED,
    UPSAMPLING,
    DefaultNetworks,
    networks_named,
)
from adagan.components.networks.defaults import ConvolutionalGenerator
from adagan.components.networks.strided import StridedGenerator, sides
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness

TINY = {"latent_dim": 3, "width": 16, "max_steps": 2, "batch_size": 8, "seed": 100}
SIDES = [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int = 8, side: int = 8) -> Tensor:
    return torch.rand(count, 1, side, side, generator=seeded(100))


@pytest.mark.parametrize("networks", DEFAULT_NETWORKS)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("channels", [1, 4])
def test_the_pair_fits_the_images(networks: DefaultNetworks, side: int, channels: int) -> None:
    shape = (channels, side, side)
    with isolated_randomness(100), torch.no_grad():
        made = networks.generator(5, shape, 16)(torch.randn(2, 5))
        assert made.shape == (2, *shape)
        assert float(made.abs().max()) <= 1
        assert networks.discriminator(shape, 16)(made).shape == (2,)
        assert networks.classifier(shape, 3, 16)(made).shape == (2, 3)


@pytest.mark.parametrize("shape", [(3,), (1,), (2, 3), (5, 4, 4)])
@pytest.mark.parametrize("together", [1, 3])
def test_everything_else_gets_perceptrons(shape: tuple[int, ...], together: int) -> None:
    with isolated_randomness(100), torch.no_grad():
        points = STRIDED.generator(4, shape, 8)(torch.randn(6, 4))
        assert points.shape == (6, *shape)
        packs = points.reshape(6 // together, together * shape[0], *shape[1:])
        assert STRIDED.discriminator(shape, 8, together)(packs).shape == (6 // together,)


def test_more_channels_than_an_image_has_are_taken_when_images_are_packed() -> None:
    with isolated_randomness(100), torch.no_grad():
        assert STRIDED.discriminator((3, 8, 8), 16, 4)(torch.zeros(2, 12, 8, 8)).shape == (2,)


def test_images_are_halved_twice_where_they_can_be_and_down_to_eight() -> None:
    found = {side: sides((1, side, side))[1:] for side in SIDES}
    assert found == {
        8: [4],
        10: [5],
        12: [6],
        14: [7],
        16: [8, 4],
        20: [10, 5],
        24: [12, 6],
        28: [14, 7],
        32: [16, 8],
        40: [20, 10, 5],
        48: [24, 12, 6],
        56: [28, 14, 7],
        64: [32, 16, 8],
    }


def test_an_image_of_the_strided_generator_does_not_depend_on_those_beside_it() -> None:
    gan = GAN(**TINY).fit(images(side=10))
    latent = gan.draw_latent(5, generator=seeded(101))
    assert torch.allclose(gan(latent)[2:3], gan(latent[2:3]), atol=1e-6)


def test_a_configuration_that_names_no_networks_means_those_of_before() -> None:
    fitted = GAN(**TINY)
    fitted.networks = UPSAMPLING
    fitted.fit(images())
    config = fitted.config()
    assert config.pop("networks") == UPSAMPLING.name
    again = GAN.from_config(config)
    again.load_state_dict(fitted.state_dict())
    assert isinstance(again.generator_, ConvolutionalGenerator)
    assert torch.equal(again.sample(4, generator=seeded(101)), fitted.sample(4, generator=seeded(101)))


@pytest.mark.parametrize("conditioning", [None, Classes(), Classes(normalization=True), FewLabels()])
@pytest.mark.parametrize("networks", DEFAULT_NETWORKS)
def test_what_is_stored_comes_back_with_its_networks(
    conditioning: Classes | FewLabels | None, networks: DefaultNetworks
) -> None:
    fitted = GAN(conditioning=conditioning, **TINY)
    fitted.networks = networks
    labels = None if conditioning is None else torch.arange(8) % 2
    fitted.fit(images(), labels=labels)
    again = GAN.from_config(fitted.config())
    again.load_state_dict(fitted.state_dict())
    assert again.networks is networks
    assert torch.equal(again.sample(4, generator=seeded(101)), fitted.sample(4, generator=seeded(101)))


def test_a_warm_start_goes_on_with_the_networks_of_before() -> None:
    old = GAN(**TINY)
    old.networks = UPSAMPLING
    old.fit(images())
    new = GAN(**TINY).warm_start(old).fit(images())
    assert isinstance(new.generator_, ConvolutionalGenerator)
    assert new.config()["networks"] == UPSAMPLING.name


def test_mixtures_of_both_sample_each_its_own() -> None:
    old = GAN(**TINY)
    old.networks = UPSAMPLING
    mixture = Mixture([old.fit(images()), *(GAN(**{**TINY, "seed": 101 + k}).fit(images()) for k in range(2))])
    assert mixture.sample(30, generator=seeded(101)).shape == (30, 1, 8, 8)


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="networks: expected one of strided, upsampling, got 'deep'"):
        networks_named("deep")


def test_rates_are_those_of_the_networks_unless_chosen() -> None:
    with isolated_randomness(100):
        plan, of_vectors = GAN(**TINY).build((1, 8, 8), torch.zeros(1)), GAN(**TINY).build((2,), torch.zeros(1))
        own = nn.Sequential(nn.Linear(3, 64), nn.Unflatten(1, (1, 8, 8)))
    rate = STRIDED.image_learning_rate
    assert GAN(**TINY).learning_rates(plan) == (rate, rate)
    assert GAN(learning_rate=0.5, **TINY).learning_rates(plan) == (0.5, 0.5)
    assert GAN(discriminator_learning_rate=0.5, **TINY).learning_rates(plan) == (rate, 0.5)
    assert GAN(generator=own, **TINY).learning_rates(plan) == (LEARNING_RATE, LEARNING_RATE)
    assert GAN(**TINY).learning_rates(of_vectors) == (LEARNING_RATE, LEARNING_RATE)


@pytest.mark.parametrize(("side", "strided"), [(8, False), (10, True), (28, True)])
def test_small_images_are_made_by_perceptrons(side: int, strided: bool) -> None:
    with isolated_randomness(100):
        generator, judge = STRIDED.generator(3, (1, side, side), 16), STRIDED.discriminator((1, side, side), 16)
    assert isinstance(generator, StridedGenerator) == strided
    assert any(isinstance(layer, nn.Conv2d) for layer in judge.modules()) == strided
