"""Fixtures for all tests: a seeded generator, and a guard over what all tests share.

One machine can play several; the tests hold on each of them:

- `pytest --seed-offset K` moves every seed of a run (`seed_offset.py` says which): a test that falls under one passed
  by luck, or has found something; tests marked `golden` keep their seeds.
- `pytest --threads N` computes with N threads (1 without it), and `ATEN_CPU_CAPABILITY=default`, `avx2` or `avx512`
  in the environment with another processor's instructions: sums are then taken in another order.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import nullcontext

import algebra_threads  # noqa: F401  before numpy is loaded
import lightning.pytorch  # noqa: F401  its first import, at the first training, sets environment variables
import pytest
import seed_offset
import torch
from global_state import changes, global_state, left_running, still_running
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
    from adagan.mixtures.randomness import inheriting  # not before the seeds are moved

    # outside of a run what is fitted without a seed takes a fresh one; a test is to be repeatable
    seeded = inheriting(67280421310721)
    seeded.__enter__()
    config.add_cleanup(lambda: seeded.__exit__(None, None, None))


@pytest.fixture(autouse=True)
def golden_seeds(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keeps the seeds of a test whose values belong to them."""
    with seed_offset.at_rest() if request.node.get_closest_marker("golden") else nullcontext():
        yield


@pytest.fixture(autouse=True)
def global_state_untouched() -> Iterator[None]:
    """Fails the test that leaves the process another than it found it."""
    # Hypothesis seeds numpy's and Python's generators around every property; it gives the states back itself
    before, running = global_state(), left_running()
    yield
    if changed := changes(before, global_state()):
        pytest.fail(f"the test changed what others share: {', '.join(changed)}", pytrace=False)
    if left := still_running(running):
        pytest.fail(f"the test left behind: {', '.join(sorted(left))}", pytrace=False)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fails the test that changes the filters of warnings, which pytest itself gives back around every test."""
    before, modules = warnings.filters[:], len(sys.modules)
    result = yield
    # libraries add filters when they are first imported
    if warnings.filters != before and len(sys.modules) == modules:
        pytest.fail("the test changed the filters of warnings", pytrace=False)
    return result


@pytest.fixture
def generator() -> torch.Generator:
    """A generator with a fixed seed."""
    return torch.Generator().manual_seed(20170110)
