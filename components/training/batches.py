"""Weighted minibatches without per-row Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from adagan.mixtures.arguments import as_probabilities


def smaller_of_fewer(batch_size: int, num_rows: int) -> int:
    """The size of a minibatch, or of fewer rows the largest multiple of 8, but 8 at least."""
    return min(batch_size, max(num_rows // 8 * 8, 8))


def draw_rows(cumulative: Tensor, num_rows: int, generator: torch.Generator) -> Tensor:
    """Row indices drawn with replacement, by searching the cumulative weights, shape (num_rows,).

    Args:
        cumulative: Cumulative sums of non-negative weights, shape (N,), float64.
        num_rows: How many indices.
        generator: On the device of `cumulative`.
    """
    uniform = torch.rand(num_rows, generator=generator, dtype=torch.float64, device=cumulative.device)
    # right=True skips rows of weight zero; the clamp guards against rounding at the upper end
    rows = torch.searchsorted(cumulative, uniform * cumulative[-1], right=True)
    last = torch.searchsorted(cumulative, cumulative[-1])
    return rows.clamp(max=last)


class WeightedBatches(IterableDataset[Tensor]):
    """A fixed number of minibatches drawn by weight, each by one search and one indexing call.

    Args:
        data: Shape (N, *event), on any device.
        weights: Shape (N,), non-negative; ``None`` means uniform.
        batch_size: Rows per batch.
        num_batches: Batches per pass.
        seed: Of the draws, which every pass goes on with.
    """

    def __init__(self, data: Tensor, weights: Tensor | None, batch_size: int, num_batches: int, seed: int) -> None:
        self.data = data
        self.cumulative = as_probabilities(weights, len(data), data, "weights").cumsum(0)
        self.batch_size, self.num_batches = batch_size, num_batches
        self.generator = torch.Generator(data.device).manual_seed(seed)

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Tensor]:
        for _ in range(self.num_batches):
            yield self.data[draw_rows(self.cumulative, self.batch_size, self.generator)]

    def loader(self, form: Callable[[Any], Any] | None = None) -> DataLoader[Any]:
        """The data loader that hands these batches on, as they are or in another form."""
        return DataLoader(self, batch_size=None, collate_fn=form)


def resample(data: Tensor, weights: Tensor | None, seed: int) -> Tensor:
    """As many rows as the data has, drawn by weight: for components that cannot take weights."""
    if weights is None:
        return data
    cumulative = as_probabilities(weights, len(data), data, "weights").cumsum(0)
    return data[draw_rows(cumulative, len(data), torch.Generator(data.device).manual_seed(seed))]
