"""Scores of many points, shared by the ranks of a run: each computes its part, and all have all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from adagan.components.training.ranks.group import number_of_ranks, own_rank, taken_from
from adagan.mixtures.large_arrays import PART, filled, fits, parts, room

_are_shared: ContextVar[bool] = ContextVar("scores are shared", default=False)


@contextmanager
def sharing_scores() -> Iterator[None]:
    """In the block, which all ranks run alike, scores are shared; elsewhere a rank may score by itself."""
    token = _are_shared.set(True)
    try:
        yield
    finally:
        _are_shared.reset(token)


def scored(function: Callable[[Tensor], Tensor], blocks: Sequence[Tensor]) -> Iterator[Tensor]:
    """What the function makes of each block of rows, the same on every rank as on a single one.

    Args:
        function: A block (B, *event) to values (B, ...), the same on all ranks.
        blocks: The same on all ranks.
    """
    ranks = number_of_ranks() if _are_shared.get() else 1
    if ranks == 1 or len(blocks) < ranks:
        yield from map(function, blocks)
        return
    ends = [len(blocks) * rank // ranks for rank in range(ranks + 1)]
    own = own_rank()
    mine = torch.cat([function(block) for block in blocks[ends[own] : ends[own + 1]]])
    for rank in range(ranks):
        sizes = [len(block) for block in blocks[ends[rank] : ends[rank + 1]]]
        values = mine if rank == own else mine.new_empty(sum(sizes), *mine.shape[1:])
        taken_from(rank, values)
        yield from torch.split(values, sizes)


def filled_by_ranks(function: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """As `filled`, with parts of many rows shared by the ranks."""
    ranks = number_of_ranks() if _are_shared.get() else 1
    size = max(PART // max(rows[:1].numel(), 1), 1)
    count = -(-len(rows) // size)
    if ranks == 1 or fits(rows) or count < ranks:
        return filled(function, rows)
    ends = [min(size * (count * rank // ranks), len(rows)) for rank in range(ranks)] + [len(rows)]
    own = own_rank()
    mine = filled(function, rows[ends[own] : ends[own + 1]])
    found = room(len(rows), *mine.shape[1:], dtype=mine.dtype, device=mine.device)
    found[ends[own] : ends[own + 1]] = mine
    for rank in range(ranks):
        for (part,) in parts(found[ends[rank] : ends[rank + 1]]):
            taken_from(rank, part)
    return found
