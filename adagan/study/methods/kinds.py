"""Every kind of component that ``adagan study components`` boosts: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from adagan.components import (
    VAE,
    ConditionalGAN,
    Flow,
    FlowMatching,
    Gaussian,
    InfoGAN,
    LearntFeatures,
    Memoriser,
    MomentMatching,
    ScikitLearn,
    SemiSupervisedGAN,
)
from adagan.components.generators.gan.gan import GAN
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
from adagan.components.networks.defaults import is_long
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

Shape = tuple[int, ...]


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


def _width(shape: Shape, of_images: int = 32) -> int | None:
    """Half the default for images, whose convolutions would leave too few steps in a budget of seconds."""
    return of_images if len(shape) > 1 else None


def _for_gan(shape: Shape, steps: int) -> dict[str, Any]:
    """What all GANs of a shape have in common; in the few steps of a budget of seconds most need larger ones."""
    rate = 4e-3 if len(shape) > 1 else 2e-3 if is_long(shape) else 1e-3
    return {"max_steps": steps, "width": _width(shape), "learning_rate": rate}


def _gan(name: str, objective: Callable[[], Any] = NonSaturating, **options: Callable[[], Any]) -> Kind:
    """A GAN; its objective and options are made anew for every component."""

    def make(shape: Shape, steps: int) -> GAN:
        made = {key: make() for key, make in options.items()}
        return GAN(objective(), keep_discriminator=True, **_for_gan(shape, steps), **made)

    return Kind(name, make)


def _technique(name: str, technique: Callable[[], Any]) -> Kind:
    return _gan(name, techniques=lambda: [technique()])


def _flow(shape: Shape, steps: int) -> Flow:
    # the grey levels of images have no density without noise
    image = len(shape) > 1
    return Flow(flatten=image, noise=0.1 if image else 0.0, max_steps=steps)


def _moment_matching(features: Callable[[], Any], shape: Shape, steps: int) -> MomentMatching:
    return MomentMatching(features=features(), max_steps=steps, width=_width(shape))


def _gaussian_mixture(shape: Shape, steps: int) -> ScikitLearn:
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    return ScikitLearn(GaussianMixture(4, reg_covar=1e-4))


def _kernel_density(shape: Shape, steps: int) -> ScikitLearn:
    from sklearn.neighbors import KernelDensity  # type: ignore[import-untyped]

    return ScikitLearn(KernelDensity(bandwidth=0.1))


# the most important first: a table that is made in pieces begins with them
_ALL = (
    _gan("gan"),
    Kind("vae", lambda shape, steps: VAE(max_steps=steps, width=_width(shape))),
    Kind("flow-matching", lambda shape, steps: FlowMatching(max_steps=steps, width=_width(shape, 16))),
    _gan("relativistic", RelativisticPairing),
    Kind("flow", _flow),
    _gan("wasserstein-gradient-penalty", Wasserstein, penalty=GradientPenalty),
    _gan("hinge-spectral", Hinge, penalty=lambda: 0.0, spectral_normalization=lambda: True),
    _gan("least-squares", LeastSquares),
    Kind("moment-matching", partial(_moment_matching, lambda: None)),
    Kind("gaussian-mixture", _gaussian_mixture, in_steps=False),
    Kind("kernel-density", _kernel_density, in_steps=False),
    Kind("gaussian", lambda shape, steps: Gaussian(regularisation=1e-6), in_steps=False),
    Kind("memoriser", lambda shape, steps: Memoriser(), in_steps=False),
    _gan("f-gan-forward-kl", lambda: FGAN(ForwardKL())),
    _gan("f-gan-reverse-kl", lambda: FGAN(ReverseKL())),
    _gan("gjs-covering", lambda: GeneralizedMinimax(0.2)),
    _gan("gjs-realistic", lambda: GeneralizedMinimax(0.8)),
    _gan("minimax", Minimax),
    Kind("info-gan", lambda shape, steps: InfoGAN(**_for_gan(shape, steps))),
    Kind("conditional-gan", lambda shape, steps: ConditionalGAN(**_for_gan(shape, steps)), labelled=True),
    Kind("semi-supervised-gan", lambda shape, steps: SemiSupervisedGAN(**_for_gan(shape, steps)), labelled=True),
    _technique("packing", Packing),
    _technique("unrolled", Unrolled),
    _technique("minibatch-statistics", MinibatchStatistics),
    _technique("feature-matching", FeatureMatching),
    _technique("instance-noise", InstanceNoise),
    _technique("label-smoothing", LabelSmoothing),
    _technique("historical-averaging", HistoricalAveraging),
    Kind("moment-matching-learnt", partial(_moment_matching, LearntFeatures)),
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

KINDS = {kind.name: kind for kind in _ALL}
