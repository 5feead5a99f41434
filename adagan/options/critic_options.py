"""The critics of a run on the command line: their names, their options, and the callables that make them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from jsonargparse import Namespace

from adagan.components.critics.calibrators import CALIBRATORS
from adagan.components.critics.catalogue import CRITICS_BY_NAME
from adagan.components.critics.critic import Critic
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.options.named_objects import choose, named
from adagan.options.verb_parser import VerbParser
from adagan.suggestions import check_name

CriticMaker: TypeAlias = Callable[[], RatioEstimator]

_log = logging.getLogger(__name__)

OF_ALL = ("folds", "max_samples")
"""Options that every critic takes."""


def add_critic_options(parser: VerbParser) -> None:
    """The options of the critics."""
    group = parser.add_argument_group("the critics")
    group.add_argument(
        "--critic-kind",
        default="sharp",
        metavar="NAME",
        help="the sharp critic: "
        + "; ".join(f"{name} ({offer.about})" for name, offer in CRITICS_BY_NAME.items())
        + "; of --critic.* those that are no networks take folds and max-samples only, and a coarse critic is always "
        "a softmax network",
    )
    group.add_argument(
        "--calibrator",
        default="vector-scaling",
        metavar="NAME",
        help="how critics are calibrated on held-out points: "
        + ", ".join(named(CALIBRATORS))
        + " (best-of chooses among the others)",
    )
    own = {"noise", "trainer_options", "calibrator", "seed", "max_samples"}
    parser.add_options_of(Critic, "critic", group, skip=own)
    group.add_argument(
        "--critic.max_samples",
        type=int | None,
        metavar="X",
        help="data points, drawn by weight, that are learnt from at most, and as many samples of the components in "
        "all; by default 20,000 for the sharp critic and 50,000 for the others",
    )


def critic_makers(settings: Namespace) -> tuple[CriticMaker | None, CriticMaker]:
    """What makes the coarse critic, if there is to be one, and the sharp one.

    Raises:
        UserError: An unknown name; the option is named.
    """
    kind = CRITICS_BY_NAME[check_name(settings.critic_kind, CRITICS_BY_NAME, "--critic-kind")]
    calibrator = choose(settings.calibrator, named(CALIBRATORS), "--calibrator")
    given = {name: value for name, value in settings.critic.as_dict().items() if value is not None}
    network = dict(given, trainer_options=settings.trainer, calibrator=calibrator)
    coarse = None if settings.resolution is None else partial(Critic, noise=settings.resolution, **network)
    if kind.in_steps:
        return coarse, partial(kind, **network)
    defaults = Critic().get_params(deep=False)
    unused = [name for name in given if name not in OF_ALL and given[name] != defaults[name]]
    if unused and coarse is None:
        _log.warning(
            "%s: for critics that are networks only; add --critic-kind softmax, or leave it out",
            ", ".join(f"--critic.{name.replace('_', '-')}" for name in unused),
        )
    return coarse, partial(kind, **{name: network[name] for name in (*OF_ALL, "calibrator") if name in network})
