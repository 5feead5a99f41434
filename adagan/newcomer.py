"""The newcomer of a round: a fresh component, fitted to the weighted data and looked at before it joins the mixture."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from adagan.components.component import Component, WarmStartingComponent
from adagan.components.training import TrainingDiverged
from adagan.components.wrapped import as_component
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.training_data import TrainingData

PROBE = 16
"""Samples drawn of a newcomer to see what it makes."""


def check_maker(component: Callable[[], Any]) -> None:
    """Makes sure that components come from a callable: an object that is fitted already would be fitted again.

    Raises:
        TypeError: Something that can be fitted itself, or nothing that can be called.
    """
    if not isinstance(component, type) and (not callable(component) or callable(getattr(component, "fit", None))):
        raise TypeError(
            f"component: expected a callable that makes a fresh component for every round, got an object of class "
            f"{type(component).__name__}; pass the class, or functools.partial({type(component).__name__}, ...)"
        )


def unfitted(make: Callable[[], Any], seed: int) -> Component:
    """A fresh component, whatever its constructor draws at random."""
    with isolated_randomness(seed):
        return as_component(make())


def takes_labels(component: Component) -> bool:
    """Whether the component's ``fit`` has a parameter ``y``."""
    return "y" in inspect.signature(component.fit).parameters


def check_labels(component: Component) -> None:
    """Makes sure that labels have somebody to learn from them.

    Raises:
        TypeError: The component takes none.
    """
    if not takes_labels(component):
        name = type(getattr(component, "generator", component)).__name__
        raise TypeError(
            f"y: {name} learns nothing from labels, its fit has no parameter y; leave y out, or take a conditional "
            f"component, such as ClassConditional({name})"
        )


def check_warm_start(component: Component) -> None:
    """Makes sure that a component can begin where another has ended.

    Raises:
        TypeError: It cannot.
    """
    if not isinstance(component, WarmStartingComponent):
        name = type(getattr(component, "generator", component)).__name__
        raise TypeError(f"warm_start: {name} has no method warm_start(previous); give it one, or leave warm_start out")


def fit_newcomer(
    make: Callable[[], Any],
    data: TrainingData,
    weights: Tensor,
    *,
    round: int,
    seed: int,
    previous: Component | None = None,
) -> Component:
    """A component fitted to the data under the round's data weights.

    Args:
        make: Makes an unfitted one.
        data: The points, and their labels for components that learn from them.
        weights: The data weights, shape (N,), sum 1.
        round: The index t of the round, from 1, for messages.
        seed: Of everything random.
        previous: The component to begin from; ``None`` begins anew.

    Raises:
        ValueError: It samples events of another shape than it was given.
        TrainingDiverged: It samples NaN or infinite values.
    """
    labels: dict[str, Any] = {} if data.labels is None else {"y": data.labels}
    with isolated_randomness(seed):
        component = as_component(make())
        if previous is not None and isinstance(component, WarmStartingComponent):
            component.warm_start(previous)
        component.fit(data.points, weights, **labels)
    name, device = type(component).__name__, data.points.device
    drawn = Mixture([component]).to(device).sample(PROBE, torch.Generator(device).manual_seed(seed))
    if drawn.shape[1:] != data.points.shape[1:]:
        raise ValueError(
            f"component: {name} was fitted to events of shape {tuple(data.points.shape[1:])} and samples events of "
            f"shape {tuple(drawn.shape[1:])}; sample must return what fit was given"
        )
    if not bool(torch.isfinite(drawn).all()):
        raise TrainingDiverged(
            f"component: {name} samples NaN or infinite values in round {round}; the {round - 1} rounds before it are "
            "kept; lower its learning rate"
        )
    return component
