"""What is trained: generators, their adversaries, the critic, and the loader they share."""

from adagan.components.calibration import Calibration
from adagan.components.component import Component
from adagan.components.conformance import check_component
from adagan.components.critic import Critic
from adagan.components.gan import GAN
from adagan.components.gaussian import Gaussian
from adagan.components.objectives import LeastSquares, NonSaturating, Objective
from adagan.components.scikit_learn import ScikitLearn
from adagan.components.training import TrainingDiverged
from adagan.components.wrapped import Wrapped, as_component

__all__ = [
    "GAN",
    "Calibration",
    "Component",
    "Critic",
    "Gaussian",
    "LeastSquares",
    "NonSaturating",
    "Objective",
    "ScikitLearn",
    "TrainingDiverged",
    "Wrapped",
    "as_component",
    "check_component",
]
