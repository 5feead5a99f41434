"""Built-in data: mixtures whose modes are known, scikit-learn's digits, and glyphs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from adagan.data.digit_glyphs import coloured_glyphs, stacked_glyphs
from adagan.data.glyphs import labelled_glyphs

RARE = 0.05
"""How likely a rare mode is, in units of a common one."""
RARE_DIGITS = (7, 8, 9)
STACKED_POINTS = 60_000


@dataclass(frozen=True)
class KnownModes:
    """A mixture of round Gaussians, most often in the plane, with the protocol under which the literature scores it.

    Attributes:
        name: As on the command line.
        centres: Shape (K, D).
        std: Of every mode, in all directions.
        probabilities: Of the modes, shape (K,), sum 1.
        num_points: Training points.
        sample_sizes: Numbers of samples on which a model is scored.
        strict_count: High-quality samples that make a mode count; ``None`` means a third of its expected number.
    """

    name: str
    centres: Tensor
    std: float
    probabilities: Tensor
    num_points: int
    sample_sizes: tuple[int, ...]
    strict_count: int | None = None

    def draw(self, num_samples: int, seed: int) -> Tensor:
        """Points of shape (num_samples, D), float32; the truth, for training and for the oracle."""
        generator = torch.Generator().manual_seed(seed)
        modes = torch.multinomial(self.probabilities, num_samples, replacement=True, generator=generator)
        noise = torch.randn(num_samples, self.centres.shape[1], generator=generator)
        return self.centres[modes] + self.std * noise

    def rotated(self, degrees: float = 30.0) -> KnownModes:
        """The same modes in the plane, turned about the origin: for methods that exploit the axes."""
        angle = math.radians(degrees)
        turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        return replace(self, name=f"{self.name}-rotated", centres=self.centres @ turn)

    def unbalanced(self) -> KnownModes:
        """The same modes, the first half of them `RARE` times as likely as the others."""
        shares = torch.ones(len(self.centres))
        shares[: len(shares) // 2] = RARE
        return replace(self, name=f"{self.name}-unbalanced", probabilities=shares / shares.sum())


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
    ring = KnownModes("ring", _circle(2.5, 8), 0.05, torch.full((8,), 1 / 8), 50_000, (10_000, 50_000), 50)
    return replace(ring.unbalanced(), name="unbalanced-ring")


def _unbalanced_grid() -> KnownModes:
    # cartesian_prod runs over x slowest, so that the two lowest columns come first
    shares = torch.tensor([RARE] * 10 + [1.0] * 15)
    return KnownModes("unbalanced-grid", _lattice(), 0.05, shares / shares.sum(), 50_000, (10_000, 50_000), 50)


def _gaussians(count: int) -> KnownModes:
    """AdaGAN's toy: centres drawn once for every number of them.

    References:
        Tolstikhin et al., *AdaGAN: Boosting generative models*, 2017, section 4.1, https://arxiv.org/abs/1701.02386
    """
    centres = 30 * torch.rand(count, 2, generator=torch.Generator().manual_seed(count)) - 15
    variance = {1: 5.0, 2: 5.0, 3: 1.875, 5: 1.5}.get(count, 15 / (3 * count**2))
    shares = torch.full((count,), 1 / count)
    return KnownModes(f"gaussians-{count}", centres, math.sqrt(variance), shares, 64_000, (10_000,))


def _clusters(dimension: int) -> KnownModes:
    """Ten clusters, far apart in random directions, five of them rare."""
    centres = 2 * torch.randn(10, dimension, generator=torch.Generator().manual_seed(dimension))
    clusters = KnownModes("clusters", centres, 0.3, torch.full((10,), 1 / 10), 20_000, (10_000,), 25)
    return replace(clusters.unbalanced(), name=f"clusters-{dimension}")


_PLANAR: dict[str, Callable[[], KnownModes]] = {
    "ring": _ring,
    "grid": _grid,
    "unbalanced-ring": _unbalanced_ring,
    "unbalanced-grid": _unbalanced_grid,
}
GAUSSIANS: dict[str, Callable[[], KnownModes]] = {
    f"gaussians-{count}": partial(_gaussians, count) for count in range(1, 11)
}
CLUSTERS: dict[str, Callable[[], KnownModes]] = {
    f"clusters-{dimension}": partial(_clusters, dimension) for dimension in (16, 64)
}
_KNOWN = {**_PLANAR, **GAUSSIANS, **CLUSTERS}
_SUFFIXES: dict[str, Callable[[KnownModes], KnownModes]] = {
    "-rotated": KnownModes.rotated,
    "-unbalanced": KnownModes.unbalanced,
}

PLANAR_NAMES = (*_PLANAR, *(f"{name}-rotated" for name in _PLANAR))
KNOWN_NAMES = (
    *PLANAR_NAMES,
    *(f"{name}{suffix}" for name in GAUSSIANS for suffix in ("", *_SUFFIXES)),
    *CLUSTERS,
)
IMAGE_NAMES = ("digits", "digits-unbalanced", "stacked-digits", "stacked-digits-unbalanced")
GLYPHS, COLOURED_GLYPHS = "glyphs", "coloured-glyphs"
STACKED_GLYPHS = ("stacked-glyphs", "stacked-glyphs-unbalanced")
BUILT_IN_NAMES = (*_PLANAR, *GAUSSIANS, *CLUSTERS, *IMAGE_NAMES, GLYPHS, *STACKED_GLYPHS, COLOURED_GLYPHS)


def known_modes(name: str) -> KnownModes:
    """The mixture of a name in `KNOWN_NAMES`; a suffix turns it or makes the first half of its modes rare."""
    for suffix, change in _SUFFIXES.items():
        if name.endswith(suffix):
            return change(known_modes(name.removesuffix(suffix)))
    return _KNOWN[name]()


def digits() -> tuple[Tensor, Tensor]:
    """Scikit-learn's 1,797 handwritten digits, shape (1797, 1, 8, 8) in [0, 1], and their classes, shape (1797,).

    References:
        Alpaydin, Kaynak, *Optical recognition of handwritten digits*, UCI repository, 1998.
    """
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    bunch = load_digits()
    images = torch.from_numpy(np.asarray(bunch.images, dtype=np.float32) / 16).unsqueeze(1)
    return images, torch.from_numpy(np.asarray(bunch.target, dtype=np.int64))


def unbalanced_digits() -> tuple[Tensor, Tensor]:
    """The digits with one in twenty of the sevens, eights and nines only, and their classes."""
    images, classes = digits()
    kept = torch.ones(len(classes), dtype=torch.bool)
    for rare in RARE_DIGITS:
        rows = (classes == rare).nonzero().flatten()
        kept[rows[round(RARE * len(rows)) :]] = False
    return images[kept], classes[kept]


def stack_digits(images: Tensor, num_samples: int, seed: int) -> Tensor:
    """Three digits, drawn independently, as the channels of one image: 1,000 modes, shape (num_samples, 3, 8, 8).

    References:
        Metz, Poole, Pfau, Sohl-Dickstein, *Unrolled generative adversarial networks*, 2017, section 3.3.1,
        https://arxiv.org/abs/1611.02163 (with the digits of MNIST)
    """
    rows = torch.randint(len(images), (num_samples, 3), generator=torch.Generator().manual_seed(seed))
    return images[rows].squeeze(2)


def built_in(name: str, seed: int = 0) -> Tensor:
    """The training data of a name in `BUILT_IN_NAMES`, shape (N, *event), float32."""
    if name == GLYPHS:
        return labelled_glyphs(seed=seed)[0]
    if name == COLOURED_GLYPHS:
        return coloured_glyphs(seed=seed)[0]
    if name in STACKED_GLYPHS:
        return stacked_glyphs(seed=seed, unbalanced=name.endswith("-unbalanced"))
    if name in IMAGE_NAMES:
        images, _ = unbalanced_digits() if name.endswith("-unbalanced") else digits()
        return stack_digits(images, STACKED_POINTS, seed) if name.startswith("stacked") else images
    modes = known_modes(name)
    return modes.draw(modes.num_points, seed)
