"""What is done with a kind of component: trained alone, or boosted and refined, with the same CPU seconds."""

from __future__ import annotations

import time
from functools import partial

from adagan.mixtures.refinement.refined import Samples
from adagan.study.method import Lesson, Method, Trained
from adagan.study.methods.kinds import KINDS, Kind
from adagan.study.methods.training import Maker, component_cost, fit_bare, fit_boosted

BARE, BOOSTED = ("bare",), ("boosted", "boosted-refined")


def bare(kind: Kind, lesson: Lesson) -> Trained[Samples]:
    """One component that is given the whole budget."""
    make = _maker(kind, lesson)
    cost = component_cost(make, lesson, in_steps=kind.in_steps)
    start = time.process_time()
    component = fit_bare(make, cost, lesson)
    return Trained((component,), 1, time.process_time() - start)


def boosted(kind: Kind, lesson: Lesson) -> Trained[Samples]:
    """``AdaGAN(component, budget=...)``: its mixture, and what it samples, refined where that helps."""
    return fit_boosted(_maker(kind, lesson), lesson)


def _maker(kind: Kind, lesson: Lesson) -> Maker:
    return partial(kind.make, tuple(lesson.data.shape[1:]))


def method_name(kind: str, rows: tuple[str, ...]) -> str:
    """In the list of methods."""
    return f"{kind} {rows[0]}"


METHODS_OF_KINDS = tuple(
    Method(method_name(kind.name, rows), partial(train, kind), rows, kind.labelled)
    for kind in KINDS.values()
    for rows, train in ((BARE, bare), (BOOSTED, boosted))
)
