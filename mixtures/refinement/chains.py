"""Refinements that spend a fixed number of draws per sample: Metropolis-Hastings chains and importance resampling.

References:
    Turner, Hung, Frank, Saatchi, Yosinski, *Metropolis-Hastings generative adversarial networks*, 2018,
    https://arxiv.org/abs/1811.11357

    Grover, Song, Agarwal, Tran, Kapoor, Horvitz, Ermon, *Bias correction of learned generative models using
    likelihood-free importance weighting*, 2019, https://arxiv.org/abs/1906.09531
"""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.mixtures.numbers import check_counts
from adagan.mixtures.refinement.methods import (
    Draw,
    Pilot,
    Refinement,
    RefinementRecord,
    effective_sample_size,
    importance_weights,
)
from adagan.mixtures.sampling.sampler import block_size, new_samples

MIN_POOL = 1_000
"""Importance resampling chooses from this many candidates or more: from few the weights are biased."""


class MetropolisHastings(Refinement):
    """Independent chains whose proposals are the model's samples, accepted with min(1, v(x')/v(x)) (Turner et al.).

    One sample is the end of one chain, so that samples are independent; a chain starts at a sample of the model. The
    ratio has to be calibrated. The record counts the chains that left their start.

    Args:
        steps: Proposals per chain, 1 or more.
    """

    def __init__(self, steps: int = 20) -> None:
        check_counts(steps=steps)
        self.steps = steps

    def pilot(self, log_ratio: Tensor) -> Pilot:
        weights = importance_weights(log_ratio)
        # the mean of min(1, v'/v) when the chain has arrived: sorted, Σ_ij w_i min(1, w_j/w_i)/N = Σ_ij min(w_i, w_j)/N
        ordered = weights.sort(descending=True).values
        rank = torch.arange(len(ordered), device=ordered.device)
        rate = float((ordered * (2 * rank + 1)).sum() / len(ordered))
        return Pilot(len(log_ratio), 0.0, min(rate, 1.0), effective_sample_size(weights))

    def refine(
        self, draw: Draw, num_samples: int, pilot: Pilot, generator: torch.Generator
    ) -> tuple[Tensor, RefinementRecord]:
        out: Tensor | None = None
        filled = accepted = moved = 0
        while filled < num_samples:
            size = min(num_samples - filled, block_size(out))
            state, ratio = draw(size)
            left = torch.zeros(size, dtype=torch.bool, device=state.device)
            for _ in range(self.steps):
                proposal, proposed = draw(size)
                chance = torch.rand(size, generator=generator, dtype=torch.float64, device=state.device).log()
                accept = chance < ratio - proposed
                state = torch.where(accept.reshape(-1, *[1] * (state.ndim - 1)), proposal, state)
                ratio = torch.where(accept, proposed, ratio)
                left |= accept
                accepted += int(accept.sum())
            if out is None:
                out = new_samples(num_samples, state)
            out[filled : filled + size] = state
            moved += int(left.sum())
            filled += size
        assert out is not None  # num_samples > 0
        proposals = num_samples * self.steps
        return out, RefinementRecord(proposals + num_samples, num_samples, accepted / proposals, float(moved))


class ImportanceResampling(Refinement):
    """Draws candidates and takes samples from them, with replacement, by the weights v (Grover et al.).

    Samples repeat where few candidates carry the weight; the record tells how many are different.

    Args:
        candidates: Candidates per sample, 1 or more.
    """

    def __init__(self, candidates: int = 10) -> None:
        check_counts(candidates=candidates)
        self.candidates = candidates

    def pilot(self, log_ratio: Tensor) -> Pilot:
        size = effective_sample_size(importance_weights(log_ratio))
        # of N candidates with weights w, N/c draws leave Σ 1 − (1 − w)^(N/c) different ones
        draws = len(log_ratio) / self.candidates
        kept = float((1 - (1 - importance_weights(log_ratio)) ** draws).mean())
        return Pilot(len(log_ratio), 0.0, kept, size)

    def refine(
        self, draw: Draw, num_samples: int, pilot: Pilot, generator: torch.Generator
    ) -> tuple[Tensor, RefinementRecord]:
        out: Tensor | None = None
        filled = drawn = kept = 0
        worth = 0.0
        while filled < num_samples:
            size = min(num_samples - filled, max(1, block_size(out) // self.candidates))
            pool, log_ratio = draw(max(size * self.candidates, MIN_POOL))
            weights = importance_weights(log_ratio)
            chance = torch.rand(size, generator=generator, dtype=torch.float64, device=pool.device)
            edges = weights.cumsum(dim=0)
            chosen = torch.searchsorted(edges, chance * edges[-1], right=True).clamp(max=len(pool) - 1)
            if out is None:
                out = new_samples(num_samples, pool)
            out[filled : filled + size] = pool[chosen]
            kept += int(chosen.bincount().count_nonzero())
            worth += min(float(size), effective_sample_size(weights))
            drawn += len(pool)
            filled += size
        assert out is not None  # num_samples > 0
        return out, RefinementRecord(drawn, kept, kept / drawn, worth)
