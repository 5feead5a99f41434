"""Lets whoever started a training see how far it is, without passing a progress bar through every signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule

Listener: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the stage, the steps done and the steps in all."""

CHECK_EVERY = 50
"""Steps between two looks at a training."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within the block, trainings announce their progress to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def announce(stage: str, done: int, total: int) -> None:
    """Tells the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(stage, done, total)


def step_of(module: LightningModule) -> int:
    """The index of the minibatch that a module is being trained on, from 0, counted over all epochs."""
    index: int = module.trainer.fit_loop.total_batch_idx
    return index
