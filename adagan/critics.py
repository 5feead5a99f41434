"""The two critics of a round: a coarse one finds what is missing, a sharp one weighs the components."""

from __future__ import annotations

from collections.abc import Callable

from adagan.components.contract import Component
from adagan.components.critics.ratio_estimator import RatioEstimator, Selective
from adagan.data.training_data import TrainingData
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness


def check_critics(
    sharp: Callable[[], RatioEstimator],
    coarse: Callable[[], RatioEstimator],
    component: Component,
    rounds: int,
    seed: int,
) -> None:
    """Makes sure, before anything is trained, that the critics can compare mixtures of so many such components.

    Raises:
        TypeError, ValueError: One cannot; see `adagan.components.critics.ratio_estimator.Selective`.
    """
    # the coarse one never sees the last component
    for make, count in ((sharp, rounds), (coarse, rounds - 1)):
        with isolated_randomness(seed):
            critic = make()
        if isinstance(critic, Selective):
            critic.check_component(component, count)


def fit_critic(
    make: Callable[[], RatioEstimator],
    data: TrainingData,
    mixture: Mixture,
    seed: int,
) -> RatioEstimator:
    """A fresh critic, fitted to the data and the mixture.

    Args:
        make: Makes an unfitted one.
        data: The points and their own weights.
        mixture: Whose components to compare with the data.
        seed: Of everything random.
    """
    with isolated_randomness(seed):
        return make().fit(data.points, mixture, weights=data.weights)
