"""Networks chosen from the event's shape: perceptrons for vectors, a small convolutional pair for images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from adagan.mixtures.errors import UserError

FEW_ENTRIES = 8
"""Vectors of up to so many entries count as short."""


class MLP(nn.Sequential):
    """Linear layers with a nonlinearity between them, flattening its input and shaping its output.

    Args:
        in_features: Entries of the flattened input.
        out_shape: Shape of one output; ``()`` for a single number.
        hidden: Widths of the hidden layers.
        activation: Class of the nonlinearity.
    """

    def __init__(
        self,
        in_features: int,
        out_shape: Sequence[int],
        hidden: Sequence[int] = (128, 128, 128),
        activation: type[nn.Module] = nn.ReLU,
    ) -> None:
        widths = [in_features, *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), activation()]
        layers += [nn.Linear(widths[-1], math.prod(out_shape)), nn.Unflatten(1, tuple(out_shape) or (1,))]
        super().__init__(*layers)
        self._scalar = not out_shape

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)  # type: ignore[no-untyped-call]
        return output.squeeze(1) if self._scalar else output


def is_image(event_shape: Sequence[int]) -> bool:
    """Whether the shape reads as (channels, height, width) with 1 to 4 channels."""
    return len(event_shape) == 3 and 1 <= event_shape[0] <= 4


def is_long(event_shape: Sequence[int]) -> bool:
    """Whether an event is no image and has more than 8 entries."""
    return not is_image(event_shape) and math.prod(event_shape) > FEW_ENTRIES


def doublings(event_shape: Sequence[int]) -> int:
    """How often a small square is doubled to reach the image's side.

    Raises:
        ValueError: The convolutional pair cannot build images of this shape.
    """
    _, height, width = event_shape
    side, count = height, 0
    while side > 7 and side % 2 == 0:
        side, count = side // 2, count + 1
    if height != width or side > 7 or count == 0:
        raise UserError(
            f"images of {height}×{width} pixels cannot be built by the convolutional pair: it makes squares of 8 to 64 "
            "pixels that halve down to 7 or fewer (8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64); crop or resize "
            "the images, or pass generator= and discriminator= modules of your own"
        )
    return count


def can_be_convolved(event_shape: Sequence[int]) -> bool:
    """Whether the convolutional pair can build images of this shape."""
    try:
        return doublings(event_shape) > 0
    except ValueError:
        return False


class ConvolutionalGenerator(nn.Sequential):
    """Latent vectors to images in [−1, 1]: a small square, doubled and convolved until it has the image's side.

    Args:
        latent_dim: Entries of a latent vector.
        event_shape: (channels, height, width).
        width: Channels of the widest layer.
    """

    def __init__(self, latent_dim: int, event_shape: Sequence[int], width: int = 64) -> None:
        channels, side, _ = event_shape
        count = doublings(event_shape)
        start = side // 2**count
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, width * start**2),
            nn.Unflatten(1, (width, start, start)),
            nn.ReLU(),
        ]
        for _ in range(count):
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, max(width // 2, 16), 3, padding=1), nn.ReLU()]
            width = max(width // 2, 16)
        super().__init__(*layers, nn.Conv2d(width, channels, 3, padding=1), nn.Tanh())


class ConvolutionalDiscriminator(nn.Sequential):
    """Images to one number each: strided convolutions down to a small square, then a linear layer.

    Args:
        event_shape: (channels, height, width).
        width: Channels of the first layer.
        outputs: Numbers per image; 1 gives the shape (N,), more gives (N, outputs).
    """

    def __init__(self, event_shape: Sequence[int], width: int = 32, outputs: int = 1) -> None:
        channels, side, _ = event_shape
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2)]
        for _ in range(doublings(event_shape)):
            layers += [nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
            width, side = 2 * width, side // 2
        super().__init__(*layers, nn.Flatten(), nn.Linear(width * side**2, outputs))
        self._scalar = outputs == 1

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)  # type: ignore[no-untyped-call]
        return output.squeeze(1) if self._scalar else output


def default_generator(latent_dim: int, event_shape: Sequence[int], width: int) -> nn.Module:
    """The convolutional generator for images, an MLP for everything else."""
    if is_image(event_shape):
        return ConvolutionalGenerator(latent_dim, event_shape, width)
    return MLP(latent_dim, event_shape, (width,) * 3)
