"""Every kind of component that ``adagan study components`` boosts: what the package offers, and variants of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from adagan.components.generators.gan.techniques import (
    FeatureMatching,
    HistoricalAveraging,
    InstanceNoise,
    LabelSmoothing,
    MinibatchStatistics,
    Packing,
    Unrolled,
)
from adagan.components.generators.moment_matching.learnt_features import LearntFeatures
from adagan.components.offer import Offer, Shape
from adagan.mixtures.divergences import (
    Alpha,
    ForwardKL,
    GeneralizedJensenShannon,
    Jeffreys,
    JensenShannon,
    LeCam,
    NeymanChi2,
    PearsonChi2,
    ReverseKL,
    SquaredHellinger,
    TotalVariation,
)


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


def _technique(name: str, technique: Callable[[], Any]) -> Kind:
    return _gan(name, techniques=lambda: [technique()])


_VARIANTS = (
    _gan("relativistic", RelativisticPairing),
    _gan("wasserstein-gradient-penalty", Wasserstein, penalty=GradientPenalty),
    _gan("hinge-spectral", Hinge, penalty=lambda: 0.0, spectral_normalization=lambda: True),
    _gan("least-squares", LeastSquares),
    _gan("f-gan-forward-kl", lambda: FGAN(ForwardKL())),
    _gan("f-gan-reverse-kl", lambda: FGAN(ReverseKL())),
    _gan("gjs-covering", lambda: GeneralizedMinimax(0.2)),
    _gan("gjs-realistic", lambda: GeneralizedMinimax(0.8)),
    _gan("minimax", Minimax),
    _technique("packing", Packing),
    _technique("unrolled", Unrolled),
    _technique("minibatch-statistics", MinibatchStatistics),
    _technique("feature-matching", FeatureMatching),
    _technique("instance-noise", InstanceNoise),
    _technique("label-smoothing", LabelSmoothing),
    _technique("historical-averaging", HistoricalAveraging),
    _kind(BY_NAME["moment-matching"], "moment-matching-learnt", features=LearntFeatures),
    _gan("f-gan-jensen-shannon", lambda: FGAN(JensenShannon())),
    _gan("f-gan-squared-hellinger", lambda: FGAN(SquaredHellinger())),
    _gan("f-gan-pearson-chi2", lambda: FGAN(PearsonChi2())),
    _gan("f-gan-neyman-chi2", lambda: FGAN(NeymanChi2())),
    _gan("f-gan-total-variation", lambda: FGAN(TotalVariation())),
    _gan("f-gan-le-cam", lambda: FGAN(LeCam())),
    _gan("f-gan-jeffreys", lambda: FGAN(Jeffreys())),
    _gan("f-gan-alpha", lambda: FGAN(Alpha(0.5))),
    _gan("f-gan-generalized-jensen-shannon", lambda: FGAN(GeneralizedJensenShannon(0.25))),
)

# what the package offers comes before its variants: a table that is made in pieces begins with it
KINDS = {kind.name: kind for kind in (*(_kind(offer) for offer in BY_NAME.values()), *_VARIANTS)}
