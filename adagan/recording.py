"""What a round found, gathered into its record."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import torch

from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.components.generators.patch import Patch
from adagan.components.training.ranks.group import cpu_time
from adagan.data.training_data import TrainingData
from adagan.estimate import Estimate
from adagan.missing.finding import Finding
from adagan.missing.missing_mass import Missing
from adagan.mixtures.arguments import as_log_ratio
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.mixture import Mixture
from adagan.prefixes import compare_prefixes
from adagan.round import REJECTED, Round, gamma_bound


@dataclass(frozen=True)
class Clock:
    """When something began, by the wall and by the process's CPU time (of several: rank zero's), in seconds."""

    start: float = field(default_factory=time.perf_counter)
    cpu_start: float = field(default_factory=cpu_time)

    @classmethod
    def after(cls, spent: Mapping[str, float]) -> Self:
        """One that goes on: `spent` has its ``seconds`` and ``cpu_seconds`` so far."""
        return cls(time.perf_counter() - spent["seconds"], cpu_time() - spent["cpu_seconds"])

    @property
    def seconds(self) -> float:
        """Seconds since then."""
        return time.perf_counter() - self.start

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds since then."""
        return cpu_time() - self.cpu_start


def observed(
    data_weights: DataWeights,
    missing: Missing | None,
    mixture: Mixture,
    critic: RatioEstimator,
    data: TrainingData,
    divergence: FDivergence,
    clock: Clock,
    training: float,
    left: Finding | None = None,
) -> Round:
    """The record of the round that `mixture` ends with.

    Args:
        data_weights: What the newcomer was trained on.
        missing: What was missing before the round.
        mixture: After the round.
        critic: Its sharp critic, fitted.
        data: What was learnt from.
        divergence: What is reported.
        clock: Started when the round began.
        training: CPU seconds of the newcomer's training, its pilots included.
        left: What is missing after the round, where somebody looked.
    """
    index, base = len(mixture), data.looked_at.weights
    found = Estimate.of_mean(divergence.integrand(as_log_ratio(critic.log_ratio_)), base)
    return Round(
        index=index,
        beta=data_weights.beta,
        level=data_weights.level,
        kept_share=data_weights.kept_share,
        effective_sample_size=data_weights.effective_sample_size,
        missing_mass=None if missing is None else missing.value,
        missing_mass_error=None if missing is None else missing.error,
        missing_visible=None if missing is None else missing.visible,
        weights=tuple(mixture.weights.tolist()),
        divergence=found.value,
        divergence_error=found.error,
        divergence_name=repr(divergence),
        prefixes=compare_prefixes(critic.component_log_ratios_, mixture.history, divergence, base),
        gamma=_gamma(data_weights, mixture, critic, data, divergence) if index > 1 else None,
        gamma_bound=gamma_bound(data_weights.beta) if index > 1 else None,
        calibration=critic.calibration_,
        seconds=clock.seconds,
        cpu_seconds=clock.cpu_seconds,
        training_cpu_seconds=training,
        notes=tuple(_notes(data_weights, mixture, critic, left)),
        left=left,
    )


def _gamma(
    data_weights: DataWeights, mixture: Mixture, critic: RatioEstimator, data: TrainingData, divergence: FDivergence
) -> float | None:
    """D_f(newcomer ‖ target) over D_f(old mixture ‖ data), with the critic's ratios at data points."""
    base, target = data.looked_at.weights, data.of_looked_at(data_weights.values)
    kept = target > 0
    target_ratio = (target[kept] / base[kept]).log()
    against_target = critic.component_log_ratios_[kept, -1] - target_ratio
    old = torch.logsumexp(critic.component_log_ratios_[:, :-1] + mixture.history[-2, :-1].log(), dim=1)
    before = float(base @ divergence.integrand(old))
    after = divergence.estimate(against_target, target[kept])
    return after / before if before > 0 and math.isfinite(after) else None


def _notes(data_weights: DataWeights, mixture: Mixture, critic: RatioEstimator, left: Finding | None) -> list[str]:
    """What the user should know about a round: cause, argument and cure in one sentence each."""
    notes = [data_weights.note] if data_weights.note else []
    notes += getattr(mixture.components[-1], "training_notes_", ())
    calibration = critic.calibration_
    if not calibration.is_normalised:
        notes.append(
            f"E_data[u] is {calibration.mean_ratio:.3f} ± {calibration.mean_ratio_error:.3f} instead of at most 1: the "
            "critic is miscalibrated; give it more max_steps or more data"
        )
    if data_weights.effective_sample_size < 50 and not isinstance(mixture.components[-1], Patch):
        cure = "raise the target's lowest beta" if len(mixture) > 1 else "give it more data"
        notes.append(
            f"the data weights amount to {data_weights.effective_sample_size:.0f} points: the newcomer saw too little; "
            + cure
        )
    if left is None and len(mixture) > 1 and float(mixture.weights[-1]) < REJECTED:
        notes.append(
            "the newcomer was rejected: the mixture without it is better; train components longer, or stop here"
        )
    return notes
