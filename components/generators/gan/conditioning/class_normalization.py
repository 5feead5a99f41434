"""Class-conditional normalisation: the class sets the scale and shift of a generator's normalised layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from adagan.components.networks.default_networks import STRIDED, DefaultNetworks


class ClassNormalization(nn.Module):
    """Every event's features normalised over its own entries, then scaled and shifted per channel by its class.

    Unlike batch normalisation an event does not depend on those beside it.

    Args:
        channels: Of the features (B, channels, ...).
        num_classes: C.

    References:
        De Vries et al., *Modulating early visual processing by language*, 2017, section 3 (conditional normalisation),
        https://arxiv.org/abs/1707.00683; Ba, Kiros, Hinton, *Layer normalization*, 2016,
        https://arxiv.org/abs/1607.06450
    """

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.modulation = nn.Linear(num_classes, 2 * channels, bias=False)
        nn.init.normal_(self.modulation.weight, std=0.1)

    def forward(self, features: Tensor, classes: Tensor) -> Tensor:
        normal = nn.functional.layer_norm(features, features.shape[1:])
        modulation = self.modulation(one_hot(classes, self.num_classes).to(features))
        scale, shift = modulation.reshape(*modulation.shape, *[1] * (features.ndim - 2)).chunk(2, dim=1)
        modulated: Tensor = (1 + scale) * normal + shift
        return modulated


class ClassNormalizedGenerator(nn.Module):
    """Latent vectors (B, latent_dim) and classes (B,) to events (B, *event): the class enters by `ClassNormalization`.

    Arguments as of `ClassGenerator`.
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
        self.network = networks.generator(latent_dim, event_shape, width).eval()
        probe, channels = torch.zeros(1, latent_dim), []
        with torch.no_grad():
            for layer in self.network:
                if isinstance(layer, nn.ReLU):
                    channels.append(probe.shape[1])
                probe = layer(probe)
        self.network.train()
        self.normalizations = nn.ModuleList(ClassNormalization(count, num_classes) for count in channels)

    def forward(self, latent: Tensor, classes: Tensor) -> Tensor:
        features, normalizations = latent, iter(self.normalizations)
        for layer in self.network:
            if isinstance(layer, nn.ReLU):
                features = next(normalizations)(features, classes)
            features = layer(features)
        return features
