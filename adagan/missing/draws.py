"""How many samples of a mixture are looked at, and what a draw costs."""

from __future__ import annotations

import torch

from adagan.components.training.ranks.group import cpu_time
from adagan.mixtures.mixture import Mixture

FEWEST_DRAWS, MOST_DRAWS = 20_000, 200_000
"""Samples that are looked at: twice as many as there are data where that lies between these."""
PATIENCE = 0.02
"""CPU seconds of drawing that tell what a draw costs."""


def num_draws(num_points: int) -> int:
    """How many samples of a mixture are looked at for so many data points."""
    return min(max(2 * num_points, FEWEST_DRAWS), MOST_DRAWS)


def affordable_draws(num_points: int, price: float, seconds: float | None) -> int:
    """The same where a draw costs so many CPU seconds, and all of them may take so many; ``None`` sets no limit."""
    wanted = num_draws(num_points)
    if seconds is None or seconds >= wanted * price:
        return wanted
    return min(wanted, max(int(seconds / price), FEWEST_DRAWS))


def draw_price(mixture: Mixture, seed: int) -> float:
    """CPU seconds of one draw, measured by a few."""
    count, taken = 16, 0.0
    while True:
        start = cpu_time()
        mixture.sample(count, torch.Generator(mixture.device).manual_seed(seed))
        taken = cpu_time() - start
        if taken >= PATIENCE or count >= 4_096:
            return taken / count
        count *= 4
