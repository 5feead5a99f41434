"""Row numbers drawn by weight, many times from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.training.ranks.shares import own_rows
from adagan.mixtures.large_arrays import LARGE, cumulated

Numbers = NDArray[np.float64]

FEWEST_DRAWS = 8
"""A table is made where it serves a draw for so many rows, or more."""
LARGEST_TABLE = 2**22
STEPS = 3
"""From where the table says: what lies further is searched for."""


def draw_rows(cumulative: Tensor, num_rows: int, generator: torch.Generator) -> Tensor:
    """Row indices drawn with replacement, by searching the cumulative weights, shape (num_rows,).

    In a training that several processes share these are the process's own part of one draw.

    Args:
        cumulative: Cumulative sums of non-negative weights, shape (N,), float64.
        num_rows: How many indices.
        generator: On the device of `cumulative`.
    """
    uniform = _uniform(num_rows, generator, cumulative.device)
    # right=True skips rows of weight zero; the clamp guards against rounding at the upper end
    rows = torch.searchsorted(cumulative, uniform * cumulative[-1], right=True)
    last = torch.searchsorted(cumulative, cumulative[-1])
    return rows.clamp(max=last)


def _uniform(num_rows: int, generator: torch.Generator, device: torch.device) -> Tensor:
    options: dict[str, Any] = {"generator": generator, "dtype": torch.float64, "device": device}
    return own_rows(num_rows, lambda count: torch.rand(count, **options))


class RowDraws:
    """As `draw_rows`, the same rows for the same generator, in a part of the time where many are drawn.

    A table of evenly spaced places in the cumulative weights says where to begin (the method of guide tables): what
    remains are a few steps. Equal weights of very many rows need neither.

    Args:
        weights: Shape (N,), sum 1, non-negative, float64.
        planned: How many rows are to be drawn, about.

    References:
        Chen, Asau, *On generating random variates from an empirical distribution*, 1974,
        https://doi.org/10.1080/05695557408974949
    """

    def __init__(self, weights: Tensor, planned: int) -> None:
        self.num_rows, self.device = len(weights), weights.device
        self.equal = len(weights) > LARGE and weights.stride(0) == 0
        self.weights = weights if self.equal else None
        self._cumulative = None if self.equal else cumulated(weights)
        self._guide = None
        if self._cumulative is not None and self.device.type == "cpu" and planned * FEWEST_DRAWS >= len(weights):
            self._guide = _guide(self._cumulative)

    @property
    def cumulative(self) -> Tensor:
        """Cumulative sums of the weights, shape (N,)."""
        if self._cumulative is None:
            assert self.weights is not None
            self._cumulative = cumulated(self.weights)
        return self._cumulative

    def __call__(self, num_rows: int, generator: torch.Generator) -> Tensor:
        """Row indices drawn with replacement, shape (num_rows,)."""
        if self.equal:
            places = _uniform(num_rows, generator, self.device)
            return (places * self.num_rows).long().clamp_(max=self.num_rows - 1)
        if self._guide is None:
            return draw_rows(self.cumulative, num_rows, generator)
        table, cumulative, last = self._guide
        uniform: Numbers = _uniform(num_rows, generator, self.device).numpy()
        rows = table[(uniform * len(table)).astype(np.int32)]
        uniform *= cumulative[-1]
        for _ in range(STEPS):
            rows += cumulative[rows] <= uniform
            np.minimum(rows, last, out=rows)
        late = np.flatnonzero(cumulative[rows] <= uniform)
        if len(late) > 0:
            rows[late] = np.minimum(np.searchsorted(cumulative, uniform[late], side="right"), last)
        return torch.from_numpy(rows)


def _guide(cumulative: Tensor) -> tuple[NDArray[np.int64], Numbers, int]:
    """Where to begin for every of 2^k equal parts of [0, 1), the cumulative weights, and the last row with weight."""
    size = min(2 ** (len(cumulative) - 1).bit_length(), LARGEST_TABLE)  # a power of two: multiples of it are exact
    places = torch.arange(size, dtype=torch.float64) / size * cumulative[-1]
    last = int(torch.searchsorted(cumulative, cumulative[-1]))
    return torch.searchsorted(cumulative, places, right=True).clamp_(max=last).numpy(), cumulative.numpy(), last
