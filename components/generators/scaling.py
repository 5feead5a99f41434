"""Input scaling that belongs to a component: fitted with it, stored with it, undone on sampling."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.large_arrays import fits, parts, summed


class Scaling(nn.Module):
    """x ↦ (x − shift)/scale per entry of the event, exact for constant entries (they come back as the constant).

    Attributes:
        shift, scale: Buffers of the event's shape (or broadcastable to it); the scale of a constant entry is 0.
    """

    shift: Tensor
    scale: Tensor
    elementwise = True  # see `adagan.mixtures.sampling.stacking`

    def __init__(self, event_shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(event_shape))
        self.register_buffer("scale", torch.ones(event_shape))

    @classmethod
    def standard(cls, data: Tensor, weights: Tensor | None = None) -> Self:
        """Weighted mean 0 and standard deviation 1 in every entry."""
        probabilities = as_probabilities(weights, len(data), data, "weights")

        def flat(part: Tensor) -> Tensor:
            return part.reshape(len(part), -1).to(torch.float64)

        mean = summed(lambda part, shares: shares @ flat(part), data, probabilities)
        spread = summed(lambda part, shares: shares @ (flat(part) - mean).square(), data, probabilities).sqrt()
        first, constant = _extent(data, probabilities)
        mean = torch.where(constant, first, mean)
        spread = torch.where(constant, 0.0, spread)
        return cls._of(mean.reshape(data.shape[1:]), spread.reshape(data.shape[1:]), data)

    @classmethod
    def symmetric(cls, data: Tensor) -> Self:
        """The whole range of the data to [−1, 1], with one shift and scale for all entries: for images."""
        low, high = data.min().to(torch.float64), data.max().to(torch.float64)
        shape = (1,) * (data.ndim - 1)
        return cls._of(((low + high) / 2).reshape(shape), ((high - low) / 2).reshape(shape), data)

    @classmethod
    def within(cls, limits: tuple[float, float], data: Tensor, *, whole: bool) -> Self:
        """The range of the data to that between two limits, of all entries together or, unless `whole`, of each."""
        flat = data.reshape(len(data), -1).to(torch.float64)
        low, high = flat.amin(dim=0), flat.amax(dim=0)
        shape = tuple(data.shape[1:])
        if whole:
            low, high, shape = low.min(), high.max(), (1,) * (data.ndim - 1)
        scale = (high - low) / (limits[1] - limits[0])
        return cls._of((low - limits[0] * scale).reshape(shape), scale.reshape(shape), data)

    @classmethod
    def overall(cls, data: Tensor) -> Self:
        """Mean 0 and standard deviation 1 over all entries of all events together: for a critic of images."""
        shape = (1,) * (data.ndim - 1)
        mean = summed(lambda part: part.double().sum(), data) / data.numel()
        if fits(data):
            spread = data.double().std()
        else:
            squares = summed(lambda part: (part.double() - mean).square().sum(), data)
            spread = (squares / (data.numel() - 1)).sqrt()
        return cls._of(mean.reshape(shape), spread.reshape(shape), data)

    @classmethod
    def _of(cls, shift: Tensor, scale: Tensor, data: Tensor) -> Self:
        scaling = cls(tuple(shift.shape)).to(device=data.device, dtype=data.dtype)
        scaling.shift.copy_(shift)
        scaling.scale.copy_(scale)
        return scaling

    def forward(self, x: Tensor, inverse: bool = False) -> Tensor:
        if inverse:
            return x * self.scale + self.shift
        return (x - self.shift) / torch.where(self.scale > 0, self.scale, 1.0)

    def inverse(self, x: Tensor) -> Tensor:
        """Undoes `forward`."""
        return self.forward(x, inverse=True)


def _extent(data: Tensor, probabilities: Tensor) -> tuple[Tensor, Tensor]:
    """The first event that has weight, flat, in float64; and which of its entries all others that have share."""
    first: Tensor | None = None
    constant = torch.ones(data[:1].numel(), dtype=torch.bool, device=data.device)
    for part, shares in parts(data, probabilities):
        used = part.reshape(len(part), -1).to(torch.float64)[shares > 0]
        if len(used) > 0:
            first = used[0] if first is None else first
            constant &= (used == first).all(dim=0)
    assert first is not None  # weights have a sum of 1
    return first, constant
