"""The mathematics of boosted mixtures: divergences, data weights, steps, mixture weights, refinement, the mixture."""

from adagan.mixtures.data_weights import (
    Dagger,
    DataWeightRule,
    DataWeights,
    Flattened,
    Multiplicative,
    Star,
    TopK,
    TopKLast,
    Uniform,
)
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
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.balanced import Balanced
from adagan.mixtures.refinement.chains import ImportanceResampling, MetropolisHastings
from adagan.mixtures.refinement.methods import (
    BudgetedRejection,
    Pilot,
    Refinement,
    RefinementRecord,
    Rejection,
    budgeted_acceptance,
    effective_sample_size,
    importance_weights,
)
from adagan.mixtures.refinement.refined import Refined
from adagan.mixtures.sampling.streaming import stream_samples
from adagan.mixtures.steps import (
    Constant,
    FullyCorrective,
    Harmonic,
    KeepShare,
    LineSearch,
    MissingMass,
    MixtureStep,
    Step,
    missing_mass,
)
from adagan.mixtures.weights.intervals import MixtureWeightIntervals, bootstrap_mixture_weights
from adagan.mixtures.weights.mixture_weights import (
    MixtureWeights,
    fit_mixture_weights,
    minimise_divergence,
    mixture_log_ratio,
)

__all__ = [
    "Alpha",
    "Balanced",
    "BudgetedRejection",
    "Constant",
    "Dagger",
    "DataWeightRule",
    "DataWeights",
    "FDivergence",
    "Flattened",
    "ForwardKL",
    "FullyCorrective",
    "GeneralizedJensenShannon",
    "Harmonic",
    "ImportanceResampling",
    "Jeffreys",
    "JensenShannon",
    "KeepShare",
    "LeCam",
    "LineSearch",
    "MetropolisHastings",
    "MissingMass",
    "Mixture",
    "MixtureStep",
    "MixtureWeightIntervals",
    "MixtureWeights",
    "Multiplicative",
    "NeymanChi2",
    "PearsonChi2",
    "Pilot",
    "Refined",
    "Refinement",
    "RefinementRecord",
    "Rejection",
    "ReverseKL",
    "SquaredHellinger",
    "Star",
    "Step",
    "TopK",
    "TopKLast",
    "TotalVariation",
    "Uniform",
    "bootstrap_mixture_weights",
    "budgeted_acceptance",
    "effective_sample_size",
    "fit_mixture_weights",
    "importance_weights",
    "minimise_divergence",
    "missing_mass",
    "mixture_log_ratio",
    "stream_samples",
]
