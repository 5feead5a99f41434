"""The f-divergences of the command line."""

from __future__ import annotations

from collections.abc import Callable

from adagan.mixtures import divergences as d
from adagan.mixtures.f_divergence import FDivergence

DIVERGENCES: dict[str, Callable[..., FDivergence]] = {
    "jensen-shannon": d.JensenShannon,
    "generalized-jensen-shannon": d.GeneralizedJensenShannon,
    "forward-kl": d.ForwardKL,
    "reverse-kl": d.ReverseKL,
    "pearson-chi2": d.PearsonChi2,
    "neyman-chi2": d.NeymanChi2,
    "squared-hellinger": d.SquaredHellinger,
    "total-variation": d.TotalVariation,
    "le-cam": d.LeCam,
    "jeffreys": d.Jeffreys,
    "alpha": d.Alpha,
}
