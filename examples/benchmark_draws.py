"""
What does a minibatch's draw by weight cost?
============================================

The row numbers of one minibatch after another, drawn by weight as in any training here, beside as many of equal weights
by ``numpy.random.Generator.integers``: the lowest of several times each, taken in turn. ``python benchmark_draws.py 7``
goes on to 10^7 rows.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from adagan.components.training.batches import WeightedBatches

SIZES = (32, 64, 256, 1024, 4096)
PLANNED = 2**20
"""Rows that a training sees."""


def seconds(draw: Callable[[], object], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        draw()
    return (time.process_time() - start) / count


def main(smallest: int = 4, largest: int = 6, rows: int = PLANNED, repeats: int = 7) -> dict[tuple[int, int], float]:
    torch.set_num_threads(1)
    ratios = {}
    print(f"{'rows':>12} {'minibatch':>9} {'by weight, us':>13} {'integers, us':>12} {'ratio':>5} {'set up, s':>9}")
    for power in range(smallest, largest + 1):
        data = torch.zeros(1).expand(10**power)
        weights = torch.rand(len(data), dtype=torch.float64, generator=torch.Generator().manual_seed(100))
        for size in SIZES:
            count, equal = max(rows // size, 1), np.random.default_rng(100)
            start = time.process_time()
            drawn = WeightedBatches(data, weights, size, count, seed=100).rows
            set_up = time.process_time() - start
            draws = drawn.next, lambda equal=equal, power=power, size=size: equal.integers(0, 10**power, size)
            times = [[seconds(draw, count) for draw in draws] for _ in range(repeats)]
            ours, theirs = (min(each) for each in zip(*times, strict=True))
            ratios[10**power, size] = ours / theirs
            print(
                f"{10**power:12,} {size:9,} {1e6 * ours:13.1f} {1e6 * theirs:12.1f} {ours / theirs:5.1f} {set_up:9.3f}",
                flush=True,
            )
    return ratios


if __name__ == "__main__":
    main(largest=int(sys.argv[1]) if len(sys.argv) > 1 else 6)
