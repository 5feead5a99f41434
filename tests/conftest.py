"""Fixtures for all tests: a seeded generator, and a guard over the global random states.

One machine can play several; the tests hold on each of them:

- `pytest --seed-offset K` moves every seed of a run (`seed_offset.py` says which): a test that falls under one passed
  by luck, or has found something; tests marked `golden` keep their seeds.
- `pytest --threads N` computes with N threads (1 without it), and `ATEN_CPU_CAPABILITY=default`, `avx2` or `avx512`
  in the environment with another processor's instructions: sums are then taken in another order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest
import seed_offset
import torch
from hypothesis import settings

settings.register_profile("adagan", deadline=None, derandomize=True, database=None, max_examples=40)
settings.load_profile("adagan")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed-offset", type=int, default=0, help="move every seed of the tests by this many strides")
    parser.addoption("--threads", type=int, default=1, help="threads that torch computes with")


def pytest_configure(config: pytest.Config) -> None:
    # small networks: more threads cost more than they bring, and far more when the machine is busy
    torch.set_num_threads(config.getoption("--threads"))
    if config.getoption("--seed-offset"):
        seed_offset.install(config.getoption("--seed-offset"))


def global_random_states() -> dict[str, bytes]:
    """The states of the three global generators, comparable."""
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr(np.random.get_state(legacy=False)).encode(),  # noqa: NPY002
        "random": repr(random.getstate()).encode(),
    }


@pytest.fixture(autouse=True)
def golden_seeds(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keeps the seeds of a test whose values belong to them."""
    with seed_offset.at_rest() if request.node.get_closest_marker("golden") else nullcontext():
        yield


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
