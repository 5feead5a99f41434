"""Randomness that is passed, never shared: no function of this package reads or changes a global random state.

Seeds go down: a model seeds its rounds, a round what it trains, and what has no seed of its own takes that of the
nearest `isolated_randomness` around it. Outside of one it takes a fresh one: ``torch.manual_seed`` decides nothing.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch

from adagan.mixtures.errors import UserError, UserTypeError

LARGEST = 2**63 - 1
"""What torch's generators take."""

_inherited: ContextVar[int | None] = ContextVar("inherited seed", default=None)


@contextmanager
def inheriting(seed: int | None) -> Iterator[None]:
    """What is fitted inside the block without a seed of its own takes this one; ``None`` means a fresh one."""
    before = _inherited.set(seed)
    try:
        yield
    finally:
        _inherited.reset(before)


@contextmanager
def isolated_randomness(seed: int) -> Iterator[None]:
    """Seeds the global generators of torch, numpy and Python inside the block and gives the caller's states back.

    Modules initialise themselves from torch's global generator, and foreign components may draw from any of the three.
    What takes an `inherited_seed` inside the block takes this one.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(), inheriting(seed):
        try:
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            random.seed(seed)
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002


def inherited_seed() -> int:
    """The seed of the nearest `isolated_randomness` around; a fresh one, from the system, outside of any."""
    seed = _inherited.get()
    return seed_from(None) if seed is None else seed


def seed_from(generator: torch.Generator | None) -> int:
    """A seed drawn from a generator, or from the system for ``None``."""
    if generator is None:
        return torch.Generator().seed() % 2**63
    return int(torch.randint(2**62, (), generator=generator, device=generator.device))


def derived_seed(seed: int, index: int) -> int:
    """The seed of part `index`, from 0, of what has a seed: parts can be drawn in any order, and apart."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0]) % 2**63


def fresh_generator(device: torch.device | str = "cpu") -> torch.Generator:
    """A generator seeded from the system; for the meta device, which draws nothing, one of the CPU."""
    generator = torch.Generator("cpu" if torch.device(device).type == "meta" else device)
    generator.seed()
    return generator


def generator_for(device: torch.device, generator: torch.Generator | None) -> torch.Generator:
    """The generator if it lives on the device, else one of the device seeded from it; a fresh one for ``None``."""
    if generator is None:
        return fresh_generator(device)
    if not isinstance(generator, torch.Generator):
        raise UserTypeError(
            f"generator: expected a torch.Generator, got {type(generator).__name__}; pass "
            "torch.Generator().manual_seed(0), or seed=0"
        )
    own = generator.device
    if device.type == "meta" or (own.type == device.type and (device.index or 0) == (own.index or 0)):
        return generator
    return torch.Generator(device).manual_seed(seed_from(generator))


def seeded_generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator with a given seed."""
    return torch.Generator(device).manual_seed(seed)


def check_seed(seed: int, name: str = "seed") -> int:
    """The seed as an ``int``.

    Raises:
        TypeError: It is no whole number; `name` is what the caller calls it.
        ValueError: It is negative or too large.
    """
    try:
        if isinstance(seed, bool | np.bool_):
            raise TypeError("true and false are no seeds")
        seed = operator.index(seed)
    except TypeError as error:
        raise UserTypeError(f"{name}: expected a whole number, got {seed!r}") from error
    if not 0 <= seed <= LARGEST:
        raise UserError(f"{name}: expected 0 or more, up to 2^63 - 1, got {seed}")
    return seed


def source_of_chance(
    generator: torch.Generator | None, seed: int | None, device: torch.device
) -> torch.Generator | None:
    """The generator itself, or one of the device with the seed; ``None`` when neither is given.

    Raises:
        UserError: Both are given.
    """
    if seed is None:
        return generator
    if generator is not None:
        raise UserError("seed: expected a seed or a generator, got both; leave one of them out")
    return seeded_generator(check_seed(seed), "cpu" if device.type == "meta" else device)
