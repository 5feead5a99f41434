"""All components of the package, in one list: a new one is a file of its own and an entry here.

Exports, the classes that stored files may name, the command line, the study and the contract's tests read this list.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from adagan.components.adapters.already_trained import AlreadyTrained
from adagan.components.adapters.class_conditional import ClassConditional
from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.components.adapters.lightning_generator import LightningGenerator
from adagan.components.adapters.scikit_learn import ScikitLearn, gaussian_mixture, kernel_density
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.adapters.wrapped import Wrapped
from adagan.components.critics.catalogue import CRITICS
from adagan.components.generators.flow import Flow
from adagan.components.generators.flow_matching import FlowMatching
from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.relatives import ConditionalGAN, InfoGAN, SemiSupervisedGAN
from adagan.components.generators.gan.version_0_1 import FORMER
from adagan.components.generators.gaussian import Gaussian
from adagan.components.generators.memoriser import Memoriser
from adagan.components.generators.moment_matching.moment_matching import MomentMatching
from adagan.components.generators.patch import Patch
from adagan.components.generators.vae import VAE
from adagan.components.networks.defaults import is_long
from adagan.components.offer import Offer, Shape, by_name
from adagan.mixtures.refinement.balanced import Balanced

__all__ = [
    "GAN",
    "VAE",
    "AlreadyTrained",
    "ClassConditional",
    "ConditionalGAN",
    "Flow",
    "FlowMatching",
    "Gaussian",
    "InfoGAN",
    "LightningGenerator",
    "Memoriser",
    "MomentMatching",
    "Patch",
    "ScikitLearn",
    "SemiSupervisedGAN",
    "Wrapped",
]


def _narrow(shape: Shape) -> Mapping[str, Any]:
    """Half the default for images, whose convolutions would leave too few steps in seconds."""
    return {"width": 32 if len(shape) > 1 else None}


def _adversarial(shape: Shape) -> Mapping[str, Any]:
    """In the few steps of seconds most GANs need a larger learning rate."""
    rate = 4e-3 if len(shape) > 1 else 2e-3 if is_long(shape) else 1e-3
    return {**_narrow(shape), "learning_rate": rate}


def _gan(shape: Shape) -> Mapping[str, Any]:
    """One that is told nothing hands on its discriminator too."""
    return {**_adversarial(shape), "keep_discriminator": True}


def _flow(shape: Shape) -> Mapping[str, Any]:
    """The grey levels of images have no density without noise."""
    image = len(shape) > 1
    return {"flatten": image, "noise": 0.1 if image else 0.0}


_TINY = {"width": 16, "max_steps": 60, "batch_size": 64}
_TINY_GAN = {"latent_dim": 2, "width": 16, "max_steps": 60, "batch_size": 64, "learning_rate": 1e-2, "ema_decay": 0.9}

_adversarial_offer = partial(Offer, in_steps=True, in_seconds=_adversarial, tiny=_TINY_GAN)
_trained_offer = partial(Offer, number="max_steps", in_steps=True, in_seconds=_narrow)

COMPONENTS: tuple[Offer, ...] = (
    _adversarial_offer(GAN, "gan", "two networks, one against the other", in_seconds=_gan),
    _adversarial_offer(
        GAN,
        "conditional-gan",
        "a GAN that is told the classes, and samples those wanted",
        make=ConditionalGAN,
        tiny={**_TINY_GAN, "max_steps": 100, "penalty": 1.0},
    ),
    _adversarial_offer(
        GAN, "semi-supervised-gan", "a GAN that learns the classes from few labels", make=SemiSupervisedGAN
    ),
    _adversarial_offer(
        GAN,
        "info-gan",
        "a GAN with a code that the samples tell",
        make=InfoGAN,
        number="categorical",
        tiny={**_TINY_GAN, "categorical": 2, "continuous": 1, "latent_dim": 5},
    ),
    _trained_offer(VAE, "vae", "a variational autoencoder", tiny={**_TINY, "latent_dim": 2}),
    _trained_offer(
        Flow,
        "flow",
        "a normalising flow, with densities",
        in_seconds=_flow,
        tiny={**_TINY, "width": 8, "transforms": 1, "max_steps": 40},
    ),
    _trained_offer(
        FlowMatching,
        "flow-matching",
        "a velocity field from noise to data",
        in_seconds=lambda shape: {"width": 16 if len(shape) > 1 else None},
        tiny={**_TINY, "sampling_steps": 4},
    ),
    _trained_offer(
        MomentMatching,
        "moment-matching",
        "a network that matches the data under a kernel",
        tiny={**_TINY, "latent_dim": 2},
    ),
    Offer(Memoriser, "memoriser", "repeats the data: a negative control"),
    Offer(Gaussian, "gaussian", "mean and covariance", in_seconds=lambda shape: {"regularisation": 1e-6}),
    Offer(Patch, "patch", "Gaussians, as many as the data ask for"),
    Offer(
        ScikitLearn,
        "gaussian-mixture",
        "scikit-learn's GaussianMixture",
        make=gaussian_mixture,
        number="size",
        in_seconds=lambda shape: {"size": 4, "reg_covar": 1e-4},
        tiny={"size": 2},
    ),
    Offer(
        ScikitLearn,
        "kernel-density",
        "scikit-learn's KernelDensity",
        make=kernel_density,
        number="bandwidth",
    ),
    Offer(ClassConditional, about="one component per class", tiny={"make_component": Gaussian}),
    Offer(LightningGenerator, about="any LightningModule", tiny=None),
    Offer(Wrapped, about="any object with fit and sample", tiny=None),
    Offer(AlreadyTrained, about="any object that samples, as it is", tiny=None),
)
BY_NAME = by_name(COMPONENTS)
"""The components of the command line."""

PUBLISHED: tuple[type[Any], ...] = tuple(
    dict.fromkeys([*(offer.kind for offer in (*COMPONENTS, *CRITICS)), *FORMER, Balanced, TableEncoding, ImageEncoding])
)
"""The classes that a stored file may name: the package's one entry point."""
