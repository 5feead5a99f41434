"""The contract of f-divergences: what follows from f and its derivative, written once.

References:
    Nguyen, Wainwright, Jordan, *Estimating divergence functionals and the likelihood ratio by convex risk
    minimization*, 2010, https://arxiv.org/abs/0809.0853

    Nowozin, Cseke, Tomioka, *f-GAN: Training generative neural samplers using variational divergence minimization*,
    2016, https://arxiv.org/abs/1606.00709
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from adagan.mixtures.arguments import ArrayLike, as_float64, as_log_ratio, as_probabilities
from adagan.mixtures.parameters import Parameters


class FDivergence(Parameters, ABC):
    r"""The contract: D_f(model ‖ data) = E_data[f(u)], with u = dP_model/dP_data, f convex and f(1) = 0.

    Attributes:
        value_at_zero: f(0), the price of a unit of data that the model misses; may be infinite.
        slope_at_infinity: lim f(u)/u, the price of a unit of model mass outside the data; may be infinite.
        examples: Values of its parameter, for a family with one: what help names and tests run over.
    """

    examples: ClassVar[tuple[float, ...]] = ()

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
        infinite, mass outside the data is not seen; f(u) − f'(1) (u − 1) then keeps the mean from falling below zero.
        """
        at_zero = self.value_at_zero + self._price
        return torch.where(log_ratio == -math.inf, at_zero, self.reduced(log_ratio))

    def reduced(self, log_ratio: Tensor) -> Tensor:
        """f(u) − c (u − 1), c the slope at infinity or, where that is infinite, f'(1); elementwise.

        The divergences here with a finite slope write it out: the two terms cancel where the ratio is large.
        """
        return self.f(log_ratio) - self._price * torch.expm1(log_ratio)

    def reduced_slope(self, log_ratio: Tensor) -> Tensor:
        """The derivative of `reduced` with respect to the *log* ratio, elementwise."""
        return log_ratio.exp() * (self.derivative(log_ratio) - self._price)

    def curvature(self, log_ratio: Tensor) -> Tensor:
        """u² f''(u), the curvature in relative changes of the ratio, elementwise.

        Here by differentiating `derivative` automatically; the divergences of the package write it out.
        """
        with torch.enable_grad():
            variable = log_ratio.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.derivative(variable).sum(), variable)
        return log_ratio.exp() * gradient

    @property
    def _price(self) -> float:
        """The price of a unit of the model's mass outside the data, as far as it is finite."""
        if math.isfinite(self.slope_at_infinity):
            return self.slope_at_infinity
        return float(self.derivative(torch.zeros((), dtype=torch.float64)))

    def estimate(self, log_ratio: ArrayLike, weights: ArrayLike | None = None) -> float:
        """D_f from log ratios at data points, shape (N,): the weighted mean of `integrand`.

        Only data points are needed; what the model puts outside the data is counted when the slope at infinity is
        finite (every divergence here but ReverseKL, PearsonChi2, Jeffreys and Alpha(a > 1)).
        """
        values = as_log_ratio(log_ratio)
        probabilities = as_probabilities(weights, values.numel(), values, "weights")
        counted = probabilities > 0
        return float((probabilities[counted] * self.integrand(values[counted])).sum())
