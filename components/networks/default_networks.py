"""The networks that a GAN takes where its user gives none: today's, and those that files of before describe."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from adagan.components.networks.defaults import (
    MLP,
    ConvolutionalDiscriminator,
    ConvolutionalGenerator,
    doublings,
    is_image,
)
from adagan.components.networks.strided import StridedDiscriminator, StridedGenerator
from adagan.mixtures.errors import UserError

LEARNING_RATE = 1e-3
"""Of perceptrons, and of networks that nothing is known about."""


@dataclass(frozen=True)
class DefaultNetworks:
    """Makes networks for events of any shape: a pair of its own for images, perceptrons for everything else.

    Attributes:
        name: By which stored configurations know it.
        image_generator: From entries of a latent vector, shape of an event and width to a generator of images.
        image_discriminator: From shape of an event, width and outputs to a network that judges images.
        image_learning_rate: At which the pair for images learns.
    """

    name: str
    image_generator: Callable[[int, Sequence[int], int], nn.Sequential]
    image_discriminator: Callable[[Sequence[int], int, int], nn.Module]
    image_learning_rate: float

    def learning_rate(self, event_shape: Sequence[int]) -> float:
        """At which the networks for events of this shape learn."""
        return self.image_learning_rate if is_image(event_shape) else LEARNING_RATE

    def generator(self, latent_dim: int, event_shape: Sequence[int], width: int) -> nn.Sequential:
        """Latent vectors (B, latent_dim) to events (B, *event)."""
        if is_image(event_shape):
            return self.image_generator(latent_dim, event_shape, width)
        return MLP(latent_dim, event_shape, (width,) * 3)

    def discriminator(self, event_shape: Sequence[int], width: int, points_per_output: int = 1) -> nn.Module:
        """Points to one number each, shape (N,).

        Args:
            event_shape: Shape of a point.
            width: Of the layers.
            points_per_output: Points that are judged together, put together along their first axis.
        """
        if is_image(event_shape):
            channels, height, breadth = event_shape
            return self.image_discriminator((points_per_output * channels, height, breadth), width, 1)
        return MLP(points_per_output * math.prod(event_shape), (), (width,) * 3, nn.LeakyReLU)

    def classifier(self, event_shape: Sequence[int], outputs: int, width: int) -> nn.Module:
        """Events to `outputs` numbers each."""
        if is_image(event_shape):
            return self.image_discriminator(event_shape, width, outputs)
        return MLP(math.prod(event_shape), (outputs,), (width,) * 3, nn.LeakyReLU)


SMALL_SIDE = 8
"""Images of at most so many pixels a side are made and judged by perceptrons: they learn more there, in less time."""


def _small_or_strided(latent_dim: int, event_shape: Sequence[int], width: int) -> nn.Sequential:
    if max(event_shape[1:]) > SMALL_SIDE:
        return StridedGenerator(latent_dim, event_shape, width)
    doublings(event_shape)  # refuses what no pair is made for
    layers: list[nn.Module] = []
    for before in (latent_dim, 2 * width):
        layers += [nn.Linear(before, 2 * width), nn.BatchNorm1d(2 * width), nn.ReLU()]
    return nn.Sequential(*layers, MLP(2 * width, event_shape, ()), nn.Tanh())


def _judge_of_small_or_strided(event_shape: Sequence[int], width: int, outputs: int) -> nn.Module:
    if max(event_shape[1:]) > SMALL_SIDE:
        return StridedDiscriminator(event_shape, width, outputs)
    doublings(event_shape)
    return MLP(math.prod(event_shape), () if outputs == 1 else (outputs,), (2 * width,) * 2, nn.LeakyReLU)


def _half_as_wide(event_shape: Sequence[int], width: int, outputs: int) -> nn.Module:
    return ConvolutionalDiscriminator(event_shape, max(width // 2, 16), outputs)


STRIDED = DefaultNetworks("strided", _small_or_strided, _judge_of_small_or_strided, 3e-3)
"""Today's."""
UPSAMPLING = DefaultNetworks("upsampling", ConvolutionalGenerator, _half_as_wide, LEARNING_RATE)
"""Those of configurations that name none, written by version 0.1 and before the strided ones."""
DEFAULT_NETWORKS: tuple[DefaultNetworks, ...] = (STRIDED, UPSAMPLING)


def networks_named(name: str) -> DefaultNetworks:
    """The networks that a stored configuration names.

    Raises:
        ValueError: None of these.
    """
    for networks in DEFAULT_NETWORKS:
        if networks.name == name:
            return networks
    known = ", ".join(networks.name for networks in DEFAULT_NETWORKS)
    raise UserError(f"networks: expected one of {known}, got {name!r}; the file was written by a newer version")
