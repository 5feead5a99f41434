"""A run in small, before it begins: what would be lost when the first round is written is heard of before hours of it.

Only components that are made by the user's own code and trained in steps are rehearsed; the package's own are tested,
and what anything else costs is not known.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from adagan.components.contract import Component
from adagan.components.training.ranks.group import RankLost
from adagan.data.training_data import TrainingData
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.storage.components import component_record, unfitted_component
from adagan.mixtures.storage.restoring import NotRestoredError, check_restorable

SHORT: dict[str, Any] = {"max_steps": 1, "epochs": 1, "trainer_options": {}}
"""One step of training, with nothing logged, saved or stopped."""


def rehearse(component: Component, make: Callable[[], Any], data: TrainingData, seed: int) -> None:
    """Trains a component for one step, and makes sure that it is the same once it is stored and restored.

    Args:
        component: Unfitted; of no use afterwards.
        make: What made it.
        data: What the run is fitted to.
        seed: Of everything random.

    Raises:
        ValueError: It would not be the same; what is lost is named, with the cure.
    """
    if not hasattr(component, "max_steps") or _is_described(component):
        return
    for name, value in SHORT.items():
        if hasattr(component, name):
            setattr(component, name, copy.copy(value))
    labels: dict[str, Any] = {} if data.labels is None else {"labels": data.labels}
    try:
        with isolated_randomness(seed):
            fitted = component.fit(data.points, weights=data.weights, **labels)
            check_restorable(fitted, [make])
    except (NotRestoredError, RankLost):
        raise
    except Exception:  # what one step makes impossible need not be so in the run, which tells of anything else itself
        return


def _is_described(component: Component) -> bool:
    """Whether its file alone says how to make it."""
    try:
        with isolated_randomness(0):
            unfitted_component("memory", component_record(component))
    except Exception:
        return False
    return True
