"""Networks that are told classes: classes by chance, generators, a discriminator."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from adagan.components.networks.default_networks import STRIDED, DefaultNetworks
from adagan.components.networks.defaults import MLP, is_image


class ClassChoice(nn.Module):
    """Uniform numbers in [0, 1), shape (B,), to classes (B,) in given shares; −1 − c is always class c.

    Args:
        shares: Of the classes, shape (C,), sum 1.
    """

    edges: Tensor
    elementwise = True  # see `adagan.mixtures.sampling.stacking`

    def __init__(self, shares: Tensor) -> None:
        super().__init__()
        edges = shares.cumsum(0)[:-1]
        # rounding could leave room above the edge of the last class that has a share
        edges[int(shares.nonzero()[-1]) :] = 2.0
        self.register_buffer("edges", edges, persistent=False)  # the shares are stored

    def forward(self, chance: Tensor) -> Tensor:
        drawn = (chance[:, None] >= self.edges).sum(dim=1)
        return torch.where(chance < 0, (-1 - chance).round().long(), drawn)


class GeneratorByClass(nn.Module):
    """Latent vectors with a number that chooses the class (B, latent_dim + 1) to events (B, *event).

    Args:
        generator: Takes latent vectors (B, latent_dim) and classes (B,).
        shares: Of the classes, shape (C,), sum 1.
    """

    def __init__(self, generator: nn.Module, shares: Tensor) -> None:
        super().__init__()
        self.generator, self.choice = generator, ClassChoice(shares)

    def forward(self, latent: Tensor) -> Tensor:
        events: Tensor = self.generator(latent[:, :-1], self.choice(latent[:, -1]))
        return events

    @staticmethod
    def of_class(latent: Tensor, classes: Tensor) -> Tensor:
        """The latent vectors with other classes (B,)."""
        return torch.cat([latent[:, :-1], -1 - classes[:, None].to(latent)], dim=1)


class ClassGenerator(nn.Module):
    """Latent vectors (B, latent_dim) and classes (B,) to events (B, *event): the class enters as a one-hot vector.

    Args:
        latent_dim: Entries of a latent vector.
        num_classes: C.
        event_shape: Shape of an event.
        width: Of the layers.
        networks: Makes the network within.
    """

    def __init__(
        self,
        latent_dim: int,
        num_classes: int,
        event_shape: Sequence[int],
        width: int,
        networks: DefaultNetworks = STRIDED,
    ) -> None:
        super().__init__()
        self.network = networks.generator(latent_dim + num_classes, event_shape, width)
        self.num_classes = num_classes

    def forward(self, latent: Tensor, classes: Tensor) -> Tensor:
        events: Tensor = self.network(torch.cat([latent, one_hot(classes, self.num_classes).to(latent)], dim=1))
        return events


class ProjectionDiscriminator(nn.Module):
    """Points (B, *event) and classes (B,) to v_class · f(x) + w · f(x) + b, shape (B,), with learnt features f.

    The form that the log ratio has when the class's own part of it is linear in the features.

    Args:
        event_shape: Shape of a point.
        num_classes: C.
        width: Of the layers, as many as features.
        networks: Makes the network within, of images.

    References:
        Miyato, Koyama, *cGANs with projection discriminator*, 2018, eq. 3, https://arxiv.org/abs/1802.05637
    """

    def __init__(
        self, event_shape: Sequence[int], num_classes: int, width: int, networks: DefaultNetworks = STRIDED
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        # before the last layer: that one stays the discriminator's last, whose input techniques take as features
        self.classes = nn.Linear(num_classes, width, bias=False)
        bound = 1 / math.sqrt(width)
        nn.init.uniform_(self.classes.weight, -bound, bound)
        if is_image(event_shape):
            network = networks.classifier(event_shape, width, width)
        else:
            network = MLP(math.prod(event_shape), (width,), (width,) * 2, nn.LeakyReLU)
        self.features = nn.Sequential(network, nn.LeakyReLU(0.2))
        self.last = nn.Linear(width, 1)

    def forward(self, points: Tensor, classes: Tensor) -> Tensor:
        features = self.features(points).reshape(len(points), -1)
        own = self.classes(one_hot(classes, self.num_classes).to(features))
        outputs: Tensor = self.last(features).squeeze(1) + (own * features).sum(dim=1)
        return outputs
