"""Every f-divergence, for the tests that hold for all of them: a new one is one entry."""

from adagan.mixtures.divergences import (
    Alpha,
    FDivergence,
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

DIVERGENCES: list[FDivergence] = [
    ForwardKL(),
    ReverseKL(),
    JensenShannon(),
    GeneralizedJensenShannon(0.1),
    GeneralizedJensenShannon(0.5),
    GeneralizedJensenShannon(0.9),
    PearsonChi2(),
    NeymanChi2(),
    SquaredHellinger(),
    TotalVariation(),
    LeCam(),
    Jeffreys(),
    Alpha(-1.0),
    Alpha(0.5),
    Alpha(1.5),
    Alpha(3.0),
]
SMOOTH = [divergence for divergence in DIVERGENCES if not isinstance(divergence, TotalVariation)]
METRIC_ROOTS = [JensenShannon(), SquaredHellinger(), TotalVariation(), LeCam()]
