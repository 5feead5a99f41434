"""The records that cross between a GAN's training and the penalties and techniques that take part in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

Judge: TypeAlias = Callable[[Tensor], Tensor]
"""Points, shape (B, *event), to the discriminator's outputs; (B,), or fewer where it judges several points together."""


@dataclass(frozen=True)
class JudgedBatch:
    """What the discriminator's loss is made of.

    Attributes:
        points: Data first, then samples, shape (N + M, *event).
        num_real: N.
        outputs: The discriminator's, in the same order.
    """

    points: Tensor
    num_real: int
    outputs: Tensor

    @property
    def real(self) -> Tensor:
        """The data, shape (N, *event)."""
        return self.points[: self.num_real]

    @property
    def fake(self) -> Tensor:
        """The samples, shape (M, *event)."""
        return self.points[self.num_real :]

    @property
    def at_real(self) -> Tensor:
        """Outputs at the data."""
        return self.outputs[: self._split]

    @property
    def at_fake(self) -> Tensor:
        """Outputs at the samples."""
        return self.outputs[self._split :]

    @property
    def _split(self) -> int:
        return len(self.outputs) * self.num_real // len(self.points)


@dataclass(frozen=True)
class GeneratedBatch:
    """What the generator's loss is made of.

    Attributes:
        latent: Latent vectors, shape (M, latent_dim).
        fake: Samples made of them, shape (M, *event), with gradients towards the generator.
        real: Data, shape (N, *event).
        judge: The discriminator that the generator is to convince.
    """

    latent: Tensor
    fake: Tensor
    real: Tensor
    judge: Judge
