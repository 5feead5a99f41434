"""Objectives: the pair of losses with which a generator and its discriminator train each other, one family per file."""

from adagan.components.adversarial.objectives.cross_entropy import (
    CrossEntropy,
    GeneralizedMinimax,
    Minimax,
    NonSaturating,
)
from adagan.components.adversarial.objectives.f_gan import FGAN
from adagan.components.adversarial.objectives.hinge import Hinge
from adagan.components.adversarial.objectives.least_squares import LeastSquares
from adagan.components.adversarial.objectives.objective import Objective
from adagan.components.adversarial.objectives.relativistic import RelativisticPairing
from adagan.components.adversarial.objectives.wasserstein import Wasserstein

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
