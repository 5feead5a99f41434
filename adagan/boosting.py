"""AdaGAN: boosting rounds around any generator."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from adagan.components.component import Component
from adagan.components.critic import Critic
from adagan.components.progress import announce, listening
from adagan.components.training import TrainingDiverged
from adagan.components.wrapped import as_component
from adagan.missing import MissingRegion, missing_regions
from adagan.mixtures.arguments import ArrayLike
from adagan.mixtures.data_weights import DataWeightRule, DataWeights, Star
from adagan.mixtures.divergences import JensenShannon
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement import Refined
from adagan.mixtures.refinement_methods import Refinement
from adagan.mixtures.steps import FullyCorrective, MissingMass, MixtureStep, Step, missing_mass
from adagan.mixtures.storage import component_record
from adagan.observation import Clock, observed
from adagan.round import Round
from adagan.run_folder import RunFolder
from adagan.stopping import StoppingRule
from adagan.training_data import checked_data

COARSE = 0.1
"""Resolution of the critic that decides what is missing, in units of the data's standard deviation."""


class AdaGAN:
    """Boosts a generator: trains components in rounds, each on the data reweighted towards what the mixture misses.

    Two decisions are separate. `target` says how sparse the newcomer's target is: the beta of the data weights.
    `step` says how much of the trained newcomer the mixture takes. So are two critics: a coarse one, whose inputs are
    blurred, finds what is *missing* and makes the data weights; a sharp one weighs the components and refines samples.

    Args:
        component: Zero-argument callable that makes an unfitted component: a class, a ``functools.partial``.
        rounds: Number of rounds, 1 or more.
        rule: From log ratios to data weights.
        target: The beta of the data weights.
        step: The mixture weights after a round.
        coarse_critic: Makes the critic that finds what is missing; ``None`` means noise of a tenth of the
            data's standard deviation.
        critic: Makes the critic that weighs the components and refines samples.
        divergence: The f-divergence that the records report.
        stop: Ends the run before `rounds` when nothing is left, such as ``NothingLeft()``; ``None`` never does.
        seed: Of everything random.
        folder: Where to write the run, round by round; ``None`` keeps it in memory only.
        progress: Whether to show rounds, training steps and the time left.

    Attributes:
        mixture_: The `Mixture` after the last round.
        rounds_: The `Round` records.
        data_weights_: The `DataWeights` of every round.
        critic_: The sharp critic of `mixture_`.
        stopped_: Why `stop` ended the run, or empty.

    References:
        Tolstikhin, Gelly, Bousquet, Simon-Gabriel, Schölkopf, *AdaGAN: Boosting generative models*, 2017, Algorithm 1,
        https://arxiv.org/abs/1701.02386
    """

    mixture_: Mixture
    rounds_: list[Round]
    data_weights_: list[DataWeights]
    critic_: Critic
    stopped_: str

    def __init__(
        self,
        component: Callable[[], Any],
        rounds: int = 5,
        *,
        rule: DataWeightRule | None = None,
        target: Step | None = None,
        step: MixtureStep | None = None,
        coarse_critic: Callable[[], Critic] | None = None,
        critic: Callable[[], Critic] = Critic,
        divergence: FDivergence | None = None,
        stop: StoppingRule | None = None,
        seed: int = 0,
        folder: str | os.PathLike[str] | None = None,
        progress: bool = False,
    ) -> None:
        if not isinstance(component, type) and (not callable(component) or callable(getattr(component, "fit", None))):
            raise TypeError(
                f"component: expected a callable that makes a fresh component for every round, got an object of class "
                f"{type(component).__name__}; pass the class, or functools.partial({type(component).__name__}, ...)"
            )
        if rounds < 1:
            raise ValueError(f"rounds: expected 1 or more, got {rounds}")
        if seed < 0:
            raise ValueError(f"seed: expected 0 or more, got {seed}")
        self.component, self.rounds = component, rounds
        self.divergence = divergence or JensenShannon()
        self.rule, self.target = rule or Star(), target or MissingMass()
        self.step = step or FullyCorrective(self.divergence)
        self.coarse_critic = coarse_critic or partial(Critic, noise=COARSE)
        self.critic = critic
        self.stop, self.seed, self.folder, self.progress = stop, seed, folder, progress

    def fit(self, data: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Forgets everything and runs all the rounds.

        Args:
            data: Shape (N, *event), floating point; training runs on its device.
            weights: The points' own weights, shape (N,), non-negative; ``None`` means uniform.

        Raises:
            ValueError: NaN or infinite data, weights that are negative, all zero or of the wrong length.
            FileExistsError: The folder holds a run already.
            TypeError: A run folder is wanted, and the component cannot be stored.
            TrainingDiverged: A component or critic failed; the rounds before it stay.
        """
        if self.folder is None:
            self._data, self._base = checked_data(data, weights)
        else:
            self.start(data, weights)
        self.rounds_, self.data_weights_ = [], []
        for learnt in ("mixture_", "critic_"):
            self.__dict__.pop(learnt, None)
        return self._run()

    def start(
        self, data: ArrayLike, weights: ArrayLike | None = None, *, files: Mapping[str, str] | None = None
    ) -> Self:
        """Writes the folder of a run without rounds, with text files of the caller's in it; `resume` runs the rounds.

        Raises:
            ValueError: As `fit`, or there is no folder to write.
            FileExistsError: The folder holds a run already.
            TypeError: The component cannot be stored.
        """
        if self.folder is None:
            raise ValueError("folder: expected the folder of the run to start, got None")
        RunFolder(self.folder).check_free()
        self._data, self._base = checked_data(data, weights)
        with isolated_randomness(self.seed):
            component_record(as_component(self.component()))  # what cannot be stored is to be heard of before training
        RunFolder(self.folder).create(self._data, self._base, self.seed, files)
        return self

    def resume(self, data: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Goes on with the run in the folder until it has all its rounds; the data must be the same.

        Raises:
            FileNotFoundError: No run in the folder.
            ValueError: Other data, weights or seed than the run's; a corrupted file; a newer format.
        """
        if self.folder is None:
            raise ValueError("folder: expected the folder of the run to resume, got None")
        self._data, self._base = checked_data(data, weights)
        folder = RunFolder(self.folder)
        folder.check(self._data, self._base, self.seed)
        self.rounds_ = folder.rounds()
        self.data_weights_ = folder.data_weights(self._data.device)
        if self.rounds_:
            self.mixture_ = folder.mixture(components=[self.component], device=self._data.device)
            self.critic_ = folder.critic(device=self._data.device)
        return self._run()

    def _run(self) -> Self:
        from adagan.progress import RoundsDisplay

        with ExitStack() as stack:
            if self.progress:
                stack.enter_context(listening(stack.enter_context(RoundsDisplay(self.rounds, len(self.rounds_)))))
            try:
                while len(self.rounds_) < self.rounds and not self._stops():
                    self.boost()
                    announce("round", len(self.rounds_), self.rounds)
            except Exception:
                if self.folder is not None and not self.rounds_:
                    RunFolder(self.folder).discard()  # so that the next attempt is not refused for an empty run
                raise
        return self

    def _stops(self) -> bool:
        self.stopped_ = self.stop.reason(self.rounds_) if self.stop is not None else ""
        return bool(self.stopped_)

    def boost(self) -> Self:
        """Runs one more round, by the lines of the paper's Algorithm 1; needs `fit` or `resume` before."""
        if not hasattr(self, "rounds_"):
            raise RuntimeError("boost() goes on from fit(data) or resume(data); call one of them first")
        clock = Clock()
        coarse_seed, component_seed, critic_seed = self._seeds(len(self.rounds_) + 1)
        data_weights, missing = self._update_data_weights(coarse_seed)  # UpdateTrainingWeights
        newcomer = self._fit_component(data_weights.values, component_seed)  # GAN(S_N, W_t)
        mixture, critic = self._choose_mixture_weights(newcomer, critic_seed)  # ChooseMixtureWeight and G_t
        record = observed(data_weights, missing, mixture, critic, self._base, self.divergence, clock)
        if self.folder is not None:
            RunFolder(self.folder).add(record, data_weights, mixture, critic)
        self.mixture_, self.critic_ = mixture, critic
        self.rounds_.append(record)
        self.data_weights_.append(data_weights)
        for note in record.notes:
            warnings.warn(f"round {record.index}: {note}", stacklevel=2)
        return self

    def _seeds(self, index: int) -> list[int]:
        """Seeds of a round's coarse critic, component and critic: resuming draws the same ones."""
        states = np.random.SeedSequence([self.seed, index]).generate_state(3, np.uint64)
        return [int(state) % 2**63 for state in states]

    def _update_data_weights(self, seed: int) -> tuple[DataWeights, float | None]:
        """Where does the mixture so far miss the data? The newcomer's data weights, and the mass that is missing."""
        if not self.rounds_:
            return DataWeights(self._base, beta=1.0), None
        coarse = self._fit_critic(self.coarse_critic, self.mixture_, seed)
        beta = self.target.beta(coarse.log_ratio_, self._base, round=len(self.rounds_) + 1)
        log_ratio = coarse.component_log_ratios_[:, -1] if self.rule.of_last_component else coarse.log_ratio_
        base = self.data_weights_[-1].values if self.rule.accumulates else self._base
        return self.rule(log_ratio, beta, base), missing_mass(coarse.log_ratio_, self._base)

    def _choose_mixture_weights(self, newcomer: Component, seed: int) -> tuple[Mixture, Critic]:
        """The mixture with the newcomer, its weights chosen at points that the critic did not learn from."""
        if not self.rounds_:
            mixture = Mixture([newcomer]).to(self._data.device)
            return mixture, self._fit_critic(self.critic, mixture, seed)
        incoming = self.mixture_.weights
        # provisional weights: the critic sees enough of every component whatever its weight
        candidate = self.mixture_.append(newcomer, torch.cat([incoming / 2, incoming.new_tensor([0.5])]))
        critic = self._fit_critic(self.critic, candidate, seed)
        mixture = self.mixture_.append(newcomer, self.step.weights(critic.component_log_ratios_, incoming, self._base))
        return mixture, critic.reweigh(mixture.weights)

    def missing(self, threshold: float = 0.5) -> list[MissingRegion]:
        """The training points that the mixture hardly produces, in groups, largest missing mass first.

        The answer to "is this mode collapse, and where?" for data without labels, by a coarse critic of the mixture as
        it is now (the one with which the next round would begin).

        Args:
            threshold: Points count as missing when the mixture's density is below this share of the data's.

        Returns:
            See `adagan.missing.MissingRegion`; an empty list when nothing is missing.
        """
        if not hasattr(self, "mixture_"):
            raise RuntimeError("this model is not fitted yet; call fit(data) first")
        seed = self._seeds(len(self.rounds_) + 1)[0]
        coarse = self._fit_critic(self.coarse_critic, self.mixture_, seed)
        return missing_regions(self._data, coarse.log_ratio_, self._base, threshold=threshold, seed=self.seed)

    def sample(self, num_samples: int, generator: torch.Generator | None = None) -> Tensor:
        """Samples of the mixture, shape (num_samples, *event)."""
        if not hasattr(self, "mixture_"):
            raise RuntimeError("this model is not fitted yet; call fit(data) first")
        return self.mixture_.sample(num_samples, generator)

    def refined(self, budget: float | Refinement = 0.5, generator: torch.Generator | None = None) -> Refined:
        """The mixture refined with the critic that boosting trained.

        Args:
            budget: Rate of acceptance of budgeted rejection, in (0, 1], or any other refinement.
            generator: Randomness of the pilot samples that set the acceptance; ``None`` takes the model's seed.
        """
        if not hasattr(self, "mixture_"):
            raise RuntimeError("this model is not fitted yet; call fit(data) first")
        source = generator or torch.Generator(self.mixture_.device).manual_seed(self.seed)
        return Refined(self.mixture_, self.critic_, budget, generator=source)

    def _fit_critic(self, make: Callable[[], Critic], mixture: Mixture, seed: int) -> Critic:
        with isolated_randomness(seed):
            return make().fit(self._data, mixture, self._base)

    def _fit_component(self, weights: Tensor, seed: int) -> Component:
        with isolated_randomness(seed):
            component = as_component(self.component()).fit(self._data, weights)
        name = type(component).__name__
        device = self._data.device
        drawn = Mixture([component]).to(device).sample(16, torch.Generator(device).manual_seed(seed))
        if drawn.shape[1:] != self._data.shape[1:]:
            raise ValueError(
                f"component: {name} was fitted to events of shape {tuple(self._data.shape[1:])} and samples events of "
                f"shape {tuple(drawn.shape[1:])}; sample must return what fit was given"
            )
        if not bool(torch.isfinite(drawn).all()):
            raise TrainingDiverged(
                f"component: {name} samples NaN or infinite values in round {len(self.rounds_) + 1}; the "
                f"{len(self.rounds_)} rounds before it are kept"
            )
        return component
