"""What do Star's weights cost beside the sorting method and beside one exponential? Prints ratios, on one thread."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from adagan.mixtures import Star

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
    """The most memory that Star holds at a time, its result included, in units of its input."""
    with torch.profiler.profile(profile_memory=True, record_shapes=False) as profile:
        Star()(log_ratio, BETA)
    held, peak = 0, 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak / log_ratio.nbytes


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main(num_points: int = 10**7, repeats: int = 5) -> dict[str, float]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        source = torch.Generator().manual_seed(0)
        log_ratio = 2 * torch.randn(num_points, generator=source, dtype=torch.float64) - 2
        array = log_ratio.numpy()
        difference = float((Star()(log_ratio, BETA).values - torch.from_numpy(by_sorting(array))).abs().sum())
        star = median(seconds(lambda: Star()(log_ratio, BETA)) for _ in range(repeats))
        sorting = median(seconds(lambda: by_sorting(array)) for _ in range(min(repeats, 3)))
        exponential = median(seconds(lambda: np.exp(array)) for _ in range(repeats))
        found = {"sorting": sorting / star, "exponential": star / exponential, "arrays": extra_arrays(log_ratio)}
    finally:
        torch.set_num_threads(threads)
    print(f"{num_points:,} log ratios, float64, one thread; the weights differ by {difference:.1e} in total")
    print(f"argsort and cumsum {1e3 * sorting:9.1f} ms   ratio to Star {found['sorting']:.1f} (at least 5 is wanted)")
    print(f"Star               {1e3 * star:9.1f} ms   ratio to np.exp {found['exponential']:.1f} (at most 10)")
    print(f"np.exp             {1e3 * exponential:9.1f} ms")
    print(f"Star's memory      {found['arrays']:9.2f} times its input, result included: ratio at most 3")
    return found


if __name__ == "__main__":
    main()
