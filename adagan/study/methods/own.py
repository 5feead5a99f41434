"""Methods by name, the user's own among them: ``MODULE:MAKE``, and the same boosted."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from adagan.components.adapters.as_component import as_component
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.options.own_component import names_own_code, own_component
from adagan.study.method import Lesson, Method, Trained
from adagan.study.methods.baselines import vanilla
from adagan.study.methods.catalogue import METHOD_OF_ROW, METHODS
from adagan.study.methods.training import fit_boosted
from adagan.suggestions import check_name

BARE = "bare"
BOOSTED, REFINED = ":boosted", ":boosted-refined"
"""Behind ``MODULE:MAKE``: that boosted, and refined."""
DEFAULT_OWN_ROWS = (BARE, "adagan", "adagan-refined")


def method_of_row(row: str) -> str:
    """The method whose training a row comes from.

    Raises:
        ValueError: An unknown name; the closest is suggested.
    """
    made = row.removesuffix(REFINED).removesuffix(BOOSTED)
    if names_own_code(made):
        return made if row == made else made + BOOSTED
    check_name(row, [*METHOD_OF_ROW, BARE], "--methods")
    return METHOD_OF_ROW.get(row, row)


def method_named(name: str) -> Method[Any]:
    """The method of that name: of the list, one GAN alone, or what the user's own code makes.

    Raises:
        UserError: The user's own code is not to be had; see `own_component`.
    """
    if name == BARE:
        return Method(BARE, vanilla, (BARE,))
    made = name.removesuffix(BOOSTED)
    if not names_own_code(made):
        return METHODS[name]
    if name == made:
        return Method(name, partial(_alone, made), (made,))
    return Method(name, partial(_boosted, made), (made + BOOSTED, made + REFINED))


def _alone(made: str, lesson: Lesson) -> Trained[Samples]:
    """What the user's code makes, fitted once; how long that takes is its own affair."""
    make, start = own_component(made), time.process_time()
    with isolated_randomness(lesson.seed):
        component = as_component(make()).fit(lesson.data)
    return Trained((Mixture([component]),), 1, time.process_time() - start)


def _boosted(made: str, lesson: Lesson) -> Trained[Samples]:
    make = own_component(made)
    return fit_boosted(lambda steps: make(), lesson)
