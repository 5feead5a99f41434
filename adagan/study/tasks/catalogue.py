"""The list of all tasks: what ``adagan study`` can be asked to compare methods on."""

from __future__ import annotations

from typing import Any

from adagan.study.task import Task
from adagan.study.tasks.digits import DIGITS
from adagan.study.tasks.held_out import HELD_OUT_DATA, SUFFIX
from adagan.study.tasks.known_modes import KNOWN_MODES
from adagan.study.tasks.missing_families import MISSING

_ALL: tuple[Task[Any], ...] = (*KNOWN_MODES, *DIGITS, *HELD_OUT_DATA, *MISSING)

TASKS = {task.name: task for task in _ALL}

DATA_SETS = tuple(name.removesuffix(SUFFIX) for name in TASKS if name.endswith(SUFFIX))
"""What ``adagan study components`` scores kinds of components on, against held-out points."""
