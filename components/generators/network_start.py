"""Where a warm-started generator begins: at the networks of a fitted one of its kind, with its scaling."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from adagan.components.generators.scaling import Scaling
from adagan.mixtures.errors import UserError

HEAD_START = 200
"""Steps at most, and a quarter of the training at most, in which what a warm start has lost is trained alone."""
ADVERSARY = "discriminator"


@dataclass(frozen=True)
class NetworkStart:
    """What is taken over.

    Attributes:
        states: Of the networks, by name; that of the adversary too where the previous component has kept it.
        scaling: Of the data; the network's values mean nothing under another.
        event_shape: Of a point.
    """

    states: Mapping[str, Mapping[str, Tensor]]
    scaling: Scaling
    event_shape: tuple[int, ...]

    def head_start(self, max_steps: int) -> int:
        """Steps of a training in which an adversary that was not kept is trained alone, before the generator learns."""
        return 0 if ADVERSARY in self.states else min(HEAD_START, max_steps // 4)

    def own_scaling(self, event_shape: tuple[int, ...]) -> Scaling:
        """The scaling, for events of the same shape.

        Raises:
            ValueError: Events of another shape.
        """
        if event_shape != self.event_shape:
            raise UserError(
                f"data: a warm start needs events of the shape {self.event_shape}, which the previous component was "
                f"fitted to, got {event_shape}; start cold"
            )
        return copy.deepcopy(self.scaling)

    def load(self, name: str, network: nn.Module) -> None:
        """Gives an untrained network the values under a name, if there are any.

        Raises:
            ValueError: A network of another form.
        """
        try:
            if name in self.states:
                network.load_state_dict(dict(self.states[name]))
        except RuntimeError as error:
            what = name if name == ADVERSARY else "network"
            raise UserError(
                f"previous: a warm start needs a {what} of the same form; make both components alike: {error}"
            ) from error
