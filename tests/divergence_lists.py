"""Every f-divergence, at several values of its parameter if it has one, for the tests that hold for all of them."""

from adagan.mixtures import JensenShannon, LeCam, SquaredHellinger, TotalVariation, divergences
from adagan.mixtures.f_divergence import FDivergence

DIVERGENCES: list[FDivergence] = [
    kind(*parameters)
    for kind in divergences.DIVERGENCES
    for parameters in ([(value,) for value in kind.examples] or [()])
]
SMOOTH = [divergence for divergence in DIVERGENCES if not isinstance(divergence, TotalVariation)]
METRIC_ROOTS = [JensenShannon(), SquaredHellinger(), TotalVariation(), LeCam()]
