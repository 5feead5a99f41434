"""Digits among the glyphs: three as the channels of one image, a thousand modes; and in two colours, 99 to 1."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.data.glyphs import CLASSES, glyphs

FIRST = CLASSES.index("0")
DIGITS = 10
NUM_STACKED, NUM_COLOURED = 20_000, 10_000
RARE_DIGITS, RARE = (7, 8, 9), 0.05
"""Of the unbalanced ones, and how likely they are in units of the others."""
MINORITY = 0.01
"""The share of the images in the second colour."""


def digit_shares(*, unbalanced: bool = False) -> Tensor:
    """The shares of the digits, shape (10,), float64, sum 1."""
    shares = torch.ones(DIGITS, dtype=torch.float64)
    if unbalanced:
        shares[list(RARE_DIGITS)] = RARE
    return shares / shares.sum()


def digit_glyphs(num_points: int, generator: torch.Generator, *, unbalanced: bool = False) -> tuple[Tensor, Tensor]:
    """Images of shape (N, 1, 28, 28) in [0, 1], and the digits that they show, shape (N,)."""
    digits = torch.multinomial(digit_shares(unbalanced=unbalanced), num_points, replacement=True, generator=generator)
    return glyphs(FIRST + digits, generator), digits


def stacked_glyphs(num_points: int = NUM_STACKED, seed: int = 0, *, unbalanced: bool = False) -> Tensor:
    """Three digits as the channels of one image, shape (N, 3, 28, 28).

    As many digits as images are drawn, and each channel takes any of them, independently of the others.

    References:
        Metz, Poole, Pfau, Sohl-Dickstein, *Unrolled generative adversarial networks*, 2017, section 3.3.1,
        https://arxiv.org/abs/1611.02163 (with the digits of MNIST)
    """
    generator = torch.Generator().manual_seed(seed)
    images, _ = digit_glyphs(num_points, generator, unbalanced=unbalanced)
    rows = torch.randint(len(images), (num_points, 3), generator=generator)
    return images[rows].squeeze(2)


def coloured_glyphs(num_points: int = NUM_COLOURED, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Digits in red, and one of a hundred in green, shape (N, 3, 28, 28), and which are green, shape (N,).

    References:
        Lee, Kim, Hong, Chung, *Self-diagnosing GAN: Diagnosing underrepresented samples in generative adversarial
        networks*, 2021, section 5.1, https://arxiv.org/abs/2102.12033 (with the digits of MNIST; as many images)
    """
    generator = torch.Generator().manual_seed(seed)
    images, _ = digit_glyphs(num_points, generator)
    green = torch.rand(num_points, generator=generator) < MINORITY
    coloured = images.new_zeros(num_points, 3, *images.shape[2:])
    coloured[torch.arange(num_points), green.long()] = images[:, 0]
    return coloured, green
