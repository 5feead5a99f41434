"""What boosting is compared with: one GAN, several side by side, and a Gaussian mixture."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from adagan.components import GAN, ScikitLearn
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.study.method import Lesson, Trained
from adagan.study.methods.training import component_cost, fit_bare


def gan(steps: int) -> GAN:
    """The GAN of all methods that have no kind of their own: the package's defaults."""
    return GAN(max_steps=steps)


def vanilla(lesson: Lesson) -> Trained[Samples]:
    """One GAN that is given the whole budget."""
    return ensemble(replace(lesson, rounds=1))


def ensemble(lesson: Lesson) -> Trained[Samples]:
    """As many independent GANs as boosting has rounds, with equal weights."""
    cost, rounds = component_cost(gan, lesson), lesson.rounds
    start = time.process_time()
    seeds = np.random.SeedSequence(lesson.seed).generate_state(rounds)
    shares = [replace(lesson, seconds=lesson.seconds / rounds, seed=int(own)) for own in seeds]
    mixture = Mixture([fit_bare(gan, cost, share) for share in shares])
    return Trained((mixture,), rounds, time.process_time() - start)


def gaussian_mixture(lesson: Lesson) -> Trained[Samples]:
    """Scikit-learn's Gaussian mixture with the number of components that the Bayesian information criterion prefers."""
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    start = time.process_time()
    flat = lesson.data.flatten(1).numpy()
    best, best_value = 1, float("inf")
    for size in (1, 2, 4, 8, 12, 16, 20, 25, 30, 40):
        if time.process_time() - start > lesson.seconds / 2:
            break
        fitted = GaussianMixture(size, random_state=lesson.seed, reg_covar=1e-5).fit(flat)
        value = float(fitted.bic(flat))
        if value < best_value:
            best, best_value = size, value
    with isolated_randomness(lesson.seed):
        component = ScikitLearn(GaussianMixture(best, reg_covar=1e-5)).fit(lesson.data)
    return Trained((Mixture([component]),), 1, time.process_time() - start)
