"""Exact ratios of components among themselves, from their densities."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from adagan.components.contract import has_density, name_of
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.storage.components import Storable, component_record, unfitted_component


class ComponentDensities(nn.Module):
    """log P_k(x) − log Σ_j s_j P_j(x) for components with ``log_prob``: what no critic has to learn.

    Args:
        components: The components; copies are kept.
        shares: s, shape (K,), sum 1.

    Raises:
        TypeError: A component has no ``log_prob``; it is named.
    """

    shares: Tensor

    def __init__(self, components: Sequence[Any], shares: Tensor) -> None:
        super().__init__()
        for index, component in enumerate(components):
            if not has_density(component):
                raise UserTypeError(without_log_prob(f"mixture: component {index}", component))
        # copies, and no submodules: freezing or moving a critic is not to change the mixture that it was fitted to
        self.components = tuple(copy.deepcopy(component) for component in components)
        self.register_buffer("shares", shares.double())

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Moves the components too, as far as they are torch modules."""
        for component in self.components:
            if isinstance(component, nn.Module):
                component._apply(fn, recurse)  # type: ignore[no-untyped-call]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    @torch.no_grad()
    def log_probs(self, x: Tensor) -> Tensor:
        """Log P_k at points of shape (N, *event), shape (N, K), float64.

        Raises:
            ValueError: A density is NaN or positive infinity.
        """
        logs = [component.log_prob(x).reshape(len(x)).to(x.device, torch.float64) for component in self.components]
        for index, log in enumerate(logs):
            wrong = torch.isnan(log) | (log == torch.inf)
            if bool(wrong.any()):
                raise UserError(
                    f"mixture: log_prob of component {index} ({type(self.components[index]).__name__}) is NaN or "
                    f"infinite at {int(wrong.sum())} of {len(x)} points; a density with respect to volume is needed"
                )
        return torch.stack(logs, dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """At points of shape (N, *event), shape (N, K), float64.

        Raises:
            ValueError: A density is NaN or positive infinity.
        """
        logs = self.log_probs(x)
        all_together = torch.logsumexp(logs + self.shares.log(), dim=1, keepdim=True)
        # where the densities of all underflow they do not tell the components apart
        return torch.where(all_together > -torch.inf, logs - all_together, 0.0)

    def records(self) -> list[dict[str, Any]]:
        """The JSON part of every component, for storage."""
        return [component_record(component) for component in self.components]

    @classmethod
    def from_records(
        cls, records: Sequence[Mapping[str, Any]], components: Sequence[Callable[[], Any]]
    ) -> ComponentDensities:
        """Densities whose components are yet to be loaded; `components` makes those that are not the package's own."""
        found = [unfitted_component("the critic", record, components) for record in records]
        return cls(found, torch.zeros(len(found)))

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for index, component in enumerate(self.components):
            if isinstance(component, Storable):  # one that is not is refused by name in `records`
                states = component.state_dict().items()
                destination.update({f"{prefix}{index}.{name}": value for name, value in states})

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, local_metadata: Any, strict: bool, *lists: list[str]
    ) -> None:
        super()._load_from_state_dict(state_dict, prefix, local_metadata, False, *lists)
        for index, component in enumerate(self.components):
            component.load_state_dict(part_of(state_dict, f"{prefix}{index}."))
            if isinstance(component, nn.Module):
                component.eval()


def check_offers_log_prob(component: Any) -> None:
    """Makes sure that a component, which may be unfitted, is of a class that has densities.

    Raises:
        TypeError: It has no ``log_prob``.
    """
    if not has_density(component):
        raise UserTypeError(without_log_prob("critic: the component", component))


def without_log_prob(what: str, component: Any) -> str:
    """The message for a component without densities."""
    name = name_of(component)
    return (
        f"{what} ({name}) has no log_prob, from which a binary critic takes the ratios of components among themselves, "
        f"and an exact one all ratios; use Critic, which learns them, or give {name} a method log_prob(x)"
    )


def part_of(state: Mapping[str, Any], start: str) -> dict[str, Tensor]:
    """The entries whose names begin so, without that beginning."""
    return {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
