"""
What does a mixture's draw cost beside one generator's?
=======================================================

Prints ratios of CPU times, on one thread.
"""

import time
from collections.abc import Callable
from statistics import median

import torch

from adagan import GAN, Mixture


def generators(count: int) -> list[GAN]:
    """Networks of the default size with random values: training would not change what a draw costs."""
    made = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(count):
            gan = GAN()
            gan.build((2,), torch.zeros(1))
            gan.scaling_.shift.normal_()
            made.append(gan.eval().requires_grad_(False))
    return made


def seconds(draw: Callable[[], object], calls: int) -> float:
    start = time.process_time()  # on one thread as good as the clock, but for what else the machine does
    for _ in range(calls):
        draw()
    return (time.process_time() - start) / calls


def ratio(name: str, first: Callable[[], object], second: Callable[[], object], calls: int, repeats: int) -> float:
    """Times both in turns, so that a busy machine slows both alike, and compares the medians."""
    first(), second()
    pairs = [(seconds(first, calls), seconds(second, calls)) for _ in range(repeats)]
    times = [median(column) for column in zip(*pairs, strict=True)]
    print(f"{name:<62} {1e3 * times[0]:9.2f} ms {1e3 * times[1]:9.2f} ms   ratio {times[1] / times[0]:.2f}")
    return times[1] / times[0]


def main(num_samples: int = 1_000_000, repeats: int = 5) -> dict[str, float]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        made = generators(100)
        single, ten, hundred = made[0], Mixture(made[:10]), Mixture(made)
        source = torch.Generator().manual_seed(0)
        print(f"{'':<62} {'one generator':>12} {'mixture':>12}")
        return {
            "ten": ratio(
                f"{num_samples:,} samples of 10 generators",
                lambda: single.sample(num_samples, generator=source),
                lambda: ten.sample(num_samples, source),
                1,
                repeats,
            ),
            "hundred": ratio(
                "64 samples of 100 generators",
                lambda: single.sample(64, generator=source),
                lambda: hundred.sample(64, source),
                20,
                20 * repeats,
            ),
        }
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
