"""What is trained: generators, their adversaries, the critic, and the loader they share."""

from adagan.components.adversarial.conditional_gan import ConditionalGAN
from adagan.components.adversarial.gan import GAN
from adagan.components.adversarial.info_gan import InfoGAN
from adagan.components.adversarial.objectives import (
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
from adagan.components.adversarial.penalties import GradientPenalty, Penalty, ZeroCenteredPenalty
from adagan.components.adversarial.semi_supervised_gan import SemiSupervisedGAN
from adagan.components.adversarial.techniques import (
    FeatureMatching,
    HistoricalAveraging,
    InstanceNoise,
    LabelSmoothing,
    MinibatchStatistics,
    Packing,
    Technique,
    Unrolled,
)
from adagan.components.class_conditional import ClassConditional
from adagan.components.component import Component
from adagan.components.conditional import ConditionalComponent
from adagan.components.conformance import check_component
from adagan.components.critics.binary_critic import BinaryCritic
from adagan.components.critics.calibration import Calibration
from adagan.components.critics.calibrators import BestOf, Calibrator, Isotonic, Platt, Temperature, VectorScaling
from adagan.components.critics.classifier_critic import ClassifierCritic
from adagan.components.critics.critic import Critic
from adagan.components.critics.exact_critic import ExactCritic
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.components.critics.ratio_estimator import RatioEstimator, WarmStarting
from adagan.components.flow import Flow
from adagan.components.flow_matching import FlowMatching
from adagan.components.gaussian import Gaussian
from adagan.components.kernels import GaussianKernel, RationalQuadratic
from adagan.components.learnt_features import LearntFeatures
from adagan.components.lightning_generator import LightningGenerator
from adagan.components.memoriser import Memoriser
from adagan.components.moment_matching import MomentMatching
from adagan.components.residual import ResidualMLP
from adagan.components.scikit_learn import ScikitLearn
from adagan.components.tables.table_encoding import TableEncoding
from adagan.components.tables.tabular import Tabular
from adagan.components.training import TrainingDiverged
from adagan.components.vae import VAE
from adagan.components.wrapped import Wrapped, as_component

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
