"""The k-th smallest of many numbers in about one pass, without sorting: a subsample brackets it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from adagan.mixtures.water_level import SUBSAMPLE, blocks


def smallest(values: Tensor, rank: int) -> Tensor:
    """The `rank`-th smallest of the values, from 1, exactly; shape ().

    Args:
        values: Shape (N,), without NaN, on any device.
        rank: Between 1 and N.
    """
    stride = len(values) // SUBSAMPLE
    if stride <= 4:
        return values.kthvalue(rank).values
    few = values[::stride].sort().values
    share = rank / len(values)
    # six standard errors of the subsample's ranks
    margin = 6 * math.sqrt(share * (1 - share) * len(few)) + 6
    low = few[max(math.floor(share * len(few) - margin), 0)]
    high = few[min(math.ceil(share * len(few) + margin), len(few) - 1)]
    below = torch.zeros((), dtype=torch.int64, device=values.device)
    between: list[Tensor] = []
    for (block,) in blocks(values):
        lower = block < low
        below += lower.sum()
        between.append(block[((block <= high) & ~lower).nonzero()[:, 0]])
    near = torch.cat(between)
    within = rank - int(below)
    if not 1 <= within <= len(near):
        return values.kthvalue(rank).values
    return near.kthvalue(within).values
