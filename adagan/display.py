"""Rounds, training steps and the time left, shown by rich."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from adagan.components.training.progress import listening


@contextmanager
def rounds_shown(rounds: int, done: int, *, visible: bool) -> Iterator[None]:
    """Shows the progress of the rounds in the block, if it is to be visible."""
    if not visible:
        yield
        return
    with RoundsDisplay(rounds, done) as display, listening(display):
        yield


class RoundsDisplay:
    """A listener for `adagan.components.training.progress`, with one bar for the rounds and one for the training.

    Args:
        rounds: Rounds in all.
        done: Rounds done before.
    """

    def __init__(self, rounds: int, done: int = 0) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._rounds = self._progress.add_task("rounds", total=rounds, completed=done)
        self._stage: TaskID = self._progress.add_task("starting", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self._progress.console.is_terminal:
            self._progress.console.quiet = True  # in a log the error's line stands alone
        self._progress.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == "round":
            self._progress.update(self._rounds, completed=done, total=total)
            return
        if self._progress.tasks[1].description != stage or done < self._progress.tasks[1].completed:
            self._progress.reset(self._stage, description=stage, total=total)
        self._progress.update(self._stage, completed=done, total=total)
