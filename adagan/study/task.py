"""A task: what a method learns from, and how its answer is scored against a truth that the method does not see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor

Row = dict[str, Any]
"""What is known about one answer, by name; JSON can hold it."""

Answer = TypeVar("Answer")
"""What a method gives: something that samples, or an estimate where that is what the task asks for."""


class World(ABC, Generic[Answer]):
    """A task with one seed.

    Attributes:
        data: What methods learn from, shape (N, *event).
        labels: The classes of the data, for methods that learn them, shape (N,).
        oracle: A perfect answer: what it scores stands in every table, since that is seldom 0 or 1; ``None`` where the
            truth itself is asked for.
    """

    data: Tensor
    labels: Tensor | None
    oracle: Answer | None

    @abstractmethod
    def score(self, answer: Answer) -> list[Row]:
        """One row, or several where there is more than one way to ask; ``cpu_seconds`` says what asking took."""


@dataclass(frozen=True)
class Task(Generic[Answer]):
    """Data, a truth and metrics under a name.

    Attributes:
        name: In the list of tasks.
        world: From a seed to the task's world of that seed.
        note: A sentence for below the table.
    """

    name: str
    world: Callable[[int], World[Answer]]
    note: Callable[[], str] = lambda: ""
