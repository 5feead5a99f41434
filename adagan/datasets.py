"""Built-in data: planar mixtures whose modes are known, and scikit-learn's digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class KnownModes:
    """A mixture of round Gaussians in the plane, with the protocol under which the literature scores it.

    Attributes:
        name: As on the command line.
        centres: Shape (K, 2).
        std: Of every mode, in both directions.
        probabilities: Of the modes, shape (K,), sum 1.
        num_points: Training points.
        sample_sizes: Numbers of samples on which a model is scored.
        strict_count: Samples within three standard deviations that make a mode count; ``None`` means a third of its
            expected number.
    """

    name: str
    centres: Tensor
    std: float
    probabilities: Tensor
    num_points: int
    sample_sizes: tuple[int, ...]
    strict_count: int | None = None

    def draw(self, num_samples: int, seed: int) -> Tensor:
        """Points of shape (num_samples, 2), float32; the truth, for training and for the oracle."""
        generator = torch.Generator().manual_seed(seed)
        modes = torch.multinomial(self.probabilities, num_samples, replacement=True, generator=generator)
        noise = torch.randn(num_samples, 2, generator=generator)
        return self.centres[modes] + self.std * noise

    def rotated(self, degrees: float = 30.0) -> KnownModes:
        """The same modes turned about the origin: for methods that exploit the axes."""
        angle = math.radians(degrees)
        turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        return replace(self, name=f"{self.name}-rotated", centres=self.centres @ turn)


def _circle(radius: float, count: int) -> Tensor:
    angles = 2 * math.pi * torch.arange(count) / count
    return radius * torch.stack([angles.cos(), angles.sin()], dim=1)


def _lattice() -> Tensor:
    side = torch.tensor([-4.0, -2.0, 0.0, 2.0, 4.0])
    return torch.cartesian_prod(side, side)


def _ring() -> KnownModes:
    return KnownModes("ring", _circle(1.0, 8), 0.01, torch.full((8,), 1 / 8), 100_000, (2_500, 50_000))


def _grid() -> KnownModes:
    return KnownModes("grid", _lattice(), 0.05, torch.full((25,), 1 / 25), 100_000, (2_500, 50_000))


def _unbalanced_ring() -> KnownModes:
    shares = torch.tensor([0.05] * 4 + [1.0] * 4)
    return KnownModes("unbalanced-ring", _circle(2.5, 8), 0.05, shares / shares.sum(), 50_000, (10_000, 50_000), 50)


def _unbalanced_grid() -> KnownModes:
    # cartesian_prod runs over x slowest, so that the two lowest columns come first
    shares = torch.tensor([0.05] * 10 + [1.0] * 15)
    return KnownModes("unbalanced-grid", _lattice(), 0.05, shares / shares.sum(), 50_000, (10_000, 50_000), 50)


_PLANAR: dict[str, Callable[[], KnownModes]] = {
    "ring": _ring,
    "grid": _grid,
    "unbalanced-ring": _unbalanced_ring,
    "unbalanced-grid": _unbalanced_grid,
}

PLANAR_NAMES = (*_PLANAR, *(f"{name}-rotated" for name in _PLANAR))
BUILT_IN_NAMES = (*_PLANAR, "digits")


def planar(name: str) -> KnownModes:
    """The planar benchmark of a name in `PLANAR_NAMES`."""
    made = _PLANAR[name.removesuffix("-rotated")]()
    return made.rotated() if name.endswith("-rotated") else made


def digits() -> tuple[Tensor, Tensor]:
    """Scikit-learn's 1,797 handwritten digits, shape (1797, 1, 8, 8) in [0, 1], and their classes, shape (1797,).

    References:
        Alpaydin, Kaynak, *Optical recognition of handwritten digits*, UCI repository, 1998.
    """
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    bunch = load_digits()
    images = torch.from_numpy(np.asarray(bunch.images, dtype=np.float32) / 16).unsqueeze(1)
    return images, torch.from_numpy(np.asarray(bunch.target, dtype=np.int64))


def built_in(name: str, seed: int = 0) -> Tensor:
    """The training data of a name in `BUILT_IN_NAMES`, shape (N, *event), float32."""
    if name == "digits":
        return digits()[0]
    benchmark = planar(name)
    return benchmark.draw(benchmark.num_points, seed)
