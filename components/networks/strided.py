"""Networks for images without convolutions at full size, whose price they have a small part of."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from adagan.components.networks.defaults import doublings

KERNEL, STRIDE = 4, 2
SMALL_SIDE = 8
"""The square at which a generator begins has no more pixels a side."""


def sides(event_shape: Sequence[int]) -> list[int]:
    """The sides of an image that is halved until it is small, once at least, and twice where it can be; largest first.

    Raises:
        ValueError: An image that cannot be halved down to 7 pixels or fewer.
    """
    possible = doublings(event_shape)
    found = [event_shape[1]]
    while len(found) <= possible and (len(found) <= 2 or found[-1] > SMALL_SIDE):
        found.append(found[-1] // STRIDE)
    return found


def _channels(width: int, count: int) -> list[int]:
    """Of so many smaller squares, the largest first: there are few at its size, which costs most."""
    return [max(width // 4, 8), *[width] * (count - 1)] if count > 1 else [width]


class StridedGenerator(nn.Sequential):
    """Latent vectors to images in [−1, 1]: a small square, doubled by transposed convolutions, normalised by batch.

    In evaluation mode an image depends on its own latent vector only.

    Args:
        latent_dim: Entries of a latent vector.
        event_shape: (channels, height, width).
        width: Channels of the small square.

    References:
        Radford, Metz, Chintala, *Unsupervised representation learning with deep convolutional generative adversarial
        networks*, 2016, section 3, https://arxiv.org/abs/1511.06434
    """

    def __init__(self, latent_dim: int, event_shape: Sequence[int], width: int = 64) -> None:
        squares = sides(event_shape)[1:]
        channels = _channels(width, len(squares))[::-1]
        side, before = squares[-1], channels[0]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, before * side**2),
            nn.Unflatten(1, (before, side, side)),
            nn.BatchNorm2d(before),
            nn.ReLU(),
        ]
        for after in channels[1:]:
            layers += [nn.ConvTranspose2d(before, after, KERNEL, STRIDE, 1), nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        super().__init__(*layers, nn.ConvTranspose2d(before, event_shape[0], KERNEL, STRIDE, 1), nn.Tanh())


class StridedDiscriminator(nn.Sequential):
    """Images to one number each: strided convolutions down to a small square, then a linear layer.

    Args:
        event_shape: (channels, height, width).
        width: Channels of the small square.
        outputs: Numbers per image; 1 gives the shape (N,), more gives (N, outputs).
    """

    def __init__(self, event_shape: Sequence[int], width: int = 64, outputs: int = 1) -> None:
        squares = sides(event_shape)[1:]
        layers: list[nn.Module] = []
        before = event_shape[0]
        for after in _channels(width, len(squares)):
            layers += [nn.Conv2d(before, after, KERNEL, STRIDE, 1), nn.LeakyReLU(0.2)]
            before = after
        super().__init__(*layers, nn.Flatten(), nn.Linear(before * squares[-1] ** 2, outputs))
        self._scalar = outputs == 1

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)  # type: ignore[no-untyped-call]
        return output.squeeze(1) if self._scalar else output
