"""Prefixes of a mixture: which of ``mixture[:1]``, ``mixture[:2]``, ... is to be kept."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.estimate import standard_error
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio


@dataclass(frozen=True)
class Prefixes:
    """The divergences of all prefixes of a mixture, by one critic at the same points, so that they can be compared.

    Estimates by the critics of different rounds cannot be: each has its own luck and its own blind spots. These share
    theirs, and the errors are those of the *differences*, which are far smaller than those of the values.

    Attributes:
        divergences: D_f(mixture[:t] ‖ data), t from 1 to K.
        errors: Standard errors, over the points, of the differences to the lowest of them.
    """

    divergences: tuple[float, ...]
    errors: tuple[float, ...]

    def best(self, tolerance: float = 1.0) -> int:
        """Number of components of the shortest prefix that is not clearly worse than the best one.

        Clearly means by more than `tolerance` standard errors. This rule of one standard error prefers the smaller
        model, which also makes up for the last prefix's advantage: its weights were chosen at these very points.

        References:
            Breiman, Friedman, Olshen, Stone, *Classification and regression trees*, 1984, section 3.4.3.
        """
        lowest = min(self.divergences)
        if math.isinf(lowest):
            return len(self.divergences)
        compared = zip(self.divergences, self.errors, strict=True)
        return 1 + next(t for t, (value, error) in enumerate(compared) if value - lowest <= tolerance * error)


def compare_prefixes(log_ratios: Tensor, history: Tensor, divergence: FDivergence, base: Tensor) -> Prefixes:
    """The prefixes of a mixture by a critic's ratios.

    Args:
        log_ratios: log dP_k/dP_data at data points that the critic did not learn from, shape (N, K).
        history: The mixture weights after every round, shape (K, K), zero above the diagonal.
        divergence: By which to compare.
        base: Weights of the points, shape (N,), sum 1; points of weight 0 do not count.
    """
    log_ratios, base = log_ratios[base > 0], base[base > 0]
    terms = torch.stack([divergence.integrand(mixture_log_ratio(log_ratios, row)) for row in history], dim=1)
    values = base @ terms
    excess = terms - terms[:, [int(values.argmin())]]
    return Prefixes(tuple(values.tolist()), tuple(standard_error(excess, base).tolist()))
