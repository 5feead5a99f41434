"""PacGAN: the study's GAN, whose discriminator judges packs of points."""

from __future__ import annotations

import time

from adagan.components import GAN
from adagan.components.generators.gan.techniques import Packing
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.refined import Samples
from adagan.study.method import Lesson, Trained
from adagan.study.methods.training import component_cost, fit_bare


def _packed(steps: int) -> GAN:
    return GAN(max_steps=steps, techniques=[Packing(2)])


def pacgan(lesson: Lesson) -> Trained[Samples]:
    """One GAN with packs of two, given the whole budget.

    References:
        Lin, Khetan, Fanti, Oh, *PacGAN: The power of two samples in generative adversarial networks*, 2018, section 3,
        https://arxiv.org/abs/1712.04086
    """
    cost = component_cost(_packed, lesson)
    start = time.process_time()
    component = fit_bare(_packed, cost, lesson)
    return Trained((Mixture([component]),), 1, time.process_time() - start)
