"""The GAN of a run on the command line: its objectives, penalties and techniques by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from jsonargparse import Namespace
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR

from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.objectives import FGAN, OBJECTIVES, Objective
from adagan.components.generators.gan.penalties import PENALTIES, Penalty, ZeroCenteredPenalty
from adagan.components.generators.gan.schedule import Schedule
from adagan.components.generators.gan.techniques import TECHNIQUES
from adagan.mixtures.divergences import DIVERGENCES
from adagan.mixtures.f_divergence import FDivergence
from adagan.options.named_objects import choose, named
from adagan.options.verb_parser import VerbParser


def _f_gan(divergence: Callable[..., FDivergence], *number: float) -> FGAN:
    return FGAN(divergence(*number))


def _constant_rate(optimizer: Optimizer) -> ConstantLR:
    return ConstantLR(optimizer, factor=1.0)


OBJECTIVE_NAMES: dict[str, Callable[..., Objective]] = {
    **named(OBJECTIVES, without="Pairing"),
    **{f"f-gan-{name}": partial(_f_gan, divergence) for name, divergence in named(DIVERGENCES).items()},
}
PENALTY_NAMES: dict[str, Callable[..., Penalty]] = {
    **named(PENALTIES, without="Penalty"),
    "r1": partial(ZeroCenteredPenalty, at_samples=False),
    "r2": partial(ZeroCenteredPenalty, at_data=False),
}
TECHNIQUE_NAMES = named(TECHNIQUES)
SCHEDULES: dict[str, Callable[..., Schedule | None]] = {"cosine": lambda: None, "constant": lambda: _constant_rate}


def add_gan_options(parser: VerbParser) -> None:
    """The options of the GAN."""
    group = parser.add_argument_group("the GAN", "for --component gan and the other GANs")
    group.add_argument(
        "--objective",
        default="non-saturating",
        metavar="NAME",
        help=", ".join(named(OBJECTIVES, without="Pairing"))
        + ", or f-gan- with the name of a divergence, such as f-gan-forward-kl (generalized-minimax:0.3 sets the share "
        "of data)",
    )
    group.add_argument(
        "--gan.penalty",
        type=float | str | None,
        default=None,
        metavar="NAME",
        help="on the discriminator's slope: the factor of the zero-centered one, 0 for none, or "
        + ", ".join(PENALTY_NAMES)
        + " (gradient:10 sets the factor); by default chosen from the data's shape",
    )
    group.add_argument(
        "--gan.techniques",
        type=list[str],
        default=[],
        metavar="NAMES",
        help="such as '[packing:2, instance-noise:0.3]', of " + ", ".join(TECHNIQUE_NAMES),
    )
    group.add_argument(
        "--gan.schedule", default="cosine", metavar="NAME", help="of the learning rates: " + ", ".join(SCHEDULES)
    )
    own = {"objective", "conditioning", "penalty", "techniques", "schedule"}
    own |= {"generator", "discriminator", "trainer_options", "seed"}
    parser.add_options_of(GAN, "gan", group, skip=own)


def gan_options(settings: Namespace) -> dict[str, Any]:
    """What the settings say of a GAN, as arguments of the class.

    Raises:
        UserError: An unknown name or a number that its object refuses; the option is named.
    """
    options: dict[str, Any] = settings.gan.as_dict()
    penalty = options["penalty"]
    if isinstance(penalty, str):
        options["penalty"] = choose(penalty, PENALTY_NAMES, "--gan.penalty")
    return {
        **options,
        "objective": choose(settings.objective, OBJECTIVE_NAMES, "--objective"),
        "techniques": [choose(text, TECHNIQUE_NAMES, "--gan.techniques") for text in options["techniques"]],
        "schedule": choose(options["schedule"], SCHEDULES, "--gan.schedule"),
        "keep_discriminator": options["keep_discriminator"] or settings.warm_start,
    }
