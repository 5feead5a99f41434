"""f-divergences D_f(model ‖ data), written as functions of the log density ratio.

Every divergence is two one-line functions of ``log_ratio = log dP_model/dP_data``: `f` and its `derivative` with
respect to the ratio. Everything else (the value between finite distributions, the estimate from samples, the critic's
and the generator's loss of f-GAN) follows from these two and is written once, in `FDivergence`.

References:
    Nguyen, Wainwright, Jordan, *Estimating divergence functionals and the likelihood ratio by convex risk
    minimization*, 2010, https://arxiv.org/abs/0809.0853

    Nowozin, Cseke, Tomioka, *f-GAN: Training generative neural samplers using variational divergence minimization*,
    2016, https://arxiv.org/abs/1606.00709
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import softplus

from adagan.mixtures.arguments import ArrayLike, as_float64, as_log_ratio, as_probabilities, check_share

_LOG_2 = math.log(2.0)


def _log1pexp(x: Tensor) -> Tensor:
    """log(1 + e^x)."""
    return softplus(x, threshold=40.0)  # beyond its own threshold of 20 torch's is off by 2e-9


class FDivergence(ABC):
    r"""The contract: D_f(model ‖ data) = E_data[f(u)], with u = dP_model/dP_data, f convex and f(1) = 0.

    Attributes:
        value_at_zero: f(0), the price of a unit of data that the model misses; may be infinite.
        slope_at_infinity: lim f(u)/u, the price of a unit of model mass outside the data; may be infinite.
    """

    value_at_zero: float
    slope_at_infinity: float

    @abstractmethod
    def f(self, log_ratio: Tensor) -> Tensor:
        """The function itself, at u = exp(log_ratio), elementwise."""

    @abstractmethod
    def derivative(self, log_ratio: Tensor) -> Tensor:
        """f'(u), the derivative with respect to u (not to its logarithm), at u = exp(log_ratio), elementwise."""

    def conjugate(self, log_ratio: Tensor) -> Tensor:
        """The convex conjugate at the optimum: f*(f'(u)) = u f'(u) − f(u)."""
        return log_ratio.exp() * self.derivative(log_ratio) - self.f(log_ratio)

    def between(self, model: ArrayLike, data: ArrayLike) -> float:
        """D_f(model ‖ data) of two probability vectors of the same length; infinite where f says so."""
        data = as_float64(data)
        data = as_probabilities(data, data.numel(), data, "data")
        model = as_probabilities(model, data.numel(), data, "model")
        shared = (data > 0) & (model > 0)
        value = float((data[shared] * self.f((model[shared] / data[shared]).log())).sum())
        missed, stray = float(data[model == 0].sum()), float(model[data == 0].sum())
        if missed > 0:
            value += self.value_at_zero * missed
        if stray > 0:
            value += self.slope_at_infinity * stray
        return value

    def integrand(self, log_ratio: Tensor) -> Tensor:
        """A function of the ratio whose mean over *data* points is the divergence, elementwise.

        Where the slope at infinity is finite this is f(u) − slope · (u − 1): its mean over the data counts the model's
        mass outside the data, 1 − E_data[u], at its price, although no data point lies there. Where the slope is
        infinite it is f(u), and mass outside the data is not seen.
        """
        at_zero = self.value_at_zero + self._finite_slope
        return torch.where(log_ratio == -math.inf, at_zero, self.reduced(log_ratio))

    def reduced(self, log_ratio: Tensor) -> Tensor:
        """f(u) − slope · (u − 1), or f(u) where the slope at infinity is infinite; elementwise.

        The divergences here with a finite slope write it out: the two terms cancel where the ratio is large.
        """
        return self.f(log_ratio) - self._finite_slope * torch.expm1(log_ratio)

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        """The derivative of `reduced` with respect to the *log* ratio, elementwise."""
        return log_ratio.exp() * (self.derivative(log_ratio) - self._finite_slope)

    @property
    def _finite_slope(self) -> float:
        return self.slope_at_infinity if math.isfinite(self.slope_at_infinity) else 0.0

    def estimate(self, log_ratio: ArrayLike, weights: ArrayLike | None = None) -> float:
        """D_f from log ratios at data points, shape (N,): the weighted mean of `integrand`.

        Only data points are needed; what the model puts outside the data is counted when the slope at infinity is
        finite (every divergence here but ReverseKL, PearsonChi2, Jeffreys and Alpha(a > 1)).
        """
        values = as_log_ratio(log_ratio)
        probabilities = as_probabilities(weights, values.numel(), values, "weights")
        counted = probabilities > 0
        return float((probabilities[counted] * self.integrand(values[counted])).sum())

    def critic_loss(self, log_ratio_model: Tensor, log_ratio_data: Tensor) -> Tensor:
        """Minus the variational bound, −E_model[f'(u)] + E_data[f*(f'(u))] (Nguyen et al.; f-GAN, eq. 6).

        Its minimum over functions is −D_f(model ‖ data), reached at the true log ratio.
        """
        return self.conjugate(log_ratio_data).mean() - self.derivative(log_ratio_model).mean()

    def generator_loss(self, log_ratio_model: Tensor) -> Tensor:
        """The generator's part of the bound, E_model[f'(u)]: small where the model looks like data (f-GAN, eq. 6)."""
        return self.derivative(log_ratio_model).mean()

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({parameters})"


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


class ReverseKL(FDivergence):
    """KL(model ‖ data), f(u) = u log u: mode-seeking; it hardly sees missing modes."""

    value_at_zero = 0.0
    slope_at_infinity = math.inf

    def f(self, log_ratio: Tensor) -> Tensor:
        return log_ratio.exp() * log_ratio

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return log_ratio + 1


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


class GeneralizedJensenShannon(FDivergence):
    """pi KL(data ‖ M) + (1 − pi) KL(model ‖ M) with M = pi data + (1 − pi) model: the dial between the two KLs.

    Divided by pi it tends to ForwardKL as pi → 0, divided by 1 − pi to ReverseKL as pi → 1.

    Args:
        pi: The data's share in M, in (0, 1). One half is JensenShannon.

    References:
        Huszár, *How (not) to train your generative model*, 2015, https://arxiv.org/abs/1511.05101
    """

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


class Jeffreys(FDivergence):
    """(u − 1) log u = ForwardKL + ReverseKL."""

    value_at_zero = math.inf
    slope_at_infinity = math.inf

    def f(self, log_ratio: Tensor) -> Tensor:
        return torch.expm1(log_ratio) * log_ratio

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return log_ratio - torch.expm1(-log_ratio)


class Alpha(FDivergence):
    """(u^a − a u − (1 − a)) / (a (a − 1)), Amari's family; ForwardKL is its limit at 0, ReverseKL at 1.

    Args:
        a: Any real number but 0 and 1.
    """

    def __init__(self, a: float) -> None:
        if not math.isfinite(a) or a in (0, 1):
            raise ValueError(f"a: expected a real number but 0 (use ForwardKL) and 1 (use ReverseKL), got {a}")
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
