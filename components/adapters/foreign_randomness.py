"""Seeds everything that a foreign object may draw from, while it is at work."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import torch

from adagan.components.adapters.foreign_calls import SEED_NAMES, refusal
from adagan.mixtures.randomness import isolated_randomness

Undo: TypeAlias = Callable[[], Any]

MOST_PARTS = 10_000
"""Parts of an object that are looked at: a forest has more, and none of its trees draws anything once it is fitted."""

LONGEST = 1_000
"""Items of a list, tuple or dictionary that is looked into: longer ones are data."""


@contextmanager
def seeded(foreign: Any, seed: int) -> Iterator[None]:
    """Within the block an object draws what the seed decides; afterwards all is as it was.

    Seeded are the global generators of torch, numpy and Python, and `seeded_parts`.
    """
    with seeded_parts(foreign, seed), isolated_randomness(seed):
        yield


@contextmanager
def seeded_parts(foreign: Any, seed: int) -> Iterator[None]:
    """Within the block whatever seeds or draws inside an object, however deep, has a seed of its own, from this one.

    Those are: generators of torch, numpy and Python; attributes ``random_state``, ``random_seed`` and ``seed`` that are
    a number or ``None``, among them those of estimators within estimators; what ``set_random_state(seed)`` sets. No two
    have the same seed, so that two estimators inside an object do not draw the same numbers. Generators behind closures
    and compiled code are not found; to an object that has such, `check_component` answers that the same generator
    state must give the same samples.
    """
    with ExitStack() as undo:
        for place, reseed in enumerate(_sources(foreign)):
            undo.callback(reseed(seed + place))
        yield


def _sources(foreign: Any) -> list[Callable[[int], Undo]]:
    """What an object draws from, its own before its parts': functions that seed it and return what undoes that."""
    found: list[Callable[[int], Undo]] = []
    seen: set[int] = set()
    waiting = deque([foreign])
    while waiting and len(seen) < MOST_PARTS:
        part = waiting.popleft()
        if id(part) in seen or isinstance(part, str | bytes | int | float | ModuleType | torch.Tensor | np.ndarray):
            continue
        seen.add(id(part))
        if isinstance(part, list | tuple | dict):
            if len(part) <= LONGEST:
                waiting.extend(part.values() if isinstance(part, dict) else part)
            continue
        reseed = _of_generator(part)
        if reseed is not None:
            found.append(reseed)
            continue
        attributes = getattr(part, "__dict__", None)
        if isinstance(attributes, dict):  # those of classes are no dictionary
            found.extend(partial(_number, attributes, name) for name in attributes if _is_seed(name, attributes[name]))
            if callable(getattr(type(part), "set_random_state", None)) and not refusal(part.set_random_state, 0):
                found.append(partial(_method, part, attributes))
            waiting.extend(attributes.values())
    return found


def _is_seed(name: str, value: Any) -> bool:
    return name in SEED_NAMES and (
        value is None or (isinstance(value, int | np.integer) and not isinstance(value, bool))
    )


def _number(attributes: dict[str, Any], name: str, seed: int) -> Undo:
    before = {name: attributes[name]}
    attributes[name] = seed % 2**32
    return _back(attributes, before)


def _method(part: Any, attributes: dict[str, Any], seed: int) -> Undo:
    before = dict(attributes)
    part.set_random_state(seed % 2**32)
    return _back(attributes, {name: value for name, value in before.items() if attributes.get(name) is not value})


def _back(attributes: dict[str, Any], before: dict[str, Any]) -> Undo:
    """What gives attributes their values of before; those that the object has changed itself meanwhile are its own."""
    given = {name: attributes.get(name) for name in before}

    def undo() -> None:
        attributes.update({name: value for name, value in before.items() if attributes.get(name) is given[name]})

    return undo


def _of_generator(part: Any) -> Callable[[int], Undo] | None:
    """How a generator is seeded where it is, since others may hold it too; ``None`` for what is none."""
    if isinstance(part, np.random.Generator):
        return partial(_numpy_generator, part.bit_generator)
    if isinstance(part, np.random.RandomState):
        return partial(_numpy_state, part)
    if isinstance(part, torch.Generator):
        return partial(_torch_generator, part)
    if isinstance(part, random.Random) and not isinstance(part, random.SystemRandom):
        return partial(_python_random, part)
    return None


def _numpy_generator(bits: Any, seed: int) -> Undo:
    before = bits.state
    bits.state = type(bits)(seed).state
    return partial(setattr, bits, "state", before)


def _numpy_state(part: np.random.RandomState, seed: int) -> Undo:
    before = part.get_state()
    part.seed(seed % 2**32)
    return partial(part.set_state, before)


def _torch_generator(part: torch.Generator, seed: int) -> Undo:
    before = part.get_state()
    part.manual_seed(seed)
    return partial(part.set_state, before)


def _python_random(part: random.Random, seed: int) -> Undo:
    before = part.getstate()
    part.seed(seed)
    return partial(part.setstate, before)
