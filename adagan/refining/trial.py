"""A trial of refinements: which of them held-out data call better than the mixture as it is, if any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adagan.components.critics.cross_fitting import CrossFitted
from adagan.components.critics.event_features import EventFeatures
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.components.training.ranks.group import cpu_time
from adagan.data.training_data import TrainingData
from adagan.mixtures.arguments import MAX_LOG_RATIO, as_log_ratio
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.balanced import Balanced
from adagan.mixtures.refinement.methods import BudgetedRejection, acceptance
from adagan.mixtures.refinement.refined import LogRatio
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio
from adagan.refining.judged import Gain, Judged, gain, judged

BUDGETS = (0.5, 0.75)
"""Shares of the draws that are kept, of which the best is chosen."""
CLEARLY = 1.645
"""Standard errors of a help: what does not help is taken for one in one of twenty."""
PERHAPS = 1.0
"""Standard errors of a harm: what does none is refused for one in one of six, which costs little."""
MOST_DATA = 5_000
"""Held-out points at most, in each part of the data."""
GROWTH = 2 / 3
"""The judges' time grows with this power of the points."""
SPARE = 1.1
"""Times as many draws as it should take to keep as many samples as there are points."""
FEWEST_DATA = 200
"""Points of a part below which nothing is tried."""


@dataclass(frozen=True)
class Outcome:
    """What one refinement changes.

    Attributes:
        budget: The share of the draws that it keeps.
        gain: On held-out data.
        harm: What may be worse with it; empty if nothing may.
    """

    budget: float
    gain: Gain
    harm: str

    @property
    def helps(self) -> bool:
        """Whether it is clearly better, and nothing seems worse."""
        divergence = self.gain.divergence
        return not self.harm and divergence.value > CLEARLY * divergence.error

    def __str__(self) -> str:
        parts = {
            "divergence": (-self.gain.divergence.value, self.gain.divergence.error),
            "coverage": (self.gain.coverage.value, self.gain.coverage.error),
            "precision": (self.gain.precision.value, self.gain.precision.error),
        }
        return ", ".join(f"{name} {value:+.3f} (± {2 * error:.3f})" for name, (value, error) in parts.items())


@dataclass(frozen=True)
class RefinementTrial:
    """What held-out data say of refining a mixture.

    Attributes:
        outcomes: Of the refinements that were tried.
        budget: The share of the draws that the chosen one keeps; 1 if none is better than the mixture as it is.
        untried: Why none was tried, if so.
    """

    outcomes: tuple[Outcome, ...]
    budget: float
    untried: str = "there are too few data to tell whether that helps"

    def __str__(self) -> str:
        for outcome in self.outcomes:
            if outcome.budget == self.budget:
                return f"refined: {self.budget:.0%} of the draws are kept; on held-out data {outcome}"
        if not self.outcomes:
            return f"not refined: {self.untried}"
        best = max(self.outcomes, key=lambda outcome: outcome.gain.divergence.value)
        why = f"{best.harm} may be worse with it" if best.harm else "it is not clearly better"
        return f"not refined: on held-out data {why}: {best}"


class _OfFold:
    """A critic as its estimate without one fold of the data sees it."""

    def __init__(self, critic: CrossFitted, fold: int) -> None:
        self.critic, self.fold = critic, fold

    def log_ratio(self, x: Tensor) -> Tensor:
        return mixture_log_ratio(self.critic.component_log_ratios_of_fold(self.fold, x), self.critic.weights_)


class _Draws:
    """Samples that were drawn once, for all that look at them."""

    def __init__(self, samples: Tensor) -> None:
        self.samples = samples

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.samples[:num_samples]


