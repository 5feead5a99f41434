"""Where a warm-started generator begins: at the networks of a fitted one of its kind, with its scaling."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from torch import Tensor

from adagan.components.generators.scaling import Scaling
from adagan.mixtures.errors import UserError, UserTypeError

if TYPE_CHECKING:
    from adagan.components.generators.latent import LatentGenerator


@dataclass(frozen=True)
class NetworkStart:
    """What is taken over.

    Attributes:
        states: Of the networks, by the names of the attributes that hold them.
        scaling: Of the data; the network's values mean nothing under another.
        event_shape: Of a point.
    """

    states: Mapping[str, Mapping[str, Tensor]]
    scaling: Scaling
    event_shape: tuple[int, ...]

    @classmethod
    def from_component(cls, previous: LatentGenerator, component: LatentGenerator) -> Self:
        """What `component` takes over from `previous`; see `LatentGenerator.warm_start`."""
        if type(previous) is not type(component):
            raise UserTypeError(f"previous: expected a {type(component).__name__}, got a {type(previous).__name__}")
        if not hasattr(previous, "generator_"):
            raise UserError(f"previous: expected a fitted {type(previous).__name__}; call its fit(data) first")
        states = {name: copy.deepcopy(getattr(previous, name).state_dict()) for name in previous.networks}
        return cls(states, copy.deepcopy(previous.scaling_), tuple(previous.event_shape_.tolist()))

    def load_into(self, component: LatentGenerator, event_shape: tuple[int, ...]) -> None:
        """Gives the component's untrained networks the values.

        Raises:
            ValueError: Events of another shape, or a network of another form.
        """
        if event_shape != self.event_shape:
            raise UserError(
                f"data: a warm start needs events of the shape {self.event_shape}, which the previous component was "
                f"fitted to, got {event_shape}; start cold"
            )
        try:
            for name, state in self.states.items():
                getattr(component, name).load_state_dict(dict(state))
        except RuntimeError as error:
            raise UserError(
                f"previous: a warm start needs a network of the same form; make both components alike: {error}"
            ) from error
