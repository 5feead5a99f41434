"""Every kind of component that ``adagan study components`` boosts: what the package offers, and variants of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from adagan.components.catalogue import BY_NAME
from adagan.components.generators.gan.objectives import (
    FGAN,
    GeneralizedMinimax,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    RelativisticPairing,
    Wasserstein,
)
from adagan.components.generators.gan.penalties import GradientPenalty
from adagan.components.generators.gan.techniques import TECHNIQUES
from adagan.components.generators.gan.techniques.technique import Technique
from adagan.components.generators.moment_matching.learnt_features import LearntFeatures
from adagan.components.offer import Offer, Shape
from adagan.mixtures.divergences import DIVERGENCES
from adagan.mixtures.f_divergence import FDivergence
from adagan.options.named_objects import named
from adagan.study.methods.peers import kinds as peers


@dataclass(frozen=True)
class Kind:
    """A way of making a generator.

    Attributes:
        name: As on the command line.
        make: From the shape of an event and a number of training steps to an unfitted component, which takes its seed
            from torch's last manual one.
        in_steps: Whether it is trained in steps; if not, the number of steps means nothing to it, and it takes the
            time that it takes.
        labelled: Whether it learns from the points' classes, which it is given then.
    """

    name: str
    make: Callable[[Shape, int], Any]
    in_steps: bool = True
    labelled: bool = False


def _kind(offer: Offer, name: str = "", **options: Callable[[], Any]) -> Kind:
    """What the package offers, with options made anew for every component, under its own name or another."""

    def make(shape: Shape, steps: int) -> Any:
        length = {"max_steps": steps} if offer.in_steps else {}
        return offer(**offer.in_seconds(shape), **length, **{key: new() for key, new in options.items()})

    return Kind(name or offer.name, make, offer.in_steps, offer.learns_labels)


def _gan(name: str, objective: Callable[[], Any] = NonSaturating, **options: Callable[[], Any]) -> Kind:
    return _kind(BY_NAME["gan"], name, objective=objective, **options)


def _f_gan(divergence: Callable[..., FDivergence], *numbers: float) -> FGAN:
    return FGAN(divergence(*numbers))


def _alone(technique: Callable[..., Technique]) -> list[Technique]:
    return [technique()]


_NUMBERS: dict[str, tuple[float, ...]] = {"alpha": (0.5,), "generalized-jensen-shannon": (0.25,)}
_VARIANTS = (
    _gan("relativistic", RelativisticPairing),
    _gan("wasserstein-gradient-penalty", Wasserstein, penalty=GradientPenalty),
    _gan("hinge-spectral", Hinge, penalty=lambda: 0.0, spectral_normalization=lambda: True),
    _gan("least-squares", LeastSquares),
    _gan("gjs-covering", lambda: GeneralizedMinimax(0.2)),
    _gan("gjs-realistic", lambda: GeneralizedMinimax(0.8)),
    _gan("minimax", Minimax),
    _kind(BY_NAME["moment-matching"], "moment-matching-learnt", features=LearntFeatures),
    *(
        _gan(f"f-gan-{name}", partial(_f_gan, divergence, *_NUMBERS.get(name, ())))
        for name, divergence in named(DIVERGENCES).items()
    ),
    *(_gan(name, techniques=partial(_alone, technique)) for name, technique in named(TECHNIQUES).items()),
)

PEERS = (
    Kind("torchcfm", peers.torchcfm),
    Kind("forest-flow", peers.forest_flow, in_steps=False),
    Kind("dcgan", peers.dcgan),
)
"""Generators of others, of the extra ``peers``."""

# what the package offers comes before its variants: a table that is made in pieces begins with it
KINDS = {kind.name: kind for kind in (*(_kind(offer) for offer in BY_NAME.values()), *_VARIANTS, *PEERS)}
