"""Statistics of the minibatch as further features of the discriminator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from adagan.components.generators.gan.techniques.last_layer import last_linear_layer
from adagan.components.generators.gan.techniques.technique import Technique
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_counts

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class MinibatchStatistics(Technique):
    """The last layer also sees how close a point's features are to others' in the minibatch, and their spread.

    A generator whose samples are all alike is found out by that. Data and samples are judged in passes of their own,
    each with the statistics of its side. Points are compared in groups, since the cost grows with the group's square.

    Args:
        num_kernels: Closeness is measured under so many learnt maps, the reference's B.
        kernel_dim: Entries of what such a map gives, the reference's C.
        group_size: Points that are compared with one another, 2 or more; groups have so many or a few less.

    References:
        Salimans et al., *Improved techniques for training GANs*, 2016, section 3.2 (minibatch discrimination),
        https://arxiv.org/abs/1606.03498

        Karras, Aila, Laine, Lehtinen, *Progressive growing of GANs for improved quality, stability, and variation*,
        2018, section 3 (the spread), https://arxiv.org/abs/1710.10196
    """

    def __init__(self, num_kernels: int = 16, kernel_dim: int = 4, group_size: int = 32) -> None:
        check_counts(num_kernels=num_kernels, kernel_dim=kernel_dim, group_size=group_size)
        if group_size < 2:
            raise UserError(f"group_size: a point alone has no statistics; expected 2 or more, got {group_size}")
        self.num_kernels, self.kernel_dim, self.group_size = num_kernels, kernel_dim, group_size

    def install(self, training: GANTraining) -> None:
        name, layer = last_linear_layer(training.discriminator, "MinibatchStatistics")
        extended = _WithStatistics(layer, self.num_kernels, self.kernel_dim, self.group_size).to(layer.weight)
        parent, _, child = name.rpartition(".")
        setattr(training.discriminator.get_submodule(parent), child, extended)
        training.judges_sides_apart = True


class _WithStatistics(nn.Module):
    """A linear layer with further inputs, computed from groups of rows of its input."""

    def __init__(self, layer: nn.Linear, num_kernels: int, kernel_dim: int, group_size: int) -> None:
        super().__init__()
        self.kernels = nn.Linear(layer.in_features, num_kernels * kernel_dim, bias=False)
        self.shape, self.group_size = (num_kernels, kernel_dim), group_size
        self.further = nn.Linear(num_kernels + 1, layer.out_features, bias=False)
        self.layer = layer  # after its own: it stays the discriminator's last layer, whose input other techniques take

    def forward(self, features: Tensor) -> Tensor:
        count = max(math.ceil(len(features) / self.group_size), 1)
        if len(features) % count:
            parts = [part[None] for part in features.tensor_split(count)]
        else:  # all groups at once
            parts = [torch.stack(features.chunk(count))]
        statistics = torch.cat([self._statistics(part).flatten(0, 1) for part in parts])
        outputs: Tensor = self.layer(features) + self.further(statistics)
        return outputs

    def _statistics(self, groups: Tensor) -> Tensor:
        """From features of shape (groups, points, F) to statistics of shape (groups, points, num_kernels + 1)."""
        maps = self.kernels(groups).unflatten(2, self.shape)
        distances = (maps[:, :, None] - maps[:, None]).abs().sum(dim=4)
        closeness = (-distances).exp().mean(dim=2)
        # the root of a variance has no gradient where all points are alike: the small number keeps it finite
        spread = (groups.var(dim=1, correction=0) + 1e-8).sqrt().mean(dim=1)
        return torch.cat([closeness, spread[:, None, None].expand(-1, groups.shape[1], 1)], dim=2)
