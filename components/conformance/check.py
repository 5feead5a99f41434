"""The whole contract, on the components that a callable makes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adagan.components.adapters.as_component import as_component
from adagan.components.conformance.classes import check_classes
from adagan.components.conformance.requirement import require, seeded
from adagan.components.contract import ConditionalComponent, learns_labels
from adagan.components.fit_component import fit_component
from adagan.mixtures.errors import UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.storage.components import Storable


def check_component(make_component: Callable[[], Any], data: Tensor | None = None, *, seed: int = 0) -> None:
    """Runs the whole contract on the components that a callable makes; returns nothing when all of it holds.

    It is fitted as boosting fits it: with weights, or with rows drawn by them where it declares
    ``takes_weights = False``. Checked are: a fresh object per call; ``fit`` returns the object; samples of the right
    shape and dtype, finite, none for ``sample(0)``; the same generator state gives the same samples and another
    state others; weights decide what is learnt; the same seed trains the same component; train and eval mode are
    restored by a mixture's draw; global random states stay; a stored state gives the same samples.

    A component that declares ``learns_labels = True`` is given two classes, the first half of the data and the second.
    If it is an `adagan.components.ConditionalComponent` then, one with ``class_shares_``, the classes' shares follow
    the weights, samples are of the class that is wanted, unlabelled points are taken, and classes that are not there
    are refused with a ValueError that names the argument.

    Args:
        make_component: Zero-argument callable (a class, a ``functools.partial``) that makes an unfitted component.
        data: What to fit, shape (N, *event), N at least 2; the first half and the second half must differ in their
            means. ``None`` takes 1,024 points in two clusters in the plane.
        seed: Of the trainings and draws.

    Raises:
        AssertionError: A part of the contract does not hold; the message names it.
    """
    if data is None:
        noise = torch.randn(1024, 2, generator=seeded(seed))
        data = 0.3 * noise + torch.tensor([-3.0, 0.0]) * (torch.arange(1024) < 512)[:, None] + torch.tensor([1.5, 0.0])
    labels = (torch.arange(len(data), device=data.device) >= len(data) // 2).long()
    uniform = torch.full((len(data),), 1 / len(data), dtype=torch.float64)
    with isolated_randomness(seed):
        require(make_component() is not make_component(), "the callable must make a fresh component at each call")
    states = _global_states()
    component = _fitted(make_component, data, uniform, seed)
    _check_samples(component, data)
    _check_weights(make_component, data, seed)
    require(
        torch.equal(_draw(component, 64, 1), _draw(_fitted(make_component, data, uniform, seed), 64, 1)),
        "the same data and seed must train the same component: draw all randomness from the seeds that are passed",
    )
    if isinstance(component, nn.Module):
        for mode in (True, False):
            component.train(mode)
            Mixture([component]).sample(2, seeded(0))
            require(component.training == mode, f"a draw must leave training={mode} as it was")
    if learns_labels(component) and isinstance(component, ConditionalComponent):
        check_classes(
            component, lambda weights, given: _fitted(make_component, data, weights, seed, given), data, labels
        )
    _check_storage(component, make_component)
    require(
        states == _global_states(), "fit and sample must not advance a global generator: torch's, numpy's, Python's"
    )


def _global_states() -> tuple[bytes, str, object]:
    numpy_state = repr(np.random.get_state(legacy=False))  # noqa: NPY002
    return torch.get_rng_state().numpy().tobytes(), numpy_state, random.getstate()


def _fitted(
    make_component: Callable[[], Any], data: Tensor, weights: Tensor, seed: int, labels: Tensor | None = None
) -> Any:
    with isolated_randomness(seed):
        component = as_component(make_component())
        if labels is None:
            labels = (torch.arange(len(data), device=data.device) >= len(data) // 2).long()
        inputs = [data, weights, labels]
        before = [values.clone() for values in inputs]
        try:
            fit_component(component, data, weights=weights, labels=labels if learns_labels(component) else None)
        except UserTypeError as error:
            raise AssertionError(str(error)) from error
    require(all(map(torch.equal, inputs, before)), "fit must not modify its inputs")
    return component


@torch.inference_mode()
def _draw(component: Any, num_samples: int, seed: int) -> Tensor:
    """As a mixture draws: with a generator, and without gradients."""
    drawn = component.sample(num_samples, generator=seeded(seed))
    require(isinstance(drawn, Tensor), f"sample must return a tensor, got {type(drawn).__name__}")
    assert isinstance(drawn, Tensor)
    return drawn


def _check_samples(component: Any, data: Tensor) -> None:
    for num_samples in (0, 1, 64):
        drawn = _draw(component, num_samples, 0)
        expected = (num_samples, *data.shape[1:])
        require(
            tuple(drawn.shape) == expected,
            f"sample({num_samples}) must have shape {expected}, got {tuple(drawn.shape)}",
        )
        require(drawn.dtype == data.dtype, f"samples must have the data's dtype {data.dtype}, got {drawn.dtype}")
        require(bool(torch.isfinite(drawn).all()), "samples must be finite")
    require(
        torch.equal(_draw(component, 64, 3), _draw(component, 64, 3)),
        "the same generator state must give the same samples",
    )
    require(
        not torch.equal(_draw(component, 64, 3), _draw(component, 64, 4)),
        "another generator state must give other samples",
    )


def _check_weights(make_component: Callable[[], Any], data: Tensor, seed: int) -> None:
    half = len(data) // 2
    first = torch.zeros(len(data), dtype=torch.float64)
    first[:half] = 1 / half
    second = torch.zeros(len(data), dtype=torch.float64)
    second[half:] = 1 / (len(data) - half)
    flat = data.reshape(len(data), -1).double()
    means = [weights @ flat for weights in (first, second)]
    for index, weights in enumerate((first, second)):
        drawn = _draw(_fitted(make_component, data, weights, seed), 256, 0)
        centre = drawn.reshape(256, -1).double().mean(dim=0)
        own, other = (float((centre - means[i]).norm()) for i in (index, 1 - index))
        require(
            own < other,
            "weights must decide what is learnt: all weight on one half of the data, samples like the other",
        )


def _check_storage(component: Any, make_component: Callable[[], Any]) -> None:
    if not isinstance(component, Storable):
        return
    try:
        config = component.config() if hasattr(component, "config") else None
        state = {name: value.clone() for name, value in component.state_dict().items()}
    except TypeError:
        return  # a wrapped object that says that it cannot be stored
    kind: Any = type(component)
    with isolated_randomness(0):
        made = kind.from_config(config, [make_component]) if hasattr(kind, "from_config") else make_component()
    made.load_state_dict(state)
    require(torch.equal(_draw(made, 64, 5), _draw(component, 64, 5)), "a restored state must give the same samples")
