"""Moves the seeds of a whole test run, so that what held for one seed by luck is found: `pytest --seed-offset K`.

Every seed that this process gives to a generator (torch's, own and global; numpy's, new and legacy) is moved by K times
a large stride, whether a test or the package gives it. Equal seeds stay equal, so that what is said about one seed
drawn from twice still holds. What is not moved: seeds inside other processes and inside scikit-learn, Hypothesis, and
tests marked `golden`, whose values belong to one seed or are compared with another process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

_STRIDE = 1_000_003  # neighbouring seeds of a test stay apart from those of other offsets
_SEEDS = 2**63
_offset = 0


def moved(seed: Any) -> Any:
    """The seed under the run's offset; what is no seed stays as it is, to be refused where it always was."""
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and 0 <= int(seed) < _SEEDS:
        return (int(seed) + _offset * _STRIDE) % _SEEDS
    if isinstance(seed, (list, tuple)) and seed:
        return [moved(seed[0]), *seed[1:]]
    return seed


class MovedGenerator(torch.Generator):
    """A generator whose seeds are moved: a builtin class takes no new methods, a subclass in its place does."""

    def manual_seed(self, seed: int) -> MovedGenerator:
        super().manual_seed(moved(seed))
        return self

    def clone_state(self) -> MovedGenerator:
        own = MovedGenerator(self.device)
        own.set_state(self.get_state())
        return own


def install(offset: int) -> None:
    """Moves all seeds from here to the end of the process; before the tests and the package are imported."""
    global _offset
    _offset = offset
    torch_seed, legacy_seed = torch.manual_seed, np.random.seed
    new_generator, sequence = np.random.default_rng, np.random.SeedSequence
    torch.Generator = MovedGenerator  # type: ignore[misc]
    torch.manual_seed = torch.random.manual_seed = lambda seed: torch_seed(moved(seed))
    np.random.seed = lambda seed=None: legacy_seed(seed if seed is None else moved(seed) % 2**32)
    np.random.default_rng = lambda seed=None: new_generator(moved(seed))

    class MovedSequence(sequence):  # type: ignore[valid-type,misc]
        def __init__(self, entropy: Any = None, **options: Any) -> None:
            super().__init__(moved(entropy), **options)

    np.random.SeedSequence = MovedSequence  # type: ignore[misc]


@contextmanager
def at_rest() -> Iterator[None]:
    """No seed is moved inside the block."""
    global _offset
    before, _offset = _offset, 0
    try:
        yield
    finally:
        _offset = before
