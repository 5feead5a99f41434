"""
What do the data-weight rules cost?
===================================

Beside the sorting method and beside one exponential. Prints ratios, on one thread.
"""

import time
import tracemalloc
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from adagan.mixtures import Dagger, KeepShare, Star, TopK

BETA = 0.3


def by_sorting(log_ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Star's weights as the paper computes them: sort, add up, take the first prefix that fits."""
    ratio = np.exp(log_ratio)
    ordered = ratio[np.argsort(ratio)]
    share = np.arange(1, len(ratio) + 1) / len(ratio)
    levels = (BETA + (1 - BETA) * np.cumsum(ordered) / len(ratio)) / share
    level = levels[np.argmax(levels <= (1 - BETA) * np.append(ordered[1:], np.inf))]
    return np.maximum(level - (1 - BETA) * ratio, 0) / (BETA * len(ratio))


def extra_arrays(log_ratio: torch.Tensor) -> float:
    """The most memory that Star holds at a time, its result included, in units of its input: at most this."""
    with torch.profiler.profile(profile_memory=True, record_shapes=False) as profile:
        tracemalloc.start()  # sees numpy's memory, the profiler torch's
        Star()(log_ratio, BETA)
        of_numpy = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    held, peak = 0, 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return (of_numpy + peak) / log_ratio.nbytes


def seconds(run: Callable[[], object], repeats: int) -> float:
    """The median CPU time of a call."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return median(taken)


def main(num_points: int = 10**7, repeats: int = 5) -> dict[str, float]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        source = torch.Generator().manual_seed(0)
        log_ratio = 2 * torch.randn(num_points, generator=source, dtype=torch.float64) - 2
        array = log_ratio.numpy()
        difference = float((Star()(log_ratio, BETA).values - torch.from_numpy(by_sorting(array))).abs().sum())
        rules: dict[str, Callable[[], object]] = {
            "Star": lambda: Star()(log_ratio, BETA),
            "Dagger": lambda: Dagger()(log_ratio, BETA),
            "TopK": lambda: TopK(BETA)(log_ratio, BETA),
            "KeepShare": lambda: KeepShare(BETA).beta(log_ratio),
        }
        taken = {name: seconds(rule, repeats) for name, rule in rules.items()}
        sorting = seconds(lambda: by_sorting(array), min(repeats, 3))
        exponential = seconds(lambda: np.exp(array), repeats)
        found = {"arrays": extra_arrays(log_ratio)}
    finally:
        torch.set_num_threads(threads)
    print(f"{num_points:,} log ratios, float64, one thread; Star's weights differ by {difference:.1e} in total")
    print(f"argsort and cumsum {1e3 * sorting:7.1f} ms, np.exp {1e3 * exponential:7.1f} ms; per rule the two ratios:")
    for name, cpu in taken.items():
        found[f"{name}, sorting"], found[f"{name}, exponential"] = sorting / cpu, cpu / exponential
        print(
            f"{name:18} {1e3 * cpu:7.1f} ms   sorting's ratio to it {sorting / cpu:5.1f} (at least 5 is wanted)   "
            f"its ratio to np.exp {cpu / exponential:5.1f} (at most 10)"
        )
    print(f"Star's memory      {found['arrays']:7.2f} times its input, result included: ratio at most 3")
    return found


if __name__ == "__main__":
    main()
