"""Fixtures for all tests: a seeded generator, and a guard over the global random states."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import settings

settings.register_profile("adagan", deadline=None, derandomize=True, database=None, max_examples=40)
settings.load_profile("adagan")

# small networks: more threads cost more than they bring, and far more when the machine is busy
torch.set_num_threads(1)


def global_random_states() -> dict[str, bytes]:
    """The states of the three global generators, comparable."""
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr(np.random.get_state(legacy=False)).encode(),  # noqa: NPY002
        "random": repr(random.getstate()).encode(),
    }


@pytest.fixture(autouse=True)
def global_random_state_untouched() -> Iterator[None]:
    """Fails the test that changed a global random state."""
    # Hypothesis seeds numpy's and Python's generators around every property; it gives the states back itself
    before = global_random_states()
    yield
    after = global_random_states()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"the global random state of {', '.join(changed)} was changed; pass a generator instead"


@pytest.fixture
def generator() -> torch.Generator:
    """A generator with a fixed seed."""
    return torch.Generator().manual_seed(20170110)
