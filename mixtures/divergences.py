"""f-divergences D_f(model ‖ data), written as functions of the log density ratio.

Every divergence is two one-line functions of ``log_ratio = log dP_model/dP_data``: `f` and its `derivative` with
respect to the ratio. Everything else (the value between finite distributions, the estimate from samples, the critic's
and the generator's loss of f-GAN) follows from these two, in `adagan.mixtures.f_divergence`.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from adagan.mixtures.errors import UserError
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.numbers import check_share

__all__ = [
    "Alpha",
    "ForwardKL",
    "GeneralizedJensenShannon",
    "Jeffreys",
    "JensenShannon",
    "LeCam",
    "NeymanChi2",
    "PearsonChi2",
    "ReverseKL",
    "SquaredHellinger",
    "TotalVariation",
]
# the one list of divergences: `adagan.mixtures`, the command line, the f-GAN objectives and the tests read it

_LOG_2 = math.log(2.0)


def _log1pexp(x: Tensor) -> Tensor:
    """log(1 + e^x)."""
    return softplus(x, threshold=40.0)  # beyond its own threshold of 20 torch's is off by 2e-9


class ForwardKL(FDivergence):
    """KL(data ‖ model), f(u) = −log u: mass-covering; its minimiser is maximum likelihood."""

    value_at_zero = math.inf
    slope_at_infinity = 0.0

    def f(self, log_ratio: Tensor) -> Tensor:
        return -log_ratio

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return -torch.exp(-log_ratio)

    def reduced(self, log_ratio: Tensor) -> Tensor:
        return -log_ratio

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        return torch.full_like(log_ratio, -1.0)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return torch.ones_like(log_ratio)


class ReverseKL(FDivergence):
    """KL(model ‖ data), f(u) = u log u: mode-seeking; it hardly sees missing modes."""

    value_at_zero = 0.0
    slope_at_infinity = math.inf

    def f(self, log_ratio: Tensor) -> Tensor:
        return log_ratio.exp() * log_ratio

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return log_ratio + 1

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return log_ratio.exp()


class JensenShannon(FDivergence):
    """½[u log u − (u + 1) log((u + 1)/2)], the divergence of the original GAN; its root is a metric.

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, https://arxiv.org/abs/1406.2661
    """

    value_at_zero = 0.5 * _LOG_2
    slope_at_infinity = 0.5 * _LOG_2

    def f(self, log_ratio: Tensor) -> Tensor:
        ratio = log_ratio.exp()
        return 0.5 * (_LOG_2 * (ratio + 1) - ratio * _log1pexp(-log_ratio) - _log1pexp(log_ratio))

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return 0.5 * (_LOG_2 - _log1pexp(-log_ratio))

    def reduced(self, log_ratio: Tensor) -> Tensor:
        return _LOG_2 - 0.5 * (log_ratio.exp() * _log1pexp(-log_ratio) + _log1pexp(log_ratio))

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        return -0.5 * log_ratio.exp() * _log1pexp(-log_ratio)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return 0.5 * torch.sigmoid(log_ratio)


class GeneralizedJensenShannon(FDivergence):
    """pi KL(data ‖ M) + (1 − pi) KL(model ‖ M) with M = pi data + (1 − pi) model: the dial between the two KLs.

    Divided by pi it tends to ForwardKL as pi → 0, divided by 1 − pi to ReverseKL as pi → 1.

    Args:
        pi: The data's share in M, in (0, 1). One half is JensenShannon.

    References:
        Huszár, *How (not) to train your generative model*, 2015, https://arxiv.org/abs/1511.05101
    """

    examples: ClassVar[tuple[float, ...]] = (0.1, 0.5, 0.9)

    def __init__(self, pi: float) -> None:
        self.pi = check_share(pi, "pi", upper_closed=False)
        self.value_at_zero = -self.pi * math.log(self.pi)
        self.slope_at_infinity = -(1 - self.pi) * math.log1p(-self.pi)

    def _log_half(self, log_ratio: Tensor) -> Tensor:
        """The logarithm of dM/dP_data = pi + (1 − pi) u."""
        return torch.logaddexp(torch.full_like(log_ratio, math.log(self.pi)), math.log1p(-self.pi) + log_ratio)

    def f(self, log_ratio: Tensor) -> Tensor:
        half = self._log_half(log_ratio)
        return (1 - self.pi) * log_ratio.exp() * (log_ratio - half) - self.pi * half

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return (1 - self.pi) * (log_ratio - self._log_half(log_ratio))

    def reduced(self, log_ratio: Tensor) -> Tensor:
        return self.reduced_slope(log_ratio) - self.pi * self._log_half(log_ratio) + self.slope_at_infinity

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        odds = math.log(self.pi) - math.log1p(-self.pi)
        return -(1 - self.pi) * log_ratio.exp() * _log1pexp(odds - log_ratio)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return self.pi * torch.sigmoid(log_ratio + math.log1p(-self.pi) - math.log(self.pi))


class PearsonChi2(FDivergence):
    """(u − 1)²: what least-squares GANs minimise, up to their mixture argument.

    References:
        Mao et al., *Least squares generative adversarial networks*, 2017, https://arxiv.org/abs/1611.04076
    """

    value_at_zero = 1.0
    slope_at_infinity = math.inf

    def f(self, log_ratio: Tensor) -> Tensor:
        return torch.expm1(log_ratio).square()

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return 2 * torch.expm1(log_ratio)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return 2 * torch.exp(2 * log_ratio)


class NeymanChi2(FDivergence):
    """(1 − u)²/u."""

    value_at_zero = math.inf
    slope_at_infinity = 1.0

    def f(self, log_ratio: Tensor) -> Tensor:
        return 4 * torch.sinh(log_ratio / 2).square()

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return -torch.expm1(-2 * log_ratio)

    def reduced(self, log_ratio: Tensor) -> Tensor:
        return torch.expm1(-log_ratio)

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        return -torch.exp(-log_ratio)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return 2 * torch.exp(-log_ratio)


class SquaredHellinger(FDivergence):
    """(√u − 1)²; its root is a metric."""

    value_at_zero = 1.0
    slope_at_infinity = 1.0

    def f(self, log_ratio: Tensor) -> Tensor:
        return torch.expm1(log_ratio / 2).square()

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return -torch.expm1(-log_ratio / 2)

    def reduced(self, log_ratio: Tensor) -> Tensor:
        return -2 * torch.expm1(log_ratio / 2)

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        return -torch.exp(log_ratio / 2)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return 0.5 * torch.exp(log_ratio / 2)


class TotalVariation(FDivergence):
    """½ |u − 1|; its root is a metric, and its derivative jumps at 1 (zero is returned there)."""

    value_at_zero = 0.5
    slope_at_infinity = 0.5

    def f(self, log_ratio: Tensor) -> Tensor:
        return 0.5 * torch.expm1(log_ratio).abs()

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return 0.5 * torch.sign(log_ratio)

    def reduced(self, log_ratio: Tensor) -> Tensor:
        return (-torch.expm1(log_ratio)).clamp(min=0)

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        return -log_ratio.exp() * (log_ratio < 0)


class LeCam(FDivergence):
    """(u − 1)²/(u + 1), also called the triangular discrimination; its root is a metric."""

    value_at_zero = 1.0
    slope_at_infinity = 1.0

    def f(self, log_ratio: Tensor) -> Tensor:
        return torch.expm1(log_ratio) * torch.tanh(log_ratio / 2)

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return 1 - 4 * torch.sigmoid(-log_ratio).square()

    def reduced(self, log_ratio: Tensor) -> Tensor:
        return -2 * torch.tanh(log_ratio / 2)

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        return -4 * torch.sigmoid(log_ratio) * torch.sigmoid(-log_ratio)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return 8 * torch.sigmoid(log_ratio).square() * torch.sigmoid(-log_ratio)


class Jeffreys(FDivergence):
    """(u − 1) log u = ForwardKL + ReverseKL."""

    value_at_zero = math.inf
    slope_at_infinity = math.inf

    def f(self, log_ratio: Tensor) -> Tensor:
        return torch.expm1(log_ratio) * log_ratio

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return log_ratio - torch.expm1(-log_ratio)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return 1 + log_ratio.exp()


class Alpha(FDivergence):
    """(u^a − a u − (1 − a)) / (a (a − 1)), Amari's family; ForwardKL is its limit at 0, ReverseKL at 1.

    Args:
        a: Any real number but 0 and 1.
    """

    examples: ClassVar[tuple[float, ...]] = (-1.0, 0.5, 1.5, 3.0)

    def __init__(self, a: float) -> None:
        if not math.isfinite(a) or a in (0, 1):
            raise UserError(f"a: expected a real number but 0 (use ForwardKL) and 1 (use ReverseKL), got {a}")
        self.a = float(a)
        self.value_at_zero = 1 / a if a > 0 else math.inf
        self.slope_at_infinity = 1 / (1 - a) if a < 1 else math.inf

    def f(self, log_ratio: Tensor) -> Tensor:
        a = self.a
        return (torch.expm1(a * log_ratio) - a * torch.expm1(log_ratio)) / (a * (a - 1))

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return torch.expm1((self.a - 1) * log_ratio) / (self.a - 1)

    def reduced(self, log_ratio: Tensor) -> Tensor:
        a = self.a
        return torch.expm1(a * log_ratio) / (a * (a - 1)) if a < 1 else self.f(log_ratio)

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        a = self.a
        return torch.exp(a * log_ratio) / (a - 1) if a < 1 else super().reduced_slope(log_ratio)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        return torch.exp(self.a * log_ratio)


DIVERGENCES: tuple[type[FDivergence], ...] = tuple(globals()[name] for name in __all__)
"""Every divergence of the package."""
