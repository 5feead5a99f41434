"""Where anybody's generator enters: as it is when it follows the contract, wrapped when it does not."""

from __future__ import annotations

from typing import Any

from adagan.components.adapters.foreign_calls import refusal, weights_parameter
from adagan.components.adapters.wrapped import Wrapped
from adagan.components.contract import Component, takes_weights
from adagan.mixtures.errors import UserTypeError


def as_component(made: Any) -> Component:
    """The object itself when its methods can be called as the contract says, a `Wrapped` around it otherwise."""
    for method in ("fit", "sample"):
        if not callable(getattr(made, method, None)):
            raise UserTypeError(
                f"component: {type(made).__name__} has no method {method}; a component has fit and sample"
            )
    named = {"weights": None} if takes_weights(made) else {}
    if refusal(made.fit, None, **named) or refusal(made.sample, 0, generator=None):
        return Wrapped(made, weights=weights_parameter(made))
    component: Component = made
    return component
