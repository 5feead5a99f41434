"""How a critic's networks begin where those of the round before have ended."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.mixture import Mixture

if TYPE_CHECKING:
    from adagan.components.critics.network_critic import NetworkCritic


@dataclass(frozen=True)
class WarmStart:
    """What is taken over from the last round.

    Attributes:
        states: The state of every fold's network.
        fold: The fold of every data point, shape (N,).
        event_shape: Of a point.
        num_components: The last round's.
    """

    states: tuple[dict[str, Tensor], ...]
    fold: Tensor
    event_shape: tuple[int, ...]
    num_components: int

    @classmethod
    def from_critic(cls, previous: Any, critic: NetworkCritic) -> Self:
        """What `critic` takes over from `previous`; see `NetworkCritic.warm_start`."""
        if type(previous) is not type(critic):
            raise UserTypeError(f"previous: expected a {type(critic).__name__}, got a {type(previous).__name__}")
        if not hasattr(previous, "maps_"):
            raise UserError("previous: expected a fitted critic; call its fit(data, mixture) first")
        for name in ("folds", "width", "noise"):
            theirs, ours = getattr(previous, name), getattr(critic, name)
            if theirs != ours:
                raise UserError(f"previous: expected a critic with {name}={ours}, as this one has, got {name}={theirs}")
        return cls(
            tuple(copy.deepcopy(network.state_dict()) for network in previous.estimators_),
            previous.fold_.clone(),
            tuple(previous.event_shape_.tolist()),
            len(previous.weights_),
        )

    def check(self, data: Tensor, mixture: Mixture) -> None:
        """Makes sure that the critic is fitted to the same data and to one component more.

        Raises:
            ValueError: It is not.
        """
        if len(data) != len(self.fold) or tuple(data.shape[1:]) != self.event_shape:
            raise UserError(
                f"data: a warm start keeps the folds of the last round, which had {len(self.fold)} points of shape "
                f"{self.event_shape}, got {len(data)} of shape {tuple(data.shape[1:])}; pass the same, or start cold"
            )
        if len(mixture) != self.num_components + 1:
            raise UserError(
                f"mixture: a warm start from a critic of {self.num_components} components needs "
                f"{self.num_components + 1}, the new one last, got {len(mixture)}; start cold"
            )

    def load_into(self, networks: nn.ModuleList) -> None:
        """Gives networks of one component more the values of the last round's."""
        for network, state in zip(networks, self.states, strict=True):
            own = network.state_dict()
            network.load_state_dict({name: _with_newcomer(value, own[name]) for name, value in state.items()})


def _with_newcomer(value: Tensor, own: Tensor) -> Tensor:
    """A layer's values, extended where the newcomer needs a row: the mean of the others', or zero beside none.

    The first row of the last layer is the log ratio of all components together, the others are those of the components
    among themselves (`adagan.components.networks.defaults.RatioHead`); one component has the first row only.
    """
    if value.shape == own.shape:
        return value
    common, among = value[:1], value[1:]
    missing = len(own) - len(value)
    newcomer = among.mean(dim=0, keepdim=True) if len(among) else torch.zeros_like(common)
    return torch.cat([common, among, newcomer.expand(missing, *value.shape[1:])])
