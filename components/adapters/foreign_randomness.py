"""Seeds everything that a foreign object may draw from, while it is at work."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from adagan.mixtures.randomness import isolated_randomness


@contextmanager
def seeded(foreign: Any, seed: int) -> Iterator[None]:
    """Within the block an object draws what the seed decides; afterwards all is as it was.

    Seeded are the global generators of torch, numpy and Python, the generators among the object's own attributes, and
    number ``random_state``, by scikit-learn's convention. Generators deeper inside are not found; to
    an object that has such, `check_component` answers that the same generator state must give the same samples.
    """
    attributes = getattr(foreign, "__dict__", {})
    found = {name: _like(name, value, seed + index) for index, (name, value) in enumerate(attributes.items(), start=1)}
    replacements = {name: replacement for name, replacement in found.items() if replacement is not None}
    originals = {name: attributes[name] for name in replacements}
    attributes.update(replacements)
    try:
        with isolated_randomness(seed):
            yield
    finally:
        for name, replacement in replacements.items():
            if attributes.get(name) is replacement:  # what the object has replaced itself is its own
                attributes[name] = originals[name]


def _like(name: str, value: Any, seed: int) -> Any:
    """A source of randomness of the same kind with another seed; ``None`` for what is none."""
    if isinstance(value, np.random.Generator):
        return np.random.Generator(type(value.bit_generator)(seed))
    if isinstance(value, np.random.RandomState):
        return np.random.RandomState(seed % 2**32)
    if name == "random_state" and (value is None or isinstance(value, int)):
        return seed % 2**32
    if isinstance(value, torch.Generator):
        return torch.Generator(value.device).manual_seed(seed)
    return random.Random(seed) if isinstance(value, random.Random) else None
