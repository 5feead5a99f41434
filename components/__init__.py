"""What is trained: generators, their adversaries, the critic, and the loader they share."""

from adagan.components.adapters.class_conditional import ClassConditional
from adagan.components.adapters.lightning_generator import LightningGenerator
from adagan.components.adapters.scikit_learn import ScikitLearn
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.adapters.tables.tabular import Tabular
from adagan.components.adapters.wrapped import Wrapped, as_component
from adagan.components.conformance import check_component
from adagan.components.contract import Component
from adagan.components.critics.binary_critic import BinaryCritic
from adagan.components.critics.calibration import Calibration
from adagan.components.critics.calibrators import BestOf, Calibrator, Isotonic, Platt, Temperature, VectorScaling
from adagan.components.critics.classifier_critic import ClassifierCritic
from adagan.components.critics.critic import Critic
from adagan.components.critics.exact_critic import ExactCritic
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.components.critics.ratio_estimator import RatioEstimator, WarmStarting
from adagan.components.generators.flow import Flow
from adagan.components.generators.flow_matching import FlowMatching
from adagan.components.generators.gan.conditional_gan import ConditionalGAN
from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.info_gan import InfoGAN
from adagan.components.generators.gan.objectives import (
    FGAN,
    CrossEntropy,
    GeneralizedMinimax,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticPairing,
    Wasserstein,
)
from adagan.components.generators.gan.penalties import GradientPenalty, Penalty, ZeroCenteredPenalty
from adagan.components.generators.gan.semi_supervised_gan import SemiSupervisedGAN
from adagan.components.generators.gan.techniques import (
    FeatureMatching,
    HistoricalAveraging,
    InstanceNoise,
    LabelSmoothing,
    MinibatchStatistics,
    Packing,
    Technique,
    Unrolled,
)
from adagan.components.generators.gaussian import Gaussian
from adagan.components.generators.memoriser import Memoriser
from adagan.components.generators.moment_matching import MomentMatching
from adagan.components.generators.vae import VAE
from adagan.components.labels import ConditionalComponent
from adagan.components.networks.kernels import GaussianKernel, RationalQuadratic
from adagan.components.networks.learnt_features import LearntFeatures
from adagan.components.networks.residual import ResidualMLP
from adagan.components.training.trainer import TrainingDiverged

__all__ = [
    "FGAN",
    "GAN",
    "VAE",
    "BestOf",
    "BinaryCritic",
    "Calibration",
    "Calibrator",
    "ClassConditional",
    "ClassifierCritic",
    "Component",
    "ConditionalComponent",
    "ConditionalGAN",
    "Critic",
    "CrossEntropy",
    "ExactCritic",
    "FeatureMatching",
    "Flow",
    "FlowMatching",
    "Gaussian",
    "GaussianKernel",
    "GeneralizedMinimax",
    "GradientPenalty",
    "Hinge",
    "HistoricalAveraging",
    "InfoGAN",
    "InstanceNoise",
    "Isotonic",
    "KernelCritic",
    "LabelSmoothing",
    "LearntFeatures",
    "LeastSquares",
    "LightningGenerator",
    "Memoriser",
    "MinibatchStatistics",
    "Minimax",
    "MomentMatching",
    "NonSaturating",
    "Objective",
    "Packing",
    "Penalty",
    "Platt",
    "RatioEstimator",
    "RationalQuadratic",
    "RelativisticPairing",
    "ResidualMLP",
    "ScikitLearn",
    "SemiSupervisedGAN",
    "TableEncoding",
    "Tabular",
    "Technique",
    "Temperature",
    "TrainingDiverged",
    "Unrolled",
    "VectorScaling",
    "WarmStarting",
    "Wasserstein",
    "Wrapped",
    "ZeroCenteredPenalty",
    "as_component",
    "check_component",
]
