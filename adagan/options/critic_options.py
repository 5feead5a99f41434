"""The critics of a run on the command line: their names, their options, and the callables that make them."""

from __future__ import annotations

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


def add_critic_options(parser: VerbParser) -> None:
    """The options of the critics."""
    group = parser.add_argument_group("the critics")
    group.add_argument(
        "--critic-kind",
        default="softmax",
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
    parser.add_options_of(Critic, "critic", group, skip={"noise", "trainer_options", "calibrator", "seed"})


def critic_makers(settings: Namespace) -> tuple[CriticMaker | None, CriticMaker]:
    """What makes the coarse critic, if there is to be one, and the sharp one.

    Raises:
        UserError: An unknown name; the option is named.
    """
    kind = CRITICS_BY_NAME[check_name(settings.critic_kind, CRITICS_BY_NAME, "--critic-kind")]
    calibrator = choose(settings.calibrator, named(CALIBRATORS), "--calibrator")
    network = dict(settings.critic.as_dict(), trainer_options=settings.trainer, calibrator=calibrator)
    coarse = None if settings.resolution is None else partial(Critic, noise=settings.resolution, **network)
    if kind.in_steps:
        return coarse, partial(kind, **network)
    return coarse, partial(kind, **{name: network[name] for name in ("folds", "max_samples", "calibrator")})
