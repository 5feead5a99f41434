"""The component contract for a GAN of every objective, technique and penalty, on a few steps of training."""

from typing import Any

import pytest
from divergence_lists import DIVERGENCES

from adagan.components import (
    FGAN,
    GAN,
    FeatureMatching,
    GeneralizedMinimax,
    GradientPenalty,
    Hinge,
    HistoricalAveraging,
    InstanceNoise,
    LabelSmoothing,
    LeastSquares,
    MinibatchStatistics,
    Minimax,
    NonSaturating,
    Objective,
    Packing,
    RelativisticPairing,
    Technique,
    Unrolled,
    Wasserstein,
    ZeroCenteredPenalty,
    check_component,
)

OBJECTIVES: list[Objective] = [
    NonSaturating(),
    Minimax(),
    GeneralizedMinimax(0.2),
    LeastSquares(),
    Hinge(),
    Wasserstein(),
    RelativisticPairing(),
    *(FGAN(divergence) for divergence in DIVERGENCES),
]
TECHNIQUES: list[Technique] = [
    FeatureMatching(),
    HistoricalAveraging(),
    InstanceNoise(),
    LabelSmoothing(),
    MinibatchStatistics(),
    Packing(2),
    Unrolled(2),
]
OPTIONS: dict[str, dict[str, Any]] = {
    **{repr(objective): {"objective": objective} for objective in OBJECTIVES},
    **{repr(technique): {"techniques": [technique]} for technique in TECHNIQUES},
    "gradient penalty": {"objective": Wasserstein(), "penalty": GradientPenalty()},
    "penalty at data": {"penalty": ZeroCenteredPenalty(0.1, at_samples=False)},
    "spectral normalisation": {"objective": Hinge(), "penalty": 0.0, "spectral_normalization": True},
    "all together": {
        "objective": Wasserstein(),
        "penalty": GradientPenalty(),
        "spectral_normalization": True,
        "techniques": [MinibatchStatistics(4, 2), Packing(2), HistoricalAveraging(), InstanceNoise(), Unrolled(2)],
        "discriminator_steps": 2,
    },
}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_contract_holds(name: str) -> None:
    check_component(
        lambda: GAN(latent_dim=2, width=16, max_steps=10, batch_size=64, learning_rate=5e-3, **OPTIONS[name])
    )
