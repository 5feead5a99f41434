"""The part of the component contract that is about classes; see `adagan.components.check_component`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from adagan.components.conformance.requirement import require, seeded
from adagan.mixtures.mixture import Mixture

TOLERANCE = 0.1
"""By how much the classes' shares may differ from the weights': of a thousand rows drawn by weight, six deviations."""


def check_classes(component: Any, fitted: Callable[[Tensor, Tensor], Any], data: Tensor, labels: Tensor) -> None:
    """Checks a component that was fitted to two classes.

    Args:
        component: Fitted with uniform weights.
        fitted: Makes another, from weights and labels.
        data: Shape (N, *event).
        labels: 0 or 1, shape (N,).

    Raises:
        AssertionError: A part of the contract does not hold; the message names it.
    """
    _check_shares(component, labels.double().mean())
    uneven = torch.where(labels == 1, 3.0, 1.0).double()
    uneven /= uneven.sum()
    _check_shares(fitted(uneven, labels), uneven[labels == 1].sum())
    _check_samples(component, data, labels)
    _check_refusals(component, lambda given: fitted(torch.full_like(uneven, 1 / len(data)), given), labels)
    half = labels.clone()
    half[::2] = -1
    drawn = fitted(uneven, half).sample(64, generator=seeded(0), condition=1)
    require(_nearer(drawn, 1, data, labels), "unlabelled points, label -1, must not decide what a class looks like")


def _check_shares(component: Any, second: Tensor) -> None:
    shares = getattr(component, "class_shares_", None)
    require(
        isinstance(shares, Tensor) and shares.shape == (2,) and shares.device.type == "cpu",
        f"class_shares_ must hold the shares of the classes, a tensor of shape (2,) on the CPU; got {shares!r}",
    )
    assert isinstance(shares, Tensor)
    require(
        bool((shares >= 0).all()) and abs(float(shares.sum()) - 1) < 1e-5,
        f"class_shares_ must not be negative and sum to 1, got {shares.tolist()}",
    )
    require(
        abs(float(shares[1]) - float(second)) < TOLERANCE,
        f"class_shares_ must follow the weights: a class of weight {float(second):.3f} has the share "
        f"{float(shares[1]):.3f}",
    )


def _check_samples(component: Any, data: Tensor, labels: Tensor) -> None:
    event = tuple(data.shape[1:])
    for label in (0, 1):
        for num_samples in (0, 1, 64):
            drawn = component.sample(num_samples, generator=seeded(0), condition=label)
            require(
                tuple(drawn.shape) == (num_samples, *event) and drawn.dtype == data.dtype,
                f"sample({num_samples}, condition={label}) must have shape {(num_samples, *event)} of {data.dtype}, "
                f"got {tuple(drawn.shape)} of {drawn.dtype}",
            )
        again = component.sample(64, generator=seeded(0), condition=label)
        require(torch.equal(drawn, again), "the same generator state must give the same samples of a class")
        require(_nearer(drawn, label, data, labels), f"condition={label} must decide what is sampled")
        through = Mixture([component]).sample(64, seeded(0), condition=label)
        require(_nearer(through, label, data, labels), f"a mixture's condition={label} must decide what is sampled")
    each = torch.arange(128) % 2
    drawn = component.sample(128, generator=seeded(0), condition=each)
    require(
        len(drawn) == 128 and all(_nearer(drawn[each == label], label, data, labels) for label in (0, 1)),
        "condition=, a class for each sample, must decide what is sampled, in the order that was given",
    )


def _nearer(drawn: Tensor, label: int, data: Tensor, labels: Tensor) -> bool:
    """Whether the mean of the samples is nearer to that of the class than to that of the other."""
    own, other = (data[labels == one].reshape(-1, data[0].numel()).double().mean(dim=0) for one in (label, 1 - label))
    centre = drawn.reshape(len(drawn), -1).double().mean(dim=0)
    return float((centre - own).norm()) < float((centre - other).norm())


def _check_refusals(component: Any, fitted: Callable[[Tensor], Any], labels: Tensor) -> None:
    for condition in (2, -1, torch.tensor([0, 1, 2]), torch.tensor([0, 1])):
        _refuses(
            partial(component.sample, 3, condition=condition),
            "condition",
            f"sample(3, condition={condition}) of a component that knows the classes 0 and 1",
        )
    _refuses(lambda: fitted(labels - 2), "labels", "fit with labels below -1")
    _refuses(lambda: fitted(labels[:-1]), "labels", "fit with too few labels")


def _refuses(call: Callable[[], Any], argument: str, what: str) -> None:
    try:
        call()
    except ValueError as error:
        require(argument in str(error), f"{what} must raise a ValueError that names {argument}, got: {error}")
    except Exception as error:
        raise AssertionError(f"{what} must raise a ValueError, got {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"{what} must raise a ValueError")
