"""The methods of a study: each trains within a budget of CPU seconds and returns something that samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adagan.boosting import COARSE, AdaGAN
from adagan.components.critic import Critic
from adagan.components.gan import GAN
from adagan.components.scikit_learn import ScikitLearn
from adagan.mixtures.data_weights import DataWeightRule, Star, TopKLast
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement import Samples
from adagan.mixtures.steps import FullyCorrective, Harmonic, MissingMass, MixtureStep, Step
from adagan.study.pace import Pace, seconds_per_step

BUDGET_OF_REFINEMENT = 0.5


@dataclass(frozen=True)
class Trained:
    """What a method made.

    Attributes:
        samplers: By row name; a boosted mixture comes bare and refined.
        rounds: Components trained.
        cpu_seconds: CPU time of the training.
    """

    samplers: dict[str, Samples]
    rounds: int
    cpu_seconds: float


def vanilla(data: Tensor, budget: float, rounds: int, seed: int) -> dict[str, Samples]:
    """One GAN that is given the whole budget."""
    return {"vanilla": _ensemble(data, budget, 1, seed)}


def ensemble(data: Tensor, budget: float, rounds: int, seed: int) -> dict[str, Samples]:
    """As many independent GANs as boosting has rounds, with equal weights."""
    return {"ensemble": _ensemble(data, budget, rounds, seed)}


def _ensemble(data: Tensor, budget: float, rounds: int, seed: int) -> Mixture:
    pace = Pace(budget, rounds, seconds_per_step(lambda steps: GAN(max_steps=steps, seed=0), data))
    seeds = np.random.SeedSequence(seed).generate_state(rounds)
    return Mixture([GAN(max_steps=pace.steps(), seed=int(own)).fit(data) for own in seeds])


def gaussian_mixture(data: Tensor, budget: float, rounds: int, seed: int) -> dict[str, Samples]:
    """Scikit-learn's Gaussian mixture with the number of components that the Bayesian information criterion prefers."""
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    start = time.process_time()
    flat = data.flatten(1).numpy()
    best, best_value = 1, float("inf")
    for size in (1, 2, 4, 8, 12, 16, 20, 25, 30, 40):
        if time.process_time() - start > budget / 2:
            break
        fitted = GaussianMixture(size, random_state=seed, reg_covar=1e-5).fit(flat)
        value = float(fitted.bic(flat))
        if value < best_value:
            best, best_value = size, value
    with isolated_randomness(seed):
        component = ScikitLearn(GaussianMixture(best, reg_covar=1e-5)).fit(data)
    return {"gaussian-mixture": Mixture([component])}


def adagan(data: Tensor, budget: float, rounds: int, seed: int) -> dict[str, Samples]:
    """AdaGAN with the package's defaults, bare and refined by budgeted rejection with its own critic."""
    return _boosted(data, budget, rounds, seed, "adagan")


def adagan_harmonic(data: Tensor, budget: float, rounds: int, seed: int) -> dict[str, Samples]:
    """AdaGAN as in the paper's experiments: beta = 1/t for the target and for the mixture."""
    return _boosted(data, budget, rounds, seed, "adagan-harmonic", target=Harmonic(), step=Harmonic())


def top_k_last(data: Tensor, budget: float, rounds: int, seed: int) -> dict[str, Samples]:
    """The paper's cascade baseline: the share of points that the last component's critic calls most real."""
    return _boosted(data, budget, rounds, seed, "top-k-last", rule=TopKLast(0.5), step=Harmonic())


def _boosted(
    data: Tensor,
    budget: float,
    rounds: int,
    seed: int,
    name: str,
    rule: DataWeightRule | None = None,
    target: Step | None = None,
    step: MixtureStep | None = None,
) -> dict[str, Samples]:
    pace = Pace(budget, rounds, seconds_per_step(lambda steps: GAN(max_steps=steps, seed=0), data), 2 * rounds - 1)

    class TimedCritic(Critic):
        def fit(self, *arguments: Any, **options: Any) -> TimedCritic:
            start = time.process_time()
            super().fit(*arguments, **options)
            pace.critic_took(time.process_time() - start)
            return self

    model = AdaGAN(
        lambda: GAN(max_steps=pace.steps()),
        rounds=rounds,
        rule=rule or Star(),
        target=target or MissingMass(),
        step=step or FullyCorrective(),
        coarse_critic=lambda: TimedCritic(noise=COARSE, max_steps=pace.critic_steps()),
        critic=lambda: TimedCritic(max_steps=pace.critic_steps()),
        seed=seed,
    ).fit(data)
    generator = torch.Generator().manual_seed(seed)
    return {name: model.mixture_, f"{name}-refined": model.refined(BUDGET_OF_REFINEMENT, generator)}


METHODS: dict[str, Callable[[Tensor, float, int, int], dict[str, Samples]]] = {
    "gaussian-mixture": gaussian_mixture,
    "vanilla": vanilla,
    "ensemble": ensemble,
    "top-k-last": top_k_last,
    "adagan-harmonic": adagan_harmonic,
    "adagan": adagan,
}

REFINED = ("top-k-last", "adagan-harmonic", "adagan")
"""Methods whose critic can refine their samples: NAME-refined is a row of its own, from the same training."""

METHOD_NAMES = (*METHODS, *(f"{name}-refined" for name in REFINED))
DEFAULT_METHODS = ("gaussian-mixture", "vanilla", "ensemble", "adagan", "adagan-refined")


def train(method: str, data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
    """Trains a method of `METHODS` and takes its CPU time."""
    start = time.process_time()
    samplers = METHODS[method](data, budget, rounds, seed)
    return Trained(samplers, 1 if method in ("vanilla", "gaussian-mixture") else rounds, time.process_time() - start)
