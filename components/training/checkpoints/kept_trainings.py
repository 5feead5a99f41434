"""Where the trainings of one component keep what they are in the middle of, and how often."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from adagan.components.training.checkpoints.tree_file import read_facts, read_tree, write_tree
from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.held_folder import held_folder

PATIENCE = 50
"""A checkpoint is followed by at least so many times what it took: they cost two in a hundred at most."""
WORTH_IT = 10.0
"""Seconds of a training from which on its end is kept, for others may follow it in the same component."""


class UnusableCheckpoint(UserError):  # noqa: N818 (it says what it is)
    """A checkpoint is damaged, or of another training; without it the training begins again."""


class CheckpointNotWritten(UserError):  # noqa: N818 (it says what happened)
    """A checkpoint could not be written, and another attempt would not help."""


class KeptTrainings:
    """The checkpoints of one component's trainings, of which it may have many, one after the other.

    Args:
        folder: Where they are.
        name: How their names begin.
        seconds: Between two checkpoints of a training, at least.
        facts: What is being fitted, in JSON: a checkpoint with other ones is another's.
        spent: What the round has taken so far, in JSON; it is noted in every checkpoint.
    """

    def __init__(
        self, folder: Path, name: str, seconds: float, facts: Mapping[str, Any], spent: Callable[[], Any]
    ) -> None:
        self.folder, self.name, self.seconds, self.facts, self.spent = folder, name, seconds, dict(facts), spent
        self.count = 0

    def next(self, stage: str, num_steps: int) -> KeptTraining:
        """The checkpoint of the next training."""
        self.count += 1
        facts = {**self.facts, "stage": stage, "num_steps": num_steps}
        return KeptTraining(self, self.folder / f"{self.name}-{self.count:03d}.safetensors", facts)


class KeptTraining:
    """The checkpoint of one training.

    Args:
        trainings: It is one of these.
        path: The file.
        facts: What is being trained.
    """

    def __init__(self, trainings: KeptTrainings, path: Path, facts: Mapping[str, Any]) -> None:
        self.trainings, self.path, self.facts = trainings, path, dict(facts)
        self._since = time.monotonic()
        self._took = 0.0

    def found(self) -> dict[str, Any] | None:
        """The facts of the checkpoint that is there, if it is of this training.

        Raises:
            UnusableCheckpoint: It is damaged, or of another training.
        """
        if not os.path.lexists(self.path):
            return None
        facts = _facts(self.path)
        differing = [name for name, value in self.facts.items() if facts.get(name) != value]
        if differing:
            raise UnusableCheckpoint(f"{self.path} is of another training ({', '.join(differing)})")
        return facts

    def read(self) -> dict[str, Any]:
        """What is in it.

        Raises:
            UnusableCheckpoint: It is damaged.
        """
        try:
            return read_tree(self.path)
        except UserError as error:
            raise UnusableCheckpoint(str(error)) from error

    def write(self, content: Mapping[str, Any], step: int, *, is_final: bool) -> None:
        """Replaces it; see `write_tree`.

        Args:
            content: The state.
            step: Minibatches that the training has seen.
            is_final: Whether it has ended.
        """
        began, folder = time.monotonic(), self.trainings.folder
        if not folder.is_dir():  # a writer would make it again, where a mount was perhaps
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        facts = {**self.facts, "step": step, "is_final": is_final, "spent": self.trainings.spent()}
        write_tree(self.path, content, facts)
        self._since = time.monotonic()
        self._took = self._since - began

    def is_due(self) -> bool:
        """Whether it is time for another."""
        return time.monotonic() - self._since >= max(self.trainings.seconds, PATIENCE * self._took)

    def is_worth_its_end(self) -> bool:
        """Whether what was trained since the last one is worth to be kept at the end of the training."""
        seconds = min(self.trainings.seconds, WORTH_IT)
        return time.monotonic() - self._since >= max(seconds, PATIENCE * self._took)

    def put_off(self) -> None:
        """Waits for the next time, after one that could not be written."""
        self._since = time.monotonic()


_current: ContextVar[KeptTrainings | None] = ContextVar("kept trainings", default=None)


@contextmanager
def keeping(trainings: KeptTrainings | None) -> Iterator[None]:
    """Within the block, trainings keep what they are in the middle of, and go on from what was kept."""
    token = _current.set(trainings)
    try:
        yield
    finally:
        _current.reset(token)


def next_kept(stage: str, num_steps: int) -> KeptTraining | None:
    """The checkpoint of the training that begins now; ``None`` where none is kept."""
    trainings = _current.get()
    return None if trainings is None else trainings.next(stage, num_steps)


def facts_found(folder: Path, name: str) -> dict[str, Any]:
    """The facts of the last checkpoint whose name begins so; none of those that are damaged."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob(f"{name}-*.safetensors")):
        with suppress(UserError, OSError):
            found = _facts(path)
    return found


def remove_checkpoints(folder: Path, pattern: str, wanted: Callable[[str], bool]) -> None:
    """Removes the files in a folder whose names match a regular expression, and are wanted to go."""
    names = [path.name for path in folder.iterdir() if path.is_symlink() or not path.is_dir()]
    names = [name for name in names if re.fullmatch(pattern, name) and wanted(name)]
    if names:
        with held_folder(folder) as held:
            for each in names:
                held.remove(each)


def _facts(path: Path) -> dict[str, Any]:
    try:
        return read_facts(path)
    except (UserError, OSError) as error:
        raise UnusableCheckpoint(str(error)) from error
