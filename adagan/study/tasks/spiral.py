"""A spiral of three arms of which one is rare: modes that are no blobs, pieces of the arms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

import torch
from torch import Tensor

from adagan.study.metrics.arrays import flat_array
from adagan.study.metrics.histogram import histogram_scores

ARMS, PIECES = 3, 4
SHARES = (0.49, 0.49, 0.02)
TURN, INNER, OUTER = 0.75, 1.0, 4.0
"""Turns of an arm, and its radii."""
STD = 0.1
NEAR = 3.0
"""Standard deviations from the line within which a sample is of high quality."""
GRID = 800
"""Places on an arm at which the distance to it is taken."""


def spiral(num_points: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points of shape (num_points, 2), float32, and the arm of each."""
    generator = torch.Generator().manual_seed(seed)
    arms = torch.multinomial(torch.tensor(SHARES), num_points, replacement=True, generator=generator)
    line = _line(arms, torch.rand(num_points, generator=generator))
    return line + STD * torch.randn(num_points, 2, generator=generator), arms


def _line(arms: Tensor, places: Tensor) -> Tensor:
    """Points of the arms at places in [0, 1]."""
    angle = 2 * math.pi * (TURN * places + arms / ARMS)
    radius = INNER + (OUTER - INNER) * places
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)


def score_spiral(samples: Tensor) -> Mapping[str, float | None]:
    """The scores of known modes, quarters of the arms; one counts strictly with a third of its true share."""
    points = torch.from_numpy(flat_array(samples)).float()
    arms, places = torch.arange(ARMS).repeat_interleave(GRID), (torch.arange(GRID) + 0.5).repeat(ARMS) / GRID
    distance, nearest = torch.cdist(points, _line(arms, places)).min(dim=1)
    mode = PIECES * arms[nearest] + (PIECES * places[nearest]).long()
    good = distance <= NEAR * STD
    count = ARMS * PIECES
    scores = histogram_scores(
        torch.bincount(mode[good], minlength=count).numpy(),
        torch.bincount(mode, minlength=count).numpy(),
        (torch.tensor(SHARES, dtype=torch.float64)[:, None].expand(ARMS, PIECES) / PIECES).flatten().numpy(),
        num_samples=len(points),
        strict_count=None,
        spread=None,
    )
    return asdict(scores)
