"""The methods of a study: each trains within a budget of CPU seconds and returns something that samples."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from torch import Tensor

from adagan.components import GAN, ScikitLearn
from adagan.mixtures.data_weights import TopKLast
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.steps import Harmonic
from adagan.study.boosted import Trained, component_cost, fit_bare, fit_boosted


def _gan(steps: int) -> GAN:
    return GAN(max_steps=steps)


def vanilla(data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
    """One GAN that is given the whole budget."""
    return _ensemble("vanilla", data, budget, 1, seed)


def ensemble(data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
    """As many independent GANs as boosting has rounds, with equal weights."""
    return _ensemble("ensemble", data, budget, rounds, seed)


def _ensemble(name: str, data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
    cost = component_cost(_gan, data)
    start = time.process_time()
    seeds = np.random.SeedSequence(seed).generate_state(rounds)
    gans = [fit_bare(_gan, cost, data, budget / rounds, int(own)) for own in seeds]
    return Trained({name: Mixture(gans)}, rounds, time.process_time() - start)


def gaussian_mixture(data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
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
    return Trained({"gaussian-mixture": Mixture([component])}, 1, time.process_time() - start)


def adagan(data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
    """AdaGAN with the package's defaults, bare and refined by budgeted rejection with its own critic."""
    return fit_boosted(_gan, data, budget, rounds, seed, name="adagan")


def adagan_harmonic(data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
    """AdaGAN as in the paper's experiments: beta = 1/t for the target and for the mixture."""
    return fit_boosted(_gan, data, budget, rounds, seed, name="adagan-harmonic", target=Harmonic(), step=Harmonic())


def top_k_last(data: Tensor, budget: float, rounds: int, seed: int) -> Trained:
    """The paper's cascade baseline: the share of points that the last component's critic calls most real."""
    return fit_boosted(_gan, data, budget, rounds, seed, name="top-k-last", rule=TopKLast(0.5), step=Harmonic())


METHODS: dict[str, Callable[[Tensor, float, int, int], Trained]] = {
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
