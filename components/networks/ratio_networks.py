"""Critics' networks, chosen from the event's shape: points to one log ratio per component."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from adagan.components.networks.defaults import MLP, ConvolutionalDiscriminator, can_be_convolved, is_image

SMALL_SIDE = 8
"""Images of at most so many pixels a side are compared pixel by pixel, without convolutions."""


class FourierFeatures(nn.Module):
    """x ↦ (x, sin Bx, cos Bx), with random directions B at lengths from 1 to 2^octaves: sharp detail.

    A plain multilayer perceptron learns low frequencies first and blurs thin structure. The directions are isotropic,
    so that rotating the data changes nothing.

    Args:
        in_features: Entries of the flattened input, standardised.
        num_features: Number of directions.
        octaves: Binary logarithm of the highest frequency.

    References:
        Tancik et al., *Fourier features let networks learn high frequency functions in low dimensional domains*, 2020,
        https://arxiv.org/abs/2006.10739
    """

    directions: Tensor

    def __init__(self, in_features: int, num_features: int = 64, octaves: float = 6.0) -> None:
        super().__init__()
        directions = nn.functional.normalize(torch.randn(num_features, in_features), dim=1)
        lengths = 2 ** torch.linspace(0, octaves, num_features)
        self.register_buffer("directions", directions * lengths[:, None])
        self.out_features = in_features + 2 * num_features

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(1)
        phases = flat @ self.directions.T
        return torch.cat([flat, phases.sin(), phases.cos()], dim=1)


def supported_octaves(shape: Sequence[int], noise: float) -> float:
    """Detail that N points in D dimensions can support, N^(−1/D) apart, and that the noise leaves; 0 for images.

    Args:
        shape: (N, *event), of the data.
        noise: Standard deviation of the noise, in units of the data's.
    """
    if is_image(shape[1:]):
        return 0.0
    detail = math.log2(shape[0]) / math.prod(shape[1:])
    if noise > 0:
        detail = min(detail, math.log2(1 / noise))
    return min(detail, 5.0) if detail >= 1 else 0.0


def ratio_network(event_shape: Sequence[int], num_components: int, width: int, octaves: float) -> nn.Module:
    """A critic's network: points to one log ratio per component, shape (N, num_components).

    Images of few pixels are compared by a perceptron, which learns more in less time than convolutions do there; it
    also takes the images that the convolutions cannot be built for.

    Args:
        event_shape: Shape of a point.
        num_components: Outputs.
        width: Of the layers; a perceptron's of images are twice as wide, and convolutions start with half as many
            channels.
        octaves: Of the Fourier features of vectors; 0 leaves them out.
    """
    # one number for data against all components together, and one per component for the components among themselves
    outputs = num_components + (num_components > 1)
    size = math.prod(event_shape)
    if is_image(event_shape):
        if max(event_shape[1:]) > SMALL_SIDE and can_be_convolved(event_shape):
            return RatioHead(ConvolutionalDiscriminator(event_shape, max(width // 2, 16), outputs))
        return RatioHead(MLP(size, (outputs,), (2 * width,) * 3, nn.LeakyReLU))
    hidden = (width,) * 3
    if octaves == 0:
        return RatioHead(MLP(size, (outputs,), hidden))
    features = FourierFeatures(size, octaves=octaves)
    return RatioHead(nn.Sequential(features, MLP(features.out_features, (outputs,), hidden)))


class RatioHead(nn.Module):
    """Log ratios of K components as log r + log_softmax(c): r of all together, c of the components among themselves.

    Without the common number a network has to move all K ratios alike in order to learn what all components lack, and
    a ratio near one drowns in telling the components apart.

    Args:
        network: Points to 1 + K numbers, or to the one ratio when K = 1.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        output: Tensor = self.network(points).reshape(len(points), -1)
        if output.shape[1] == 1:
            return output
        return output[:, :1] + output[:, 1:].log_softmax(dim=1)
