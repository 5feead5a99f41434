"""From a component or a class that a draw is to be given to the components that it takes its samples from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.randomness import seed_from
from adagan.mixtures.sampling.allocation import Allocation, AsGiven, ByWeight


def as_indices(values: int | Tensor, num_samples: int, num_kinds: int | None, name: str) -> NDArray[np.int64]:
    """One index, shape (), or one per sample, shape (num_samples,), checked and on the host.

    Args:
        values: What the caller gave.
        num_samples: Of the whole draw.
        num_kinds: How many components or classes there are; ``None`` leaves the check to who knows.
        name: The argument.

    Raises:
        ValueError: No whole numbers, a wrong number of them, or one that is not in [0, num_kinds).
    """
    indices = torch.as_tensor(values)
    whole = not (indices.is_floating_point() or indices.is_complex() or indices.dtype == torch.bool)
    if not whole or indices.shape not in ((), (num_samples,)):
        raise UserError(
            f"{name}: expected a whole number, or {num_samples} of them, one per sample; got shape "
            f"{tuple(indices.shape)} of {indices.dtype}"
        )
    found: NDArray[np.int64] = indices.cpu().numpy().astype(np.int64)
    if num_kinds is not None:
        outside = found[(found < 0) | (found >= num_kinds)]
        if outside.size:
            raise UserError(f"{name}: expected numbers from 0 to {num_kinds - 1}, got {outside[0]}")
    return found


def as_option(condition: int | Tensor | None) -> dict[str, Any]:
    """The argument for a ``sample`` that need not take it when no class is wanted."""
    return {} if condition is None else {"condition": condition}


def class_shares(components: Sequence[Any]) -> NDArray[np.float64]:
    """P_k(class), shape (K, C): the shares of the classes among each component's samples.

    Raises:
        TypeError: A component is not conditional.
    """
    for index, component in enumerate(components):
        if getattr(component, "class_shares_", None) is None:
            raise UserTypeError(
                f"condition: component {index} ({type(component).__name__}) is not conditional, it has no "
                "class_shares_; fit components that learn classes, such as ClassConditional, on data and labels"
            )
    shares = [torch.as_tensor(component.class_shares_).double().cpu() for component in components]
    # a component that knows fewer classes has no share in the others
    table: NDArray[np.float64] = torch.nn.utils.rnn.pad_sequence(shares, batch_first=True).numpy()
    return table


def allocate(
    weights: NDArray[np.float64],
    num_samples: int,
    generator: torch.Generator,
    device: torch.device,
    *,
    component: NDArray[np.int64] | None = None,
    condition: NDArray[np.int64] | None = None,
    shares: NDArray[np.float64] | None = None,
) -> Allocation:
    """The components behind a draw's samples, given their weights and, if wanted, components or classes.

    Given a class, component k has the weight P(k | class) ∝ weight_k · P_k(class).

    Args:
        weights: Shape (K,), sum 1.
        num_samples: Of the whole draw.
        generator: Source of randomness, on `device`.
        device: Of the samples.
        component: One index, shape (), or one per sample, shape (num_samples,).
        condition: One class or one per sample, likewise.
        shares: P_k(class), shape (K, C); needed beside `condition`.

    Raises:
        ValueError: A class that no component with weight, or not the component that is given, ever samples.
    """
    if component is not None and component.ndim == 0:
        weights, component = np.eye(len(weights))[component], None
    if condition is None or shares is None:
        return ByWeight(weights, generator, device) if component is None else AsGiven(component, len(weights))
    if component is not None:
        _refuse_if_any(shares[component, condition] == 0, condition, "its component never samples")
        return AsGiven(component, len(weights))
    given = weights[:, None] * shares
    total = given.sum(axis=0)
    _refuse_if_any(total[condition] <= 0, condition, "no component with positive weight samples")
    if condition.ndim == 0:
        return ByWeight(given[:, condition] / total[condition], generator, device)
    return AsGiven(_drawn_for(condition, given / np.where(total > 0, total, 1), seed_from(generator)), len(weights))


def _refuse_if_any(impossible: NDArray[np.bool_], condition: NDArray[np.int64], reason: str) -> None:
    if impossible.any():
        label = np.broadcast_to(condition, impossible.shape)[impossible][0]
        raise UserError(f"condition: {reason} class {label}; ask for another class, or leave it out")


def _drawn_for(condition: NDArray[np.int64], posterior: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """A component for every class wanted, by P(k | class) of shape (K, C): one search in all classes' edges at once."""
    edges = posterior.T.cumsum(axis=1)
    edges /= np.where(edges[:, -1:] > 0, edges[:, -1:], 1)
    edges += np.arange(len(edges))[:, None]
    wanted = condition + np.random.default_rng(seed).random(len(condition))
    # rounding may reach the next class's first edge
    wanted = np.minimum(wanted, np.nextafter(condition + 1.0, 0))
    found: NDArray[np.int64] = np.searchsorted(edges.ravel(), wanted, side="right") - condition * edges.shape[1]
    return found
