"""Weighted minibatches without per-row Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from adagan.components.training.draws_ahead import DrawsAhead
from adagan.components.training.resumable_loader import ResumableLoader
from adagan.components.training.row_draws import RowDraws, draw_rows
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.large_arrays import LARGE, give_back, is_mapped, parts, room, taken

KEPT_PAGES = 16
"""Minibatches of a memory map after which its pages are given back."""


def smaller_of_fewer(batch_size: int, num_rows: int) -> int:
    """The size of a minibatch, or of fewer rows the largest multiple of 8, but 8 at least."""
    return min(batch_size, max(num_rows // 8 * 8, 8))


class WeightedBatches(IterableDataset[Tensor]):
    """A fixed number of minibatches drawn by weight, each by one draw of row numbers and one indexing call.

    Args:
        data: Shape (N, *event), on any device.
        weights: Shape (N,), non-negative; ``None`` means uniform.
        batch_size: Rows per batch, in each process.
        num_batches: Batches per pass.
        seed: Of the draws, which every pass goes on with.
    """

    def __init__(self, data: Tensor, weights: Tensor | None, batch_size: int, num_batches: int, seed: int) -> None:
        self.data, self.is_mapped = data, is_mapped(data)
        self.draws = RowDraws(as_probabilities(weights, len(data), data, "weights"), batch_size * num_batches)
        self.num_batches = num_batches
        self.generator = torch.Generator(data.device).manual_seed(seed)
        self.rows = DrawsAhead(self.draws, batch_size, num_batches, self.generator)

    @property
    def batch_size(self) -> int:
        """Rows per batch; may be changed before the first."""
        return self.rows.batch_size

    @batch_size.setter
    def batch_size(self, value: int) -> None:
        self.rows.batch_size = value

    @property
    def cumulative(self) -> Tensor:
        """Cumulative sums of the weights, shape (N,), float64."""
        return self.draws.cumulative

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Tensor]:
        for index in range(self.num_batches):
            yield self.data[self.rows.next()]
            if self.is_mapped and index % KEPT_PAGES == 0:
                give_back()

    def state_dict(self) -> dict[str, Any]:
        """Where the draws are."""
        return self.rows.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on with the draws from there."""
        self.rows.load_state_dict(state_dict)

    def loader(self, form: Callable[[Any], Any] | None = None) -> ResumableLoader:
        """The data loader that hands these batches on, as they are or in another form."""
        return ResumableLoader(self, form)


def drawn_rows(data: Tensor, weights: Tensor | None, seed: int) -> Tensor:
    """As many row numbers as the data have rows, drawn by weight."""
    probabilities, generator = as_probabilities(weights, len(data), data, "weights"), torch.Generator(data.device)
    generator.manual_seed(seed)
    if len(data) <= LARGE:
        return draw_rows(probabilities.cumsum(0), len(data), generator)
    draws, rows = RowDraws(probabilities, len(data)), room(len(data), dtype=torch.int64, device=data.device)
    for (part,) in parts(rows):
        part.copy_(draws(len(part), generator))
    return rows


def resample(data: Tensor, weights: Tensor | None, seed: int) -> Tensor:
    """As many rows as the data has, drawn by weight: for components that cannot take weights."""
    return data if weights is None else taken(data, drawn_rows(data, weights, seed))
