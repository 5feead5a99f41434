"""Which components a draw takes its samples from, given a component or a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def given_component(
    component: int | Tensor, num_samples: int, num_components: int, device: torch.device
) -> NDArray[np.float64] | Tensor:
    """Weights that are 1 at one component, or the component of every sample, as indices on the device.

    Raises:
        ValueError: No indices, a wrong number of them, or a component that is not there.
    """
    indices = torch.as_tensor(component)
    if indices.is_floating_point() or indices.dtype == torch.bool or indices.shape not in ((), (num_samples,)):
        raise ValueError(
            f"component: expected an index, or {num_samples} of them, one per sample; got shape "
            f"{tuple(indices.shape)} of {indices.dtype}"
        )
    if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < num_components:
        raise ValueError(f"component: expected indices from 0 to {num_components - 1}, got {component}")
    if indices.ndim:
        return indices.to(device, torch.int64)
    weights: NDArray[np.float64] = np.eye(num_components)[int(indices)]
    return weights


def given_class(
    label: int, components: Sequence[Any], chosen: NDArray[np.float64] | Tensor
) -> NDArray[np.float64] | Tensor:
    """The components' weights given the class, P(k | label) ∝ weight_k · P_k(label); chosen components stay.

    Raises:
        TypeError: A component is not conditional.
        ValueError: A class that is not there, or that no component with weight samples.
    """
    shares = np.zeros(len(components))
    for index, component in enumerate(components):
        own = getattr(component, "class_shares_", None)
        if own is None:
            raise TypeError(
                f"label: component {index} ({type(component).__name__}) is not conditional, it has no class_shares_"
            )
        if not 0 <= label < len(own):
            raise ValueError(f"label: component {index} knows the classes 0 to {len(own) - 1}, got {label}")
        shares[index] = float(own[label])
    if isinstance(chosen, Tensor):
        return chosen
    given = chosen * shares
    if given.sum() <= 0:
        raise ValueError(f"label: no component with positive weight samples class {label}")
    result: NDArray[np.float64] = given / given.sum()
    return result
