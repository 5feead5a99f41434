"""Options that the chosen component never reads: they are refused, as their users expect an effect."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import Namespace

from adagan.components.catalogue import BY_NAME
from adagan.components.critics.catalogue import CRITICS_BY_NAME
from adagan.components.generators.gan.gan import GAN
from adagan.mixtures.errors import UserError


def check_relevance(words: Sequence[str], settings: Namespace) -> None:
    """Makes sure that every option on the command line has an effect; a configuration file names them all.

    Raises:
        UserError: One has none; it is named, with what it belongs to.
    """
    names = [word.partition("=")[0].replace("_", "-") for word in words if word.startswith("--")]
    component = str(settings.component)
    offer = BY_NAME.get(component.partition(":")[0])
    kind = CRITICS_BY_NAME.get(settings.critic_kind)
    networks = settings.resolution is not None or (kind is not None and kind.in_steps)  # critics have a trainer too
    for name in names:
        if (name.startswith("--gan.") or name == "--objective") and not (offer and issubclass(offer.kind, GAN)):
            also = f", and {offer.name}:1000 sets {offer.number.replace('_', '-')}" if offer and offer.number else ""
            raise UserError(f"{name}: it is an option of GANs, and --component is {component}; leave it out{also}")
        if name.partition(".")[0] == "--trainer" and offer and not offer.in_steps and not networks:
            raise UserError(f"{name}: neither {component} nor the critic is trained by Lightning; leave it out")
        if name == "--warm-start" and settings.warm_start and offer and not offer.warm_starts:
            raise UserError(f"{name}: {component} cannot begin where another has ended; leave it out")
