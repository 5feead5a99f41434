"""A residual multilayer perceptron: as generator, discriminator, field or critic network."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from adagan.components.networks.defaults import MLP


class ResidualBlock(nn.Module):
    """x ↦ x + W₂ σ(W₁ σ(x)), the nonlinearity in front of each layer, and W₂ zero at first: an identity to start from.

    Args:
        width: Entries of the input and of the output.
        activation: Class of the nonlinearity σ.

    References:
        He, Zhang, Ren, Sun, *Identity mappings in deep residual networks*, 2016, section 4.1,
        https://arxiv.org/abs/1603.05027
    """

    def __init__(self, width: int, activation: type[nn.Module] = nn.SiLU) -> None:
        super().__init__()
        last = nn.Linear(width, width)
        self.branch = nn.Sequential(activation(), nn.Linear(width, width), activation(), last)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Makes an identity of it; its layers draw values of their own."""
        for parameter in self.branch[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.branch(x)
        return y


class ResidualMLP(nn.Sequential):
    """Residual blocks between two linear layers, flattening its input and shaping its output.

    >>> import torch
    >>> generator, discriminator = ResidualMLP(8, (2,)), ResidualMLP(2, ())  # of a GAN with latent_dim=8
    >>> discriminator(generator(torch.zeros(5, 8))).shape
    torch.Size([5])

    Args:
        in_features: Entries of the flattened input.
        out_shape: Shape of one output; ``()`` for a single number.
        width: Of the blocks.
        blocks: How many, of two layers each.
        activation: Class of the nonlinearity.
    """

    def __init__(
        self,
        in_features: int,
        out_shape: Sequence[int],
        width: int = 128,
        blocks: int = 3,
        activation: type[nn.Module] = nn.SiLU,
    ) -> None:
        super().__init__(
            nn.Flatten(),
            nn.Linear(in_features, width),
            *(ResidualBlock(width, activation) for _ in range(blocks)),
            activation(),
            MLP(width, out_shape, hidden=()),
        )
