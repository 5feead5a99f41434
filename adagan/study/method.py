"""A method: makes and trains something within a budget of CPU seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from torch import Tensor

from adagan.study.task import Answer


@dataclass(frozen=True)
class Lesson:
    """All that a method is given; nothing of the truth.

    Attributes:
        data: What it learns from, shape (N, *event).
        labels: The classes of the data, for a method that learns them, shape (N,).
        seconds: CPU seconds of all that it trains, on one thread.
        rounds: Components of a method that trains several.
        seed: Of everything random.
    """

    data: Tensor
    labels: Tensor | None
    seconds: float
    rounds: int
    seed: int


@dataclass(frozen=True)
class Trained(Generic[Answer]):
    """What a lesson made.

    Attributes:
        answers: One for each of the method's rows, in their order: a boosted mixture comes bare and refined.
        rounds: Components trained.
        cpu_seconds: CPU time of the training, without the pilots that told the cost of a step.
    """

    answers: tuple[Answer, ...]
    rounds: int
    cpu_seconds: float


@dataclass(frozen=True)
class Method(Generic[Answer]):
    """A way to an answer, under a name.

    Attributes:
        name: In the list of methods.
        train: What it does with a lesson.
        rows: What its answers are called in a table.
        labelled: Whether it learns the classes of the data, and is given them.
    """

    name: str
    train: Callable[[Lesson], Trained[Answer]]
    rows: tuple[str, ...]
    labelled: bool = False
