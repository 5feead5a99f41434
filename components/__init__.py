"""What is trained: components, critics, and what they are made of.

Components and critics stand in the lists of `adagan.components.catalogue` and `adagan.components.critics.catalogue`.
"""

from adagan.components import catalogue
from adagan.components.adapters.as_component import as_component
from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.catalogue import *  # noqa: F403
from adagan.components.conformance import check_component
from adagan.components.contract import Component, ConditionalComponent, WarmStarting
from adagan.components.critics import catalogue as critics_catalogue
from adagan.components.critics.calibration import Calibration
from adagan.components.critics.calibrators import BestOf, Calibrator, Isotonic, Platt, Temperature, VectorScaling
from adagan.components.critics.catalogue import *  # noqa: F403
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.components.generators.gan import conditioning, objectives, techniques
from adagan.components.generators.gan.conditioning import *  # noqa: F403
from adagan.components.generators.gan.objectives import *  # noqa: F403
from adagan.components.generators.gan.penalties import GradientPenalty, Penalty, ZeroCenteredPenalty
from adagan.components.generators.gan.techniques import *  # noqa: F403
from adagan.components.generators.moment_matching.kernels import GaussianKernel, RationalQuadratic
from adagan.components.generators.moment_matching.learnt_features import LearntFeatures
from adagan.components.networks.residual import ResidualMLP
from adagan.components.training.diverged import TrainingDiverged

__all__ = [
    "BestOf",
    "Calibration",
    "Calibrator",
    "Component",
    "ConditionalComponent",
    "GaussianKernel",
    "GradientPenalty",
    "ImageEncoding",
    "Isotonic",
    "LearntFeatures",
    "Penalty",
    "Platt",
    "RatioEstimator",
    "RationalQuadratic",
    "ResidualMLP",
    "TableEncoding",
    "Temperature",
    "TrainingDiverged",
    "VectorScaling",
    "WarmStarting",
    "ZeroCenteredPenalty",
    "as_component",
    "check_component",
]
__all__ += catalogue.__all__
__all__ += critics_catalogue.__all__
__all__ += conditioning.__all__
__all__ += objectives.__all__
__all__ += techniques.__all__
