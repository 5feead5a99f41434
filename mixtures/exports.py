"""What `adagan.mixtures` offers; it is imported when the first of these names is used."""

from adagan.mixtures import divergences
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
from adagan.mixtures.divergences import *  # noqa: F403
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.kept_if_better import KeptIfBetter
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
from adagan.mixtures.sampling.shards import Shard
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
    "Balanced",
    "BudgetedRejection",
    "Constant",
    "Dagger",
    "DataWeightRule",
    "DataWeights",
    "FDivergence",
    "Flattened",
    "FullyCorrective",
    "Harmonic",
    "ImportanceResampling",
    "KeepShare",
    "KeptIfBetter",
    "LineSearch",
    "MetropolisHastings",
    "MissingMass",
    "Mixture",
    "MixtureStep",
    "MixtureWeightIntervals",
    "MixtureWeights",
    "Multiplicative",
    "Pilot",
    "Refined",
    "Refinement",
    "RefinementRecord",
    "Rejection",
    "Shard",
    "Star",
    "Step",
    "TopK",
    "TopKLast",
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
__all__ += divergences.__all__
__all__.sort()
