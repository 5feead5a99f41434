"""
How long does the choice of all mixture weights take?
=====================================================

And how near to optimal are they? One thread.
"""

import math
import time

import torch
from torch import Tensor

from adagan.mixtures import ForwardKL, JensenShannon
from adagan.mixtures.weights.mixture_weights import minimise_divergence


def side_by_side(num_points: int, num_components: int, source: torch.Generator) -> Tensor:
    """Log ratios of narrow Gaussians on a line, which overlap their neighbours, over a wide one."""
    x = 2 * torch.randn(num_points, 1, generator=source, dtype=torch.float64)
    centres = torch.linspace(-5, 5, num_components, dtype=torch.float64)
    return -2 * (x - centres).square() + 0.5 * (x / 2).square() + math.log(4)


def overlapping(num_points: int, num_components: int, source: torch.Generator) -> Tensor:
    """Log ratios of Gaussians in eight dimensions that all overlap, over a standard one."""
    x = torch.randn(num_points, 8, generator=source, dtype=torch.float64)
    centres = 0.7 * torch.randn(num_components, 8, generator=source, dtype=torch.float64)
    squares = x.square().sum(dim=1, keepdim=True) + centres.square().sum(dim=1) - 2 * x @ centres.T
    return -0.5 / 0.8**2 * squares + 0.5 * x.square().sum(dim=1, keepdim=True) - 8 * math.log(0.8)


def independent(num_points: int, num_components: int, source: torch.Generator) -> Tensor:
    """Log ratios without any structure."""
    return torch.randn(num_points, num_components, generator=source, dtype=torch.float64) - 0.5


def main(num_points: int = 10**6, num_components: int = 200) -> dict[str, float]:
    threads, gaps = torch.get_num_threads(), {}
    torch.set_num_threads(1)
    print(f"{num_components} components, {num_points:,} points")
    try:
        for problem in (side_by_side, overlapping, independent):
            log_ratios = problem(num_points, num_components, torch.Generator().manual_seed(0))
            for divergence in (JensenShannon(), ForwardKL()):
                start = time.process_time()
                found = minimise_divergence(log_ratios, divergence)
                taken = time.process_time() - start
                name = f"{problem.__name__.replace('_', ' ')}, {divergence!r}"
                print(
                    f"{name:32s} {taken:6.1f} CPU s   value {found.value:.6f}, at most {found.gap:.0e} above the least"
                )
                gaps[name] = found.gap
    finally:
        torch.set_num_threads(threads)
    return gaps


if __name__ == "__main__":
    main()
