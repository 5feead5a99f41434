"""The choices that a model is made with, looked at before anything is trained."""

from __future__ import annotations

import operator
from typing import Any

from adagan.components.checks import check_maker
from adagan.mixtures.data_weights import DataWeightRule
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.steps import MixtureStep, Step
from adagan.stopping import StoppingRule

KINDS: dict[str, tuple[type, str]] = {
    "rule": (DataWeightRule, "Star()"),
    "target": (Step, "MissingMass()"),
    "step": (MixtureStep, "FullyCorrective()"),
    "divergence": (FDivergence, "JensenShannon()"),
    "stop": (StoppingRule, "NothingLeft()"),
}


def check_choices(model: Any) -> None:
    """Makes sure that a model's choices are objects of the right kind, and its critics callables that make them.

    Raises:
        TypeError: One is a class, a name, or an object of another kind; it is named.
    """
    for name, (kind, example) in KINDS.items():
        value = getattr(model, name)
        if not isinstance(value, kind):
            got = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
            raise UserTypeError(
                f"{name}: expected an object of a subclass of {kind.__name__}, such as {example}, got {got}"
            )
    for name in ("critic", "coarse_critic"):
        if name == "critic" or model.coarse_critic is not None:
            check_maker(name, getattr(model, name), "a fresh critic for every round")


def check_rounds(rounds: Any) -> int:
    """The number of rounds as a whole number.

    Raises:
        ValueError: It is none, or below 1.
    """
    try:
        number = 0 if isinstance(rounds, bool) else operator.index(rounds)
    except TypeError:
        number = 0
    if number < 1:
        raise UserError(f"rounds: expected a whole number of 1 or more, or 'auto', got {rounds!r}")
    return number
