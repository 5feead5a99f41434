"""``--component``: what is boosted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from jsonargparse import Namespace

from adagan.components.adapters.class_conditional import ClassConditional
from adagan.components.catalogue import BY_NAME
from adagan.components.contract import learns_labels
from adagan.components.generators.gan.gan import GAN
from adagan.components.offer import Offer
from adagan.fitting import unfitted
from adagan.mixtures.errors import UserError
from adagan.options.gan_options import gan_options
from adagan.options.named_objects import choose
from adagan.options.own_component import names_own_code, own_component
from adagan.options.verb_parser import VerbParser

OPTION = "--component"


def add_component_options(parser: VerbParser) -> None:
    """What is boosted, how newcomers begin, and how Lightning trains them."""
    group = parser.add_argument_group("what is boosted")
    group.add_argument(
        OPTION,
        default="gan",
        metavar="NAME",
        help="; ".join(f"{name} ({offer.about})" for name, offer in BY_NAME.items())
        + "; NAME:NUMBER sets "
        + ", ".join(f"the {option} of {' and '.join(names)}" for option, names in _numbers().items())
        + "; MODULE:MAKE takes a class or function of your own, from the working directory or installed",
    )
    group.add_argument(
        "--warm-start",
        type=bool,
        default=False,
        help="whether every newcomer begins at the networks of the component before it, so that training adds up over "
        "the rounds; for " + ", ".join(name for name, offer in BY_NAME.items() if offer.warm_starts),
    )
    group.add_argument(
        "--trainer",
        type=dict[str, Any],
        default={},
        metavar="OPTIONS",
        help="further arguments of lightning.Trainer, such as '{precision: bf16-true}'",
    )


def _numbers() -> dict[str, list[str]]:
    """The names that take a number, by the option that it sets, in words."""
    found: dict[str, list[str]] = {}
    for name, offer in BY_NAME.items():
        if offer.number:
            found.setdefault(offer.number.replace("_", "-"), []).append(name)
    return found


def component_maker(settings: Namespace) -> Callable[[], Any]:
    """What makes the components that the settings describe, looked at once.

    Raises:
        UserError: An unknown name, a number that it does not take, or options that it refuses; the option is named.
    """
    text = settings.component
    if names_own_code(text) and text.partition(":")[0] not in BY_NAME:
        make = own_component(text)
    else:
        make = choose(text, {name: partial(_maker, offer, settings) for name, offer in BY_NAME.items()}, OPTION)
        _try(make, f"{OPTION} {text}: " if ":" in text else "")
    if settings.labels is not None and not learns_labels(unfitted(make, settings.seed)):
        return partial(ClassConditional, make)
    return make


def newcomer_maker(settings: Namespace) -> Callable[[], Any] | None:
    """What makes the components of the later rounds; ``None`` leaves it to the model.

    Raises:
        UserError: As `component_maker`.
    """
    if settings.newcomer is None:
        return None
    makers = {name: partial(_maker, offer, settings) for name, offer in BY_NAME.items()}
    make: Callable[[], Any] = choose(settings.newcomer, makers, "--newcomer")
    _try(make, f"--newcomer {settings.newcomer}: ")
    return make


def _maker(offer: Offer, settings: Namespace, number: float | None = None) -> Callable[[], Any]:
    options: dict[str, Any] = {"trainer_options": settings.trainer} if offer.in_steps else {}
    if issubclass(offer.kind, GAN):
        options.update(gan_options(settings))
    if number is not None:
        if not offer.number:
            raise UserError(f"{offer.name} takes no number")
        options[offer.number] = number
    return partial(offer, **options)


def _try(make: Callable[[], Any], where: str) -> None:
    try:
        make()
    except UserError as error:
        raise UserError(f"{where}{error}") from error
