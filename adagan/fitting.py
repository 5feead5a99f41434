"""What a round trains: a newcomer, looked at before it joins the mixture, and critics, a coarse and a sharp one."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from adagan.components.adapters.as_component import as_component
from adagan.components.contract import Component, WarmStarting, continues, name_of
from adagan.components.critics.ratio_estimator import Priced, RatioEstimator, Selective
from adagan.components.fit_component import fit_component
from adagan.components.training.checkpoints.kept_trainings import UnusableCheckpoint, keeping
from adagan.components.training.diverged import TrainingDiverged
from adagan.components.training.ranks.scores import sharing_scores
from adagan.components.training_length import set_training_length, training_length
from adagan.data.images_alike import range_remark
from adagan.data.training_data import TrainingData
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.large_arrays import filled
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.round_checkpoints import RoundCheckpoints

PROBE = 16
"""Samples drawn of a newcomer to see what it makes."""


def unfitted(make: Callable[[], Any], seed: int) -> Component:
    """A fresh component, whatever its constructor draws at random."""
    with isolated_randomness(seed):
        return as_component(make())


def fit_newcomer(
    make: Callable[[], Any],
    data: TrainingData,
    weights: Tensor,
    round: int,
    seed: int,
    before: Sequence[Component] | None = None,
    checkpoints: RoundCheckpoints | None = None,
) -> Component:
    """A component fitted to the data under the round's data weights.

    Args:
        make: Makes an unfitted one.
        data: The points, and their labels for components that learn from them.
        weights: The data weights, shape (N,), sum 1.
        round: The index t of the round, from 1, for messages.
        seed: Of everything random.
        before: The components so far, to begin from the last of them that is of its kind; ``None`` begins anew.
        checkpoints: Where its trainings keep what they are in the middle of, and find what they were.

    Raises:
        ValueError: It samples events of another shape than it was given.
        TypeError: It is to begin from another, and cannot.
        TrainingDiverged: It samples NaN or infinite values.
    """
    try:
        component = _fitted(make, data, weights, seed, before, checkpoints)
    except UnusableCheckpoint as error:
        assert checkpoints is not None
        warnings.warn(f"{error}; the round begins again, with the same result", stacklevel=2)
        checkpoints.discard()
        component = _fitted(make, data, weights, seed, before, checkpoints)
    device = data.points.device
    drawn = Mixture([component]).to(device).sample(PROBE, torch.Generator(device).manual_seed(seed))
    if drawn.shape[1:] != data.points.shape[1:]:
        raise UserError(
            f"component: {name_of(component)} was fitted to events of shape {tuple(data.points.shape[1:])} and samples "
            f"events of shape {tuple(drawn.shape[1:])}; sample must return what fit was given"
        )
    remark = range_remark(data.points, drawn)
    if remark:
        warnings.warn(f"component: {name_of(component)} {remark}", stacklevel=2)
    if not bool(torch.isfinite(drawn).all()):
        kept = f"the rounds before it, {round - 1} of them, are kept; " if round > 1 else ""
        raise TrainingDiverged(
            f"component: {name_of(component)} samples NaN or infinite values in round {round}; {kept}lower its "
            "learning rate"
        )
    return component


def _fitted(
    make: Callable[[], Any],
    data: TrainingData,
    weights: Tensor,
    seed: int,
    before: Sequence[Component] | None,
    checkpoints: RoundCheckpoints | None,
) -> Component:
    with isolated_randomness(seed):
        component = as_component(make())
        if before is not None:
            component = _continued(component, before)
        points = data.points
        if data.table is not None:
            source = torch.Generator(points.device).manual_seed(seed)
            points = filled(partial(data.table.blurred, generator=source), points)
        with keeping(None if checkpoints is None else checkpoints.of(component, seed)):
            return fit_component(component, points, weights=weights, labels=data.labels)


def _continued(component: Component, before: Sequence[Component]) -> Component:
    """The component, or a copy of the last one of its kind, whose next training goes on from where that one is."""
    if not continues(component):
        raise UserTypeError(
            f"warm_start: {name_of(component)} has no method warm_start(previous); give it one, or leave warm_start out"
        )
    of_its_kind = [each for each in before if name_of(each) == name_of(component)]
    if not of_its_kind:
        return component
    if isinstance(component, WarmStarting):
        return component.warm_start(of_its_kind[-1])
    going_on, length = copy.deepcopy(of_its_kind[-1]), training_length(component)
    if length is not None:
        set_training_length(going_on, length)
    return going_on


def check_critics(
    sharp: Callable[[], RatioEstimator],
    coarse: Callable[[], RatioEstimator] | None,
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
        if make is None:
            continue
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
    with isolated_randomness(seed), sharing_scores():
        return make().fit(data.points, mixture, weights=data.weights)


def price_of(make: Callable[[], RatioEstimator], data: Tensor, num_components: int, seed: int) -> float | None:
    """CPU seconds, about, of fitting a critic; ``None`` where it does not say."""
    with isolated_randomness(seed):
        critic = make()
    return critic.price(data, num_components) if isinstance(critic, Priced) else None
