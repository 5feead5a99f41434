"""What a sharp critic looks at: the entries of vectors, principal components of many entries or of pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from adagan.components.networks.defaults import is_image
from adagan.mixtures.randomness import isolated_randomness

MOST_AXES = 50
"""Principal components that are kept, and entries of a vector that are left as they are."""
EXPLAINED = 0.95
"""Share of the variance that is kept, if so many components can."""
MOST_ROWS = 4_000
"""Points from which they are learnt: evenly thinned beyond."""
LARGEST = 32
"""Pixels on the longer side; larger images are averaged down to it first."""
PER_NUMBER, PER_PRODUCT = 2e-9, 2e-10
"""CPU seconds on one core of a small machine: of an entry that is read, and of its product with one component."""
SMALLEST_REST = 1e-12
"""Of the variance: what is left over is never nothing, so that it has a logarithm."""


class EventFeatures(nn.Module):
    """Events (N, *event) to D standardised numbers each, shape (N, D).

    Vectors of up to 50 entries keep them. Longer ones become principal components and the logarithm of what these leave
    over, without which points beside the data's subspace would look like points in it. Images become principal
    components alone: what they leave over is the fine texture, in which a generator's samples all differ from the data
    alike, and a critic that looks there learns to reject at random.

    Components are those of data and samples *together*, so that neither is favoured when both have one distribution.

    Args:
        axes: Principal components, shape (E, D); no columns (E, 0) keep all entries.
        rest: Whether the logarithm of what they leave over follows.

    References:
        Halko, Martinsson, Tropp, *Finding structure with randomness: probabilistic algorithms for constructing
        approximate matrix decompositions*, 2011, https://arxiv.org/abs/0909.4061
    """

    shift: Tensor
    axes: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, axes: Tensor, rest: bool) -> None:
        super().__init__()
        entries, kept = axes.shape
        self.rest = rest
        self.num_features = (kept or entries) + rest
        self.register_buffer("shift", axes.new_zeros(entries))
        self.register_buffer("axes", axes)
        self.register_buffer("centre", axes.new_zeros(self.num_features))
        self.register_buffer("spread", axes.new_ones(self.num_features))

    @classmethod
    def of(cls, points: Tensor, seed: int) -> Self:
        """The map for points of shape (N, *event), learnt from them."""
        rows = points[:: math.ceil(len(points) / MOST_ROWS)]
        flat = _flat(rows)
        shift = flat.mean(dim=0)
        if not is_image(points.shape[1:]) and flat.shape[1] <= MOST_AXES:
            features = cls(flat.new_zeros(flat.shape[1], 0), rest=False)
        else:
            with isolated_randomness(seed):
                axes = _principal_axes(flat - shift)
            features = cls(axes, rest=not is_image(points.shape[1:]))
        features.shift.copy_(shift)
        values = features(rows)
        features.centre.copy_(values.mean(dim=0))
        features.spread.copy_(values.std(dim=0).clamp(min=1e-6))
        return features

    @classmethod
    def like(cls, event_shape: tuple[int, ...], state: Mapping[str, Tensor]) -> Self:
        """A map of the same shapes as a stored one, whose values are yet to be loaded."""
        axes = torch.zeros_like(state["axes"])
        return cls(axes, rest=axes.shape[1] > 0 and not is_image(event_shape))

    @staticmethod
    def most(event_shape: tuple[int, ...]) -> int:
        """How many there are of events of a shape, at most."""
        entries = math.prod(event_shape)
        return min(entries, MOST_AXES) + (entries > MOST_AXES and not is_image(event_shape))

    @staticmethod
    def price(event_shape: tuple[int, ...], num_events: int) -> float:
        """CPU seconds of mapping so many events: see `PER_NUMBER` and `PER_PRODUCT`."""
        entries = math.prod(event_shape)
        if not is_image(event_shape) and entries <= MOST_AXES:
            return PER_NUMBER * entries * num_events
        side = min(LARGEST / max(event_shape[1:]), 1) if is_image(event_shape) else 1
        return num_events * (PER_NUMBER * entries + PER_PRODUCT * entries * side**2 * MOST_AXES)

    def forward(self, events: Tensor) -> Tensor:
        values = _flat(events) - self.shift
        if self.axes.shape[1] > 0:
            components = values @ self.axes
            if self.rest:
                over = (values.square().sum(dim=1) - components.square().sum(dim=1)) / len(self.shift)
                components = torch.cat([components, over.clamp(min=SMALLEST_REST).log()[:, None]], dim=1)
            values = components
        return (values - self.centre) / self.spread


def _principal_axes(centred: Tensor) -> Tensor:
    """As many orthonormal directions as explain the variance, shape (E, D)."""
    most = min(MOST_AXES, *centred.shape)
    _, values, axes = torch.svd_lowrank(centred, q=min(most + 10, *centred.shape), niter=2)
    explained = values[:most].square().cumsum(0) / centred.square().sum().clamp(min=1e-12)
    kept = min(int((explained < EXPLAINED).sum()) + 1, most)
    return axes[:, :kept].contiguous()


def _flat(events: Tensor) -> Tensor:
    """Shape (N, E), of images of at most `LARGEST` pixels a side."""
    if is_image(events.shape[1:]) and max(events.shape[2:]) > LARGEST:
        factor = LARGEST / max(events.shape[2:])
        events = functional.interpolate(
            events, [max(round(factor * side), 1) for side in events.shape[2:]], mode="area"
        )
    return events.flatten(1).float()
