"""A newcomer that fails is tried once more, with another seed; a run that has a mixture ends with it."""

from __future__ import annotations

from collections.abc import Callable

from adagan.components.contract import Component
from adagan.components.training.checkpoints.kept_trainings import CheckpointNotWritten
from adagan.mixtures.errors import UserTypeError
from adagan.time_limit import time_limit


class NewcomerFailed(RuntimeError):  # noqa: N818 (it says what happened, as StopIteration does)
    """Neither training of a newcomer gave a component; its cause is the second error."""


def tried_twice(
    fit: Callable[[int], Component], seed: int, index: int, minutes: float | None = None
) -> tuple[Component, tuple[str, ...]]:
    """A fitted newcomer, and notes for the round's record.

    Seeds depend on the round's alone, so that a run that is resumed tries the same.

    Args:
        fit: Trains one with a seed.
        seed: Of the first attempt.
        index: The index t of the round, from 1. In the first one nothing is there to fall back on: errors are raised.
        minutes: By the clock, that an attempt may take; ``None`` waits for ever.

    Raises:
        NewcomerFailed: Both attempts failed.
        TypeError, OSError: The first did, by a wrong argument or by the system.
    """

    def timed(seed: int) -> Component:
        with time_limit(minutes, f"round {index}: training"):
            return fit(seed)

    if index == 1:
        return timed(seed), ()
    try:
        return timed(seed), ()
    except (UserTypeError, OSError, CheckpointNotWritten):  # another seed cures neither a wrong argument nor a disk
        raise
    except Exception as error:
        first = said(error)
    try:
        return timed(seed ^ 1), (f"the newcomer failed and was trained again with another seed: {first}",)
    except Exception as error:
        raise NewcomerFailed(f"round {index}: the newcomer failed twice: {first}; then: {said(error)}") from error


def said(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
