"""Statistics of the minibatch as further features of the discriminator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adagan.components.adversarial.gan_training import GANTraining
from adagan.components.adversarial.techniques.last_layer import last_linear_layer
from adagan.components.adversarial.techniques.technique import Technique
from adagan.components.arguments import check_counts


class MinibatchStatistics(Technique):
    """The last layer also sees how close a point's features are to the others' in the minibatch, and their spread.

    A generator whose samples are all alike is found out by that. Data and samples are judged in passes of their own,
    each with the statistics of its side.

    Args:
        num_kernels: Closeness is measured under so many learnt maps, the reference's B.
        kernel_dim: Entries of what such a map gives, the reference's C.

    References:
        Salimans et al., *Improved techniques for training GANs*, 2016, section 3.2 (minibatch discrimination),
        https://arxiv.org/abs/1606.03498

        Karras, Aila, Laine, Lehtinen, *Progressive growing of GANs for improved quality, stability, and variation*,
        2018, section 3 (the spread), https://arxiv.org/abs/1710.10196
    """

    def __init__(self, num_kernels: int = 16, kernel_dim: int = 4) -> None:
        check_counts(num_kernels=num_kernels, kernel_dim=kernel_dim)
        self.num_kernels, self.kernel_dim = num_kernels, kernel_dim

    def install(self, training: GANTraining) -> None:
        name, layer = last_linear_layer(training.discriminator, "MinibatchStatistics")
        extended = _WithStatistics(layer, self.num_kernels, self.kernel_dim).to(layer.weight)
        parent, _, child = name.rpartition(".")
        setattr(training.discriminator.get_submodule(parent), child, extended)
        training.judges_sides_apart = True


class _WithStatistics(nn.Module):
    """A linear layer with further inputs, computed from all rows of its input."""

    def __init__(self, layer: nn.Linear, num_kernels: int, kernel_dim: int) -> None:
        super().__init__()
        self.kernels = nn.Linear(layer.in_features, num_kernels * kernel_dim, bias=False)
        self.shape = (num_kernels, kernel_dim)
        self.further = nn.Linear(num_kernels + 1, layer.out_features, bias=False)
        self.layer = layer  # after its own: it stays the discriminator's last layer, whose input other techniques take

    def forward(self, features: Tensor) -> Tensor:
        maps = self.kernels(features).unflatten(1, self.shape)
        distances = (maps[:, None] - maps[None]).abs().sum(dim=3)
        closeness = (-distances).exp().mean(dim=1)
        # the root of a variance has no gradient where all points are alike: the small number keeps it finite
        spread = (features.var(dim=0, correction=0) + 1e-8).sqrt().mean().expand(len(features), 1)
        outputs: Tensor = self.layer(features) + self.further(torch.cat([closeness, spread], dim=1))
        return outputs
