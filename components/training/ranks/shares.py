"""What a process takes of a training that several share: its rows of one draw, and sums over all of them.

Every rank draws what all ranks need, by generators in the same state, and keeps its own rows. So two ranks with
minibatches of B rows see what one with 2 B rows sees, and what is random in a step is the same too. Where a loss is no
mean over rows, but compares them, it takes what it needs of the other ranks by `gathered` and `averaged`; gradients run
through both. In a training of one process all of these are what their argument is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from adagan.components.training.ranks.group import summed, together


@dataclass(frozen=True)
class Share:
    """The rows of every minibatch that are this process's.

    Attributes:
        rank: Of the process, from 0.
        ranks: Their number.
    """

    rank: int = 0
    ranks: int = 1


ALONE = Share()
_share: ContextVar[Share] = ContextVar("share", default=ALONE)


@contextmanager
def sharing(share: Share) -> Iterator[None]:
    """A training runs in the block, of which this process has a share."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


@contextmanager
def all_alike() -> Iterator[None]:
    """In the block all ranks do the same, with the same points: nothing is shared, and what is random is alike too."""
    with sharing(ALONE):
        yield


def own_rows(count: int, draw: Callable[[int], Tensor], sides: int = 1) -> Tensor:
    """So many rows of a draw, this rank's: the ranks' rows behind one another are one draw.

    Args:
        count: Rows of each rank.
        draw: Makes a number of rows at random.
        sides: Of which so many equal parts of a minibatch consist, such as data and samples; each is shared.
    """
    share = _share.get()
    if share.ranks == 1:
        return draw(count)
    drawn = draw(share.ranks * count)
    parts = drawn.reshape(sides, share.ranks, count // sides, *drawn.shape[1:])
    return parts[:, share.rank].flatten(0, 1)


def normal_like(points: Tensor, sides: int = 1) -> Tensor:
    """Normal numbers of the shape of some rows, this rank's part of one draw; see `own_rows`."""
    options: dict[str, Any] = {"dtype": points.dtype, "device": points.device}
    return own_rows(len(points), lambda count: torch.randn(count, *points.shape[1:], **options), sides)


def gathered(rows: Tensor) -> Tensor:
    """The rows of all ranks, in the order in which one process would have them; as many of each."""
    share = _share.get()
    if share.ranks == 1:
        return rows
    found: Tensor = _Gathered.apply(rows, share)  # type: ignore[no-untyped-call]
    return found


def averaged(values: Tensor) -> Tensor:
    """The mean over the ranks."""
    share = _share.get()
    if share.ranks == 1:
        return values
    found: Tensor = _Averaged.apply(values, share)  # type: ignore[no-untyped-call]
    return found


def largest_of_ranks(value: float) -> float:
    """The largest of what the ranks say; every rank has to ask."""
    share = _share.get()
    return value if share.ranks == 1 else max(together([value]))


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, rows: Tensor, share: Share) -> Tensor:
        context.share, context.count = share, len(rows)
        whole = rows.new_zeros(share.ranks * len(rows), *rows.shape[1:])
        whole[share.rank * len(rows) : (share.rank + 1) * len(rows)] = rows
        return summed(whole)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        begin = context.share.rank * context.count
        return summed(gradient.contiguous().clone())[begin : begin + context.count], None


class _Averaged(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, share: Share) -> Tensor:
        context.share = share
        return summed(values.contiguous().clone()) / share.ranks

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return summed(gradient.contiguous().clone()) / context.share.ranks, None
