"""AdaGAN: boosting rounds around any generator."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, Self

import torch

from adagan.components.adapters.already_trained import AlreadyTrained
from adagan.components.checks import check_maker
from adagan.components.contract import Component
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.components.critics.sharp_critic import SharpCritic
from adagan.components.training.ranks.group import agreed
from adagan.fitting import fit_critic, fit_newcomer
from adagan.missing.finding import Finding
from adagan.missing.missing_mass import Missing
from adagan.mixtures.data_weights import DataWeightRule, DataWeights, Star
from adagan.mixtures.divergences import JensenShannon
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.kept_if_better import KeptIfBetter
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_positive
from adagan.mixtures.randomness import check_seed
from adagan.mixtures.steps import FullyCorrective, MissingMass, MixtureStep, Step
from adagan.model_checks import check_choices, check_rounds
from adagan.plan import Training
from adagan.price import tell_price
from adagan.recording import Clock, observed
from adagan.round import verdict
from adagan.run_folder import RunFolder
from adagan.run_ranks import on_ranks
from adagan.running import BoostingRun
from adagan.second_try import tried_twice
from adagan.seeds import RoundSeeds
from adagan.stopping import Never, NothingMissing, StoppingRule

_log = logging.getLogger(__name__)

MOST_ROUNDS = 10
"""Where ``rounds="auto"`` ends, whatever is left."""
FEWEST = 1e-4
"""Where a newcomer is to repair what is missing, its target is nothing else, down to this share of the data."""


class AdaGAN(BoostingRun):
    """Boosts a generator: trains components in rounds, each on the data reweighted towards what the mixture misses.

    Two decisions are separate. `target` says how sparse the newcomer's target is: the beta of the data weights.
    `step` says how much of the trained newcomer the mixture takes. Two instruments serve them: counts in cells of a
    feature space, blurred, find what is *missing* and make the data weights; a sharp critic weighs the components and
    refines samples.

    Args:
        component: Zero-argument callable that makes an unfitted component: a class, a ``functools.partial``.
        rounds: Number of rounds, 1 or more, that all train the same; ``"auto"`` trains a first component, and others
            only as long as something is missing and they repair it (`adagan.plan.Repairs`).
        budget: CPU seconds of the whole run, of which the first component gets most; training lengths are set to fit,
            where a component has one. `rounds` is then a limit, ``"auto"`` or not.
        first: A first component that is trained already: anything with ``sample``, a mixture.
        newcomer: Makes the components of the later rounds; ``None`` means, with ``"auto"`` or a budget, a `Patch` for
            vectors and else `component`, going on from the one before where its kind can; without, `component`.
        rule: From log ratios to data weights.
        target: The beta of the data weights.
        step: The mixture weights after a round; ``None`` means ``FullyCorrective(divergence)``, which with ``"auto"``
            or a budget takes a newcomer only if held-out points say that it helps (`KeptIfBetter`).
        coarse_critic: Makes a critic that finds what is missing instead of the cells, such as
            ``partial(Critic, noise=0.1)``; ``None`` means cells, see `adagan.missing_mass`.
        critic: Makes the critic that weighs the components and refines samples; by default seconds of CPU time on
            features of the data, whatever their size.
        divergence: The f-divergence that the records report.
        stop: Ends the run before `rounds` when nothing is left, such as ``NothingLeft()``, and then keeps the best
            prefix of the mixture only; ``None`` means ``NothingMissing()`` with ``"auto"`` or a budget, and else
            ``Never()``: all rounds are run and kept.
        warm_start: Whether, in rounds that all train the same, every newcomer begins at the networks of the one before.
        refine: Whether to end with a trial of refinement on held-out data, so that `sample` keeps the better draws only
            where that helps; ``None`` means so with ``"auto"`` or a budget, never otherwise.
        seed: Of everything random.
        folder: Where to write the run, round by round; ``None`` keeps it in memory only.
        checkpoint_minutes: With a folder, a newcomer's training by Lightning is kept in its middle too, every so many
            minutes, so that a kill loses no more of it: what goes on from there is the same, bit for bit on the CPU.
            They are never so close together that they would take over 2 % of the time. ``None`` keeps whole rounds.
        component_minutes: Time by the clock after which an attempt to train a component counts as failed, as one that
            hangs does; see `fit` for what becomes of it, and `adagan.time_limit` for what cannot be ended so.
        trainer_options: Arguments of ``lightning.Trainer`` for all that is trained, components and critics, where these
            have none of their own. ``dict(devices=2, strategy="ddp")`` runs in two processes, of which each takes its
            part of every minibatch and only the first writes; a round is then kept when it is complete.
        progress: Whether to show rounds, training steps and the time left.

    Attributes:
        mixture_: The `Mixture` after the last round, or the prefix of it that `stop` keeps.
        rounds_: The `Round` records, those after the kept prefix too.
        data_weights_: The `DataWeights` of every round.
        critic_: The sharp critic of the last round, weighed for `mixture_`.
        stopped_: Why `stop` ended the run, or what failed; else empty.
        refinement_: What held-out data said of refining, a `RefinementTrial`, once they were asked.
        refined_: The `Refined` mixture that `sample` draws from; ``None`` where all draws are kept.

    References:
        Tolstikhin, Gelly, Bousquet, Simon-Gabriel, Schölkopf, *AdaGAN: Boosting generative models*, 2017, Algorithm 1,
        https://arxiv.org/abs/1701.02386
    """

    def __init__(
        self,
        component: Callable[[], Any],
        rounds: int | Literal["auto"] = "auto",
        *,
        budget: float | None = None,
        first: Any = None,
        newcomer: Callable[[], Any] | None = None,
        rule: DataWeightRule | None = None,
        target: Step | None = None,
        step: MixtureStep | None = None,
        coarse_critic: Callable[[], RatioEstimator] | None = None,
        critic: Callable[[], RatioEstimator] = SharpCritic,
        divergence: FDivergence | None = None,
        stop: StoppingRule | None = None,
        warm_start: bool = False,
        refine: bool | None = None,
        seed: int = 0,
        folder: str | os.PathLike[str] | None = None,
        checkpoint_minutes: float | None = 5.0,
        component_minutes: float | None = None,
        trainer_options: Mapping[str, Any] | None = None,
        progress: bool = False,
    ) -> None:
        check_maker("component", component, "a fresh component for every round")
        check_positive(budget=budget, checkpoint_minutes=checkpoint_minutes, component_minutes=component_minutes)
        if first is not None:
            AlreadyTrained(first)  # what is no generator is heard of at once
        repairs = rounds == "auto" or not (budget is None and first is None and newcomer is None)
        self.component, self.rounds = component, check_rounds(MOST_ROUNDS if rounds == "auto" else rounds)
        self.budget, self.first, self.newcomer, self._repairs = budget, first, newcomer, repairs
        self.divergence, self.rule = divergence or JensenShannon(), rule or Star()
        self.target = target or (MissingMass(lowest=FEWEST) if repairs else MissingMass())
        self.step = step or (KeptIfBetter if repairs else FullyCorrective)(divergence=self.divergence)
        self.coarse_critic, self.critic = coarse_critic, critic
        self.stop = stop or (NothingMissing() if repairs else Never())
        self.warm_start, self.refine = warm_start, repairs if refine is None else refine
        self.seed, self.folder, self.progress = check_seed(seed), folder, progress
        self.checkpoint_minutes, self.component_minutes = checkpoint_minutes, component_minutes
        self.trainer_options = dict(trainer_options or {})
        check_choices(self)

    @on_ranks
    def boost(self) -> Self:
        """Runs one more round, by the lines of the paper's Algorithm 1; needs `fit` or `resume` before."""
        if not hasattr(self, "_data") or not hasattr(self, "rounds_"):
            raise RuntimeError("boost() goes on from fit(data) or resume(data); call one of them first")
        index, seeds = len(self.rounds_) + 1, self._next_seeds()
        checkpoints = self._checkpoints(index)
        looks = bool(self.rounds_) or self._plan.looks_back
        mixture = self._whole if self.rounds_ else None
        price = tell_price(self.critic, self._lookout if looks else None, mixture, self._data, seeds)
        planning = Clock()
        training = self._plan.next(self.rounds_, price)
        planned = planning.cpu_seconds
        # UpdateTrainingWeights
        data_weights, missing = self._update_data_weights(training, seeds.coarse_critic)
        # GAN(S_N, W_t)
        before = (() if mixture is None else mixture.components) if training.continued else None
        began = Clock.after(checkpoints.spent)
        newcomer, tries = tried_twice(
            lambda seed: fit_newcomer(training.make, self._data, data_weights.values, index, seed, before, checkpoints),
            seeds.component,
            index,
            self.component_minutes,
        )
        seconds = planned + began.cpu_seconds
        # ChooseMixtureWeight, and G_t
        share = data_weights.beta if training.repairs else 1.0
        mixture, critic = self._choose_mixture_weights(newcomer, seeds.critic, share)
        left = self._look_back(mixture, critic, index)
        data, divergence, clock = self._data, self.divergence, checkpoints.clock
        record = observed(data_weights, missing, mixture, critic, data, divergence, clock, seconds, left)
        record = agreed(replace(record, notes=(*tries, *record.notes)))
        if self.folder is not None:
            RunFolder(self.folder).add(record, data_weights, mixture, critic, self._makers())
        self.mixture_, self._whole, self.critic_, self.refined_ = mixture, mixture, critic, None
        self.rounds_.append(record)
        self.data_weights_.append(data_weights)
        _log.info("%s", verdict(record))
        for note in record.notes:
            warnings.warn(f"round {record.index}: {note}", stacklevel=3)
        return self

    def _look_back(self, mixture: Mixture, critic: RatioEstimator, index: int) -> Finding | None:
        """What is missing after the round, where that decides what comes next."""
        if not self._plan.looks_back:
            return None
        self._seen = self._lookout.look(mixture, RoundSeeds.of(self.seed, index + 1).coarse_critic, critic=critic)
        return self._seen.finding

    def _update_data_weights(self, training: Training, seed: int) -> tuple[DataWeights, Missing | None]:
        """Where does the mixture so far miss the data? The newcomer's data weights, and what is missing."""
        if not self.rounds_:
            return DataWeights(self._data.weights, beta=1.0), None
        critic = self.critic_ if self._plan.looks_back else None
        missing = self._seen or self._lookout.look(self._whole, seed, critic=critic)
        base, of_last, self._seen = self._data.weights, self.rule.of_last_component, None
        if not training.repairs:
            return DataWeights(base, beta=1.0), missing
        of_mixture, log_ratio = self._lookout.log_ratios(missing, self._whole, seed, of_last=of_last)
        beta = self.target.beta(of_mixture, base, round=len(self.rounds_) + 1)
        start = self.data_weights_[-1].values if self.rule.accumulates else base
        return self.rule(log_ratio, beta, start), missing

    def _choose_mixture_weights(self, newcomer: Component, seed: int, share: float) -> tuple[Mixture, RatioEstimator]:
        """The mixture with the newcomer, its weights chosen at points that the critic did not learn from.

        Args:
            newcomer: Fitted.
            seed: Of the critic.
            share: Of the data, that the newcomer was trained for.
        """
        if not self.rounds_:
            mixture = Mixture([newcomer], encoding=self._data.encoding).to(self._data.points.device)
            return mixture, fit_critic(self.critic, self._data.looked_at, mixture, seed)
        incoming = self._whole.weights
        # provisional weights: the critic sees enough of every component whatever its weight
        candidate = self._whole.append(newcomer, torch.cat([incoming / 2, incoming.new_tensor([0.5])]))
        critic = fit_critic(self.critic, self._data.looked_at, candidate, seed)
        weights = self.step.up_to(share).weights(critic.component_log_ratios_, incoming, self._data.looked_at.weights)
        return self._whole.append(newcomer, weights), critic.reweigh(weights)
