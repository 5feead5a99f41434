"""The states of the global generators, from which modules draw while they train."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def states_of_chance(device: torch.device) -> dict[str, Any]:
    """The states of torch's, numpy's and Python's generators; those of torch are of the CPU and of the device."""
    version, words, following = random.getstate()
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    found: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": (kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest),
        "python": (version, torch.tensor(words), following),
    }
    if device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(device)
    return found


def set_states_of_chance(states: Mapping[str, Any], device: torch.device) -> None:
    """Lets them go on from there."""
    torch.set_rng_state(states["torch"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, words, following = states["python"]
    random.setstate((version, tuple(words.tolist()), following))
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
