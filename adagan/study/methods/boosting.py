"""Ways of boosting a GAN: the package's defaults, the paper's, and the paper's baseline."""

from __future__ import annotations

from adagan.mixtures.data_weights import TopKLast
from adagan.mixtures.refinement.refined import Samples
from adagan.mixtures.steps import Harmonic
from adagan.study.method import Lesson, Trained
from adagan.study.methods.baselines import gan
from adagan.study.methods.training import fit_alike, fit_boosted


def adagan(lesson: Lesson) -> Trained[Samples]:
    """AdaGAN with the package's defaults: its mixture, and what it samples, refined where held-out data say so."""
    return fit_boosted(gan, lesson)


def adagan_harmonic(lesson: Lesson) -> Trained[Samples]:
    """AdaGAN as in the paper's experiments: beta = 1/t for the target and for the mixture."""
    return fit_alike(gan, lesson, target=Harmonic(), step=Harmonic())


def top_k_last(lesson: Lesson) -> Trained[Samples]:
    """The paper's cascade baseline: the share of points that the last component's critic calls most real."""
    return fit_alike(gan, lesson, rule=TopKLast(0.5), step=Harmonic())
