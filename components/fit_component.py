"""Fits a component as it declares itself, and keeps what it is given apart from the user's own data."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from adagan.components.contract import Component, learns_labels, name_of, takes_weights
from adagan.components.labels import refuse_labels
from adagan.components.training.batches import drawn_rows
from adagan.mixtures.errors import UserTypeError
from adagan.mixtures.large_arrays import filled, taken
from adagan.mixtures.randomness import inherited_seed


def fit_component(
    component: Component, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None
) -> Component:
    """The component, fitted.

    One that takes no weights is given as many rows, drawn by them. Code that is not the package's own is given copies:
    whatever it does to them, the data of the next round and of the user stay as they were.

    Args:
        component: Unfitted.
        data: Shape (N, *event).
        weights: Non-negative, shape (N,); ``None`` means uniform.
        labels: Classes from 0, and −1 for points without one, shape (N,).

    Raises:
        TypeError: Labels, and the component does not learn from them; or its ``fit`` returns something else.
    """
    refuse_labels(component, labels)
    named: dict[str, Any] = {"weights": weights} if takes_weights(component) else {}
    if learns_labels(component):
        named["labels"] = labels
    if weights is not None and not takes_weights(component):
        rows = drawn_rows(data, weights, inherited_seed())
        data, named = taken(data, rows), {name: None if v is None else taken(v, rows) for name, v in named.items()}
    elif not str(component.fit.__module__).startswith(f"{__package__}."):
        named = {name: None if value is None else filled(Tensor.clone, value) for name, value in named.items()}
        data = filled(Tensor.clone, data)
    fitted = component.fit(data, **named)
    if fitted is not component:
        raise UserTypeError(
            f"component: fit of {name_of(component)} must return the component itself, got {type(fitted).__name__}; "
            "end it with return self"
        )
    return component
