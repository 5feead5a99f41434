"""Row numbers drawn by weight, many times from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.training.ranks.shares import own_rows
from adagan.mixtures.large_arrays import LARGE, cumulated, room

Numbers = NDArray[np.float64]

PART = 2**18
FEWEST_DRAWS = 64
"""A table is made where it serves so many draws, or more."""
LARGEST_TABLE = 2**24
PLACES_A_ROW = 4
"""Most draws then need no search."""


def draw_rows(cumulative: Tensor, num_rows: int, generator: torch.Generator, batches: int = 1) -> Tensor:
    """Row indices drawn with replacement, by searching the cumulative weights, shape (num_rows,).

    In a training that several processes share these are the process's own part of one draw.

    Args:
        cumulative: Cumulative sums of non-negative weights, shape (N,), float64.
        num_rows: How many indices.
        generator: On the device of `cumulative`.
        batches: Of how many minibatches, behind one another.
    """
    uniform = _uniform(num_rows, generator, cumulative.device, batches)
    # right=True skips rows of weight zero; the clamp guards against rounding at the upper end
    rows = torch.searchsorted(cumulative, uniform * cumulative[-1], right=True)
    last = torch.searchsorted(cumulative, cumulative[-1])
    return rows.clamp(max=last)


def _uniform(num_rows: int, generator: torch.Generator, device: torch.device, batches: int) -> Tensor:
    options: dict[str, Any] = {"generator": generator, "dtype": torch.float64, "device": device}
    return own_rows(num_rows, lambda count: torch.rand(count, **options), batches)


class RowDraws:
    """As `draw_rows`, the same rows for the same generator, in a part of the time where many are drawn.

    A table of evenly spaced places in the cumulative weights says between which rows to look (the method of guide
    tables); few bisections remain. Equal weights of very many rows need neither.

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
        if self._cumulative is not None and self.device.type == "cpu" and planned >= FEWEST_DRAWS:
            self._guide = _Guide(self._cumulative.numpy(), planned)

    @property
    def cumulative(self) -> Tensor:
        """Cumulative sums of the weights, shape (N,)."""
        if self._cumulative is None:
            assert self.weights is not None
            self._cumulative = cumulated(self.weights)
        return self._cumulative

    def __call__(self, num_rows: int, generator: torch.Generator, batches: int = 1) -> Tensor:
        """Row indices drawn with replacement, of some minibatches behind one another, shape (num_rows,)."""
        if self.equal:
            places = _uniform(num_rows, generator, self.device, batches)
            return (places * self.num_rows).long().clamp_(max=self.num_rows - 1)
        if self._guide is None:
            return draw_rows(self.cumulative, num_rows, generator, batches)
        return torch.from_numpy(self._guide.rows(_uniform(num_rows, generator, self.device, batches).numpy()))


class _Guide:
    """Rows by numbers in [0, 1).

    Args:
        cumulative: Shape (N,).
        planned: How many rows are to be found, about: a place of the table costs as much as a search, and a few times
            what a cumulative weight did.
    """

    def __init__(self, cumulative: Numbers, planned: int) -> None:
        count = len(cumulative)
        self.cumulative, size = cumulative, min(PLACES_A_ROW * 2 ** count.bit_length(), LARGEST_TABLE)
        self.size = min(size, 2 ** (max(planned, count).bit_length() - 1))
        last = np.searchsorted(cumulative, cumulative[-1])  # with weight
        self.table = room(self.size + 1, dtype=torch.int32 if count < 2**31 else torch.int64).numpy()
        for begin in range(0, self.size + 1, PART):
            table = self.table[begin : begin + PART]
            # size is a power of two: multiples of it are exact, and a place that is not above another one stays so
            places = np.arange(begin, begin + len(table)) / self.size * cumulative[-1]
            np.minimum(np.searchsorted(cumulative, places, side="right"), last, out=table, casting="same_kind")
        self.below = np.nextafter(cumulative[-1], 0)

    def rows(self, uniform: Numbers) -> NDArray[np.int64]:
        """The first rows whose cumulative weights are above these shares of the whole."""
        part = (uniform * self.size).astype(np.int32)
        sought = np.minimum(uniform * self.cumulative[-1], self.below)  # rounding may reach the upper end
        found = self.table[part]
        end = self.table[1:][part]
        places = np.flatnonzero(found < end)
        low, high, sought = found[places], end[places], sought[places]
        while len(places) > 0:
            middle = low + (high - low) // 2
            is_above = self.cumulative[middle] > sought
            high = np.where(is_above, middle, high)
            low = np.where(is_above, low, middle + 1)
            found[places] = low
            rest = np.flatnonzero(low < high)
            places, low, high, sought = places[rest], low[rest], high[rest], sought[rest]
        rows: NDArray[np.int64] = found.astype(np.int64, copy=False)
        return rows
