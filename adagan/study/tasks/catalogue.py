"""The list of all tasks."""

from __future__ import annotations

from typing import Any

from adagan.study.task import Task
from adagan.study.tasks.digit_glyphs import DIGIT_GLYPHS
from adagan.study.tasks.digits import DIGITS
from adagan.study.tasks.glyphs import GLYPH_IMAGES
from adagan.study.tasks.held_out import HELD_OUT_DATA, SUFFIX
from adagan.study.tasks.known_modes import KNOWN_MODES
from adagan.study.tasks.missing_families import MISSING
from adagan.study.tasks.ratios import RATIOS

BENCHMARKS = {task.name: task for task in (*KNOWN_MODES, *DIGITS, GLYPH_IMAGES, *DIGIT_GLYPHS, *HELD_OUT_DATA)}
"""What ``adagan study`` compares methods on: tasks that are answered by samples."""

TASKS: dict[str, Task[Any]] = {
    **BENCHMARKS,
    **{task.name: task for task in MISSING},
    **{task.name: task for task in RATIOS},
}

DATA_SETS = tuple(name.removesuffix(SUFFIX) for name in BENCHMARKS if name.endswith(SUFFIX))
"""What ``adagan study components`` scores kinds of components on, against held-out points."""