def refinement_trial(
    mixture: Mixture,
    critic: RatioEstimator,
    data: TrainingData,
    seed: int,
    budgets: Sequence[float] = BUDGETS,
    *,
    seconds: float = math.inf,
) -> RefinementTrial:
    """Tries balanced rejection at several budgets on fresh draws, against data that the critic did not learn from.

    Of a cross-fitted critic each fold's estimate is tried against the data of its fold. A refinement is chosen if trees
    that see neither mixture nor critic tell its samples from data clearly less than those of the mixture, and if
    neither the data's coverage nor the samples' precision seems to fall; of several the one that trees tell least.

    Args:
        mixture: What is refined.
        critic: Fitted to it.
        data: What the critic was fitted to.
        seed: Of draws and judges.
        budgets: Shares of the draws that may be kept.
        seconds: CPU seconds that it may take, about: fewer points are looked at where these would take more.
    """
    source = torch.Generator(data.points.device).manual_seed(seed)
    parts = _parts(critic, data, source)
    if min(len(rows) for _, rows in parts) < FEWEST_DATA:
        return RefinementTrial((), 1.0)
    if seconds < math.inf:
        most = _affordable(mixture, data.points, seconds, len(parts), budgets)
        if most < FEWEST_DATA:
            return RefinementTrial((), 1.0, "the budget is spent")
        parts = [(ratio, rows[:most]) for ratio, rows in parts]
    judgements: dict[float, list[Judged]] = {budget: [] for budget in (1.0, *budgets)}
    for ratio, rows in parts:
        real = data.points[rows]
        draws = mixture.sample(math.ceil(SPARE * len(rows) / min(budgets)), source)
        with isolated_randomness(seed):
            features = EventFeatures.of(torch.cat([real, draws[: len(rows)]]), seed)
        for budget, of_budget in judgements.items():
            kept = draws if budget == 1 else _kept(draws, ratio, data, budget, source)
            of_budget.append(judged(features(real), features(kept[: len(rows)]), seed))
    plain = judgements.pop(1.0)
    outcomes = tuple(_outcome(budget, gain(plain, of_budget)) for budget, of_budget in judgements.items())
    best = max(outcomes, key=lambda outcome: outcome.gain.divergence.value if outcome.helps else 0.0)
    return RefinementTrial(outcomes, best.budget if best.helps else 1.0)


def _parts(critic: RatioEstimator, data: TrainingData, source: torch.Generator) -> list[tuple[LogRatio, Tensor]]:
    """Critics, and rows of the data that they have not seen, in random order."""
    fold = critic.fold_ if isinstance(critic, CrossFitted) else None
    if not isinstance(critic, CrossFitted) or fold is None or len(fold) != len(data.points):
        return [(critic, _rows(data, torch.ones(len(data.points), dtype=torch.bool), source))]
    return [(_OfFold(critic, index), _rows(data, fold == index, source)) for index in range(critic.folds)]


def _affordable(mixture: Mixture, points: Tensor, seconds: float, parts: int, budgets: Sequence[float]) -> int:
    """How many points of each part, up to `MOST_DATA`, are drawn for and judged in so many CPU seconds; 0 if too few.

    Args:
        mixture: What is drawn from.
        points: Of the data.
        seconds: For all parts.
        parts: Of the data, that are tried one by one.
        budgets: Shares of the draws that may be kept, which are judged one by one.
    """
    few, start = points[:FEWEST_DATA], cpu_time()
    draws = mixture.sample(math.ceil(SPARE * len(few) / min(budgets)), seed=0)
    drawing = cpu_time() - start
    with isolated_randomness(0):
        features = EventFeatures.of(torch.cat([few, draws[: len(few)]]), 0)
    start = cpu_time()
    judged(features(few), features(draws[: len(few)]), 0)
    judging = cpu_time() - start
    for most in (MOST_DATA, MOST_DATA // 2, MOST_DATA // 4, MOST_DATA // 8, FEWEST_DATA):
        times = most / FEWEST_DATA
        price = drawing * times + (1 + len(budgets)) * judging * times**GROWTH
        if parts * price <= seconds:
            return most
    return 0


def _rows(data: TrainingData, own: Tensor, source: torch.Generator) -> Tensor:
    """Some of a part's rows, each once at most, kept by weight."""
    weights = torch.where(own.to(data.weights.device), data.weights, 0.0)
    luck = torch.rand(len(weights), generator=source, dtype=weights.dtype, device=weights.device)
    rows = (luck * weights.max() < weights).nonzero()[:, 0]
    return rows[torch.randperm(len(rows), generator=source, device=rows.device)[:MOST_DATA]]


def _kept(draws: Tensor, ratio: LogRatio, data: TrainingData, budget: float, source: torch.Generator) -> Tensor:
    """The draws that balanced rejection keeps; all where fewer than the budget lie on data at all."""
    known: Any = _Draws(draws)
    try:
        shifted = Balanced.fit(ratio, known, data.points, budget, weights=data.weights, pilot=len(draws))
        log_ratio = as_log_ratio(shifted.log_ratio(draws)).clamp(min=-MAX_LOG_RATIO)
        level = BudgetedRejection(budget).pilot(log_ratio).level
    except UserError:
        return draws
    luck = torch.rand(len(draws), generator=source, dtype=log_ratio.dtype, device=log_ratio.device)
    return draws[luck < acceptance(log_ratio, level)]


def _outcome(budget: float, found: Gain) -> Outcome:
    harm = [
        name
        for name, change in (("coverage", found.coverage), ("precision", found.precision))
        if change.value < -PERHAPS * change.error
    ]
    return Outcome(budget, found, " and ".join(harm))
