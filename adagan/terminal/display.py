"""How far a run is: bars on a terminal, and where the output goes elsewhere plain lines, at most one a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from adagan.components.training.progress import Listener, listening

if TYPE_CHECKING:
    from rich.progress import TaskID

PATIENCE = 1.5
"""Seconds that something may take before its progress is shown."""
SPACING = 0.02
"""Lines are this share of the time so far apart, so that a run of hours writes some hundreds of them."""


class Display(Protocol):
    """What shows progress: called with the stage, the steps done and the steps in all."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...

    def close(self) -> None:
        """Leaves the screen as it is to stay."""
        ...


@contextmanager
def rounds_shown(rounds: int, done: int, *, visible: bool) -> Iterator[None]:
    """Shows the progress of the rounds in the block, if it is to be visible.

    Args:
        rounds: Rounds in all.
        done: Rounds done before.
        visible: Whether anything is shown.
    """
    if not visible:
        yield
        return
    display = _display(rounds, done)
    try:
        with listening(display):
            yield
    finally:
        display.close()


@contextmanager
def progress_shown(patience: float = PATIENCE) -> Iterator[Listener]:
    """Yields what is to be told of the progress in the block; nothing is shown of what is done in so many seconds."""
    display = Patient(lambda: _display(None, 0), patience)
    try:
        yield display
    finally:
        display.close()


def _display(rounds: int | None, done: int) -> Display:
    return Bars(rounds, done) if sys.stderr.isatty() else Lines(sys.stderr, rounds, done)


class Patient:
    """Waits before it shows anything.

    Args:
        make: Makes the display that is shown then.
        patience: Seconds.
        clock: Of the time in seconds.
    """

    def __init__(
        self, make: Callable[[], Display], patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make, self._clock, self._from = make, clock, clock() + patience
        self._display: Display | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._display is None and self._clock() >= self._from:
            self._display = self._make()
        if self._display is not None:
            self._display(stage, done, total)

    def close(self) -> None:
        if self._display is not None:
            self._display.close()


class Lines:
    """One line at a time, flushed, for logs and pipes.

    Args:
        stream: Where they go.
        rounds: Rounds in all; ``None`` where there are none.
        done: Rounds done before.
        clock: Of the time in seconds.
    """

    def __init__(
        self, stream: TextIO, rounds: int | None = None, done: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._rounds, self._done, self._clock = stream, rounds, done, clock
        self._start = self._stage_start = clock()
        self._next = self._start + 1
        self._stage, self._steps = "", 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._clock()
        if stage == "round":
            self._done, self._rounds, self._stage = done, total, ""
            return
        if stage != self._stage or done < self._steps:
            self._stage, self._stage_start = stage, now
            self._stage_from = done
        self._steps = done
        if now < self._next:
            return
        self._next = now + max(1.0, SPACING * (now - self._start))
        where = "" if self._rounds is None else f"round {self._done + 1} of {self._rounds}, "
        self._stream.write(f"{where}{stage}: {done:,} of {total:,}{self._left(now, done, total)}\n")
        self._stream.flush()

    def _left(self, now: float, done: int, total: int) -> str:
        steps = done - self._stage_from
        return f", {_clocked((now - self._stage_start) / steps * (total - done))} left" if steps > 0 else ""

    def close(self) -> None:
        pass


def _clocked(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Bars:
    """Rich's bars: one for the rounds, if there are any, and one for what is done in them.

    Args:
        rounds: Rounds in all; ``None`` where there are none.
        done: Rounds done before.
    """

    def __init__(self, rounds: int | None = None, done: int = 0) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            redirect_stdout=sys.stdout.isatty(),  # what is printed stands above the bars, but a file gets it as it is
        )
        self._rounds = None if rounds is None else self._progress.add_task("rounds", total=rounds, completed=done)
        self._stage: TaskID = self._progress.add_task("starting", total=None)
        self._progress.start()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == "round":
            if self._rounds is not None:
                self._progress.update(self._rounds, completed=done, total=total)
            return
        shown = self._progress.tasks[-1]
        if shown.description != stage or done < shown.completed:
            self._progress.reset(self._stage, description=stage, total=total)
        self._progress.update(self._stage, completed=done, total=total)

    def close(self) -> None:
        self._progress.stop()
