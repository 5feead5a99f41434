"""Objectives: the pair of losses with which a generator and its discriminator train each other, one family per file."""

from adagan.components.generators.gan.objectives.cross_entropy import (
    CrossEntropy,
    GeneralizedMinimax,
    Minimax,
    NonSaturating,
)
from adagan.components.generators.gan.objectives.f_gan import FGAN
from adagan.components.generators.gan.objectives.hinge import Hinge
from adagan.components.generators.gan.objectives.least_squares import LeastSquares
from adagan.components.generators.gan.objectives.objective import Objective
from adagan.components.generators.gan.objectives.relativistic import RelativisticPairing
from adagan.components.generators.gan.objectives.wasserstein import Wasserstein

OBJECTIVES: tuple[type[Objective], ...] = (
    NonSaturating,
    Minimax,
    GeneralizedMinimax,
    LeastSquares,
    Wasserstein,
    Hinge,
    RelativisticPairing,
)
"""Every objective beside those of f-divergences; the command line reads this list."""

__all__ = [
    "FGAN",
    "CrossEntropy",
    "GeneralizedMinimax",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "Objective",
    "RelativisticPairing",
    "Wasserstein",
]
