"""Networks for velocity fields: points and times to velocities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from adagan.components.networks.defaults import is_image
from adagan.components.networks.residual import ResidualMLP


class TimeFeatures(nn.Module):
    """t ↦ (sin 2ᵏπt, cos 2ᵏπt) for k = 0, 1, ..., shape (B,) to (B, 2 · octaves).

    Args:
        octaves: Number of frequencies.

    References:
        Vaswani et al., *Attention is all you need*, 2017, section 3.5, https://arxiv.org/abs/1706.03762
    """

    frequencies: Tensor

    def __init__(self, octaves: int = 6) -> None:
        super().__init__()
        self.register_buffer("frequencies", math.pi * 2 ** torch.arange(octaves).float(), persistent=False)
        self.out_features = 2 * octaves

    def forward(self, time: Tensor) -> Tensor:
        phases = time[:, None] * self.frequencies
        return torch.cat([phases.sin(), phases.cos()], dim=1)


class VectorField(nn.Module):
    """A residual perceptron of the point and the time.

    Args:
        event_shape: Shape of a point.
        width: Of the residual blocks.
        blocks: How many.
    """

    def __init__(self, event_shape: Sequence[int], width: int = 128, blocks: int = 3) -> None:
        super().__init__()
        self.time = TimeFeatures()
        self.network = ResidualMLP(math.prod(event_shape) + self.time.out_features, event_shape, width, blocks)

    def forward(self, points: Tensor, time: Tensor) -> Tensor:
        velocity: Tensor = self.network(torch.cat([points.flatten(1), self.time(time)], dim=1))
        return velocity


class TimedBlock(nn.Module):
    """A residual block of two convolutions, with a shift of the channels that depends on the time.

    Args:
        channels: Of the input and of the output.
        time_features: Numbers that describe the time.
    """

    def __init__(self, channels: int, time_features: int) -> None:
        super().__init__()
        self.shift = nn.Linear(time_features, channels)
        self.before = nn.Sequential(nn.GroupNorm(4, channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1))
        last = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(last.weight)
        self.after = nn.Sequential(nn.GroupNorm(4, channels), nn.SiLU(), last)

    def forward(self, images: Tensor, time: Tensor) -> Tensor:
        shift: Tensor = self.shift(time)
        change: Tensor = self.after(self.before(images) + shift[:, :, None, None])
        return images + change


class ConvolutionalField(nn.Module):
    """A small U-Net: blocks on the way down to a coarse square, blocks on the way up that see those of their size.

    Args:
        event_shape: (channels, height, width) of an image, of any size; it is halved while the sides are even and
            above 7 pixels.
        width: Channels at full size, a multiple of 4; twice as many at each smaller one.

    References:
        Ronneberger, Fischer, Brox, *U-Net: convolutional networks for biomedical image segmentation*, 2015,
        https://arxiv.org/abs/1505.04597
    """

    def __init__(self, event_shape: Sequence[int], width: int = 32) -> None:
        super().__init__()
        channels, height, breadth = event_shape
        widths = [width]
        while height % 2 == 0 and breadth % 2 == 0 and min(height, breadth) > 7:
            height, breadth, widths = height // 2, breadth // 2, [*widths, 2 * widths[-1]]
        features = TimeFeatures()
        size = 4 * width
        self.time = nn.Sequential(features, nn.Linear(features.out_features, size), nn.SiLU())
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList(TimedBlock(w, size) for w in widths[:-1])
        self.coarser = nn.ModuleList(nn.Conv2d(w, 2 * w, 3, stride=2, padding=1) for w in widths[:-1])
        self.middle = TimedBlock(widths[-1], size)
        self.finer = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2 * w, w, 3, padding=1)) for w in widths[-2::-1]
        )
        self.up = nn.ModuleList(TimedBlock(w, size) for w in widths[-2::-1])
        self.leave = nn.Sequential(nn.GroupNorm(4, width), nn.SiLU(), nn.Conv2d(width, channels, 3, padding=1))

    def forward(self, points: Tensor, time: Tensor) -> Tensor:
        features: Tensor = self.time(time)
        images: Tensor = self.enter(points)
        passed = []
        for block, coarser in zip(self.down, self.coarser, strict=True):
            passed.append(block(images, features))
            images = coarser(passed[-1])
        images = self.middle(images, features)
        for block, finer in zip(self.up, self.finer, strict=True):
            images = block(finer(images) + passed.pop(), features)
        velocity: Tensor = self.leave(images)
        return velocity


def default_field(event_shape: Sequence[int], width: int) -> nn.Module:
    """The convolutional field for images, the residual perceptron for everything else."""
    return ConvolutionalField(event_shape, width) if is_image(event_shape) else VectorField(event_shape, width)
