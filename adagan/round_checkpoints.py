"""What a round keeps while its newcomer is trained, so that a kill loses minutes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adagan.components.contract import Component, name_of
from adagan.components.training.checkpoints.kept_trainings import KeptTrainings, facts_found, remove_checkpoints
from adagan.components.training_length import set_training_length, training_length
from adagan.recipe import plain_component
from adagan.recording import Clock

CHECKPOINT = "checkpoint-{index:03d}-"
"""How the names of a round's checkpoints begin."""
CHECKPOINT_FILES = r"checkpoint-\d{3,}-[01]-\d{3,}\.safetensors"
"""The names of checkpoints, as a regular expression."""


class RoundCheckpoints:
    """The checkpoints of one round's attempts to train a newcomer, in the folder of the run.

    Trainings by the package's own trainer are kept, whoever wrote the module. A component whose ``fit`` is its own
    affair begins its round again.

    Args:
        folder: Of the run; ``None`` keeps nothing.
        index: The index t of the round, from 1.
        minutes: Between two checkpoints, at least; ``None`` keeps nothing.

    Attributes:
        clock: Of the round: it goes on from what was spent before a kill.
    """

    def __init__(self, folder: Path | None, index: int, minutes: float | None) -> None:
        self._folder = None if minutes is None else folder
        self._index, self._minutes = index, minutes or 0.0
        self.spent = _spent(self._folder, self._name())
        self.clock = Clock.after(self.spent)

    def of(self, component: Component, seed: int) -> KeptTrainings | None:
        """The checkpoints of an attempt.

        Args:
            component: Unfitted; where a checkpoint says how long it was to train, it is told so.
            seed: Of the attempt; those of the two attempts of a round differ in their last bit.
        """
        if self._folder is None:
            return None
        name = f"{self._name()}{seed % 2}"
        length = facts_found(self._folder, name).get("length")
        if isinstance(length, int) and length > 0 and training_length(component) is not None:
            set_training_length(component, length)
        facts = {
            "round": self._index,
            "seed": seed,
            "length": training_length(component),
            "component": name_of(component),
            "made_with": json.loads(json.dumps(plain_component(component))),
        }
        return KeptTrainings(self._folder, name, 60 * self._minutes, facts, self._spent_so_far)

    @property
    def step(self) -> tuple[int, int] | None:
        """How many minibatches of how many the last training had seen; ``None`` where nothing is kept."""
        found = {} if self._folder is None else facts_found(self._folder, self._name())
        step, of = found.get("step"), found.get("num_steps")
        return (step, of) if isinstance(step, int) and isinstance(of, int) else None

    def discard(self) -> None:
        """Removes them."""
        if self._folder is not None:
            remove_checkpoints(self._folder, CHECKPOINT_FILES, lambda name: name.startswith(self._name()))

    def _name(self) -> str:
        return CHECKPOINT.format(index=self._index)

    def _spent_so_far(self) -> dict[str, float]:
        return {"seconds": self.clock.seconds, "cpu_seconds": self.clock.cpu_seconds}


def _spent(folder: Path | None, name: str) -> Mapping[str, float]:
    found = {} if folder is None else facts_found(folder, name).get("spent")
    spent = found if isinstance(found, dict) else {}
    return {name: _amount(spent.get(name)) for name in ("seconds", "cpu_seconds")}


def _amount(value: Any) -> float:
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    return float(value) if is_one else 0.0
