"""Kernels, and the maximum mean discrepancy that they measure between two sets of points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_positive
from adagan.mixtures.parameters import Parameters


class Kernel(Parameters, ABC):
    """The contract: a positive definite function of the squared distance between two points."""

    @abstractmethod
    def of(self, squared_distance: Tensor) -> Tensor:
        """The kernel's values, of the shape of the squared distances."""

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """Values between all pairs of points of shapes (N, *event) and (M, *event), shape (N, M)."""
        return self.of(squared_distances(x.flatten(1), y.flatten(1)))


class GaussianKernel(Kernel):
    """The mean of exp(−d²/(2h²)) over bandwidths h.

    Args:
        bandwidths: In units of the points, or of whatever the points are divided by.

    References:
        Li, Swersky, Zemel, *Generative moment matching networks*, 2015, section 4.1 (mixtures of bandwidths),
        https://arxiv.org/abs/1502.02761
    """

    def __init__(self, bandwidths: Sequence[float] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)) -> None:
        self.bandwidths = _checked(bandwidths=bandwidths)

    def of(self, squared_distance: Tensor) -> Tensor:
        values = [(squared_distance / (-2 * h**2)).exp() for h in self.bandwidths]
        return torch.stack(values).mean(dim=0)


class RationalQuadratic(Kernel):
    """The mean of (1 + d²/(2a))^(−a) over shapes a: heavy tails, so that far points still pull.

    Args:
        shapes: The shapes a.

    References:
        Bińkowski, Sutherland, Arbel, Gretton, *Demystifying MMD GANs*, 2018, eq. 4, https://arxiv.org/abs/1801.01401
    """

    def __init__(self, shapes: Sequence[float] = (0.2, 0.5, 1.0, 2.0, 5.0)) -> None:
        self.shapes = _checked(shapes=shapes)

    def of(self, squared_distance: Tensor) -> Tensor:
        values = [(squared_distance / (2 * a)).log1p().mul(-a).exp() for a in self.shapes]
        return torch.stack(values).mean(dim=0)


def _checked(**named: Sequence[float]) -> tuple[float, ...]:
    ((name, values),) = named.items()
    if not values:
        raise UserError(f"{name}: expected at least one number")
    for value in values:
        check_positive(**{name: value})
    return tuple(float(value) for value in values)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """|x_i − y_j|² for points of shapes (N, D) and (M, D), shape (N, M); differentiable where points coincide."""
    return (x.square().sum(dim=1)[:, None] + y.square().sum(dim=1) - 2 * x @ y.T).clamp(min=0)


def median_distance(points: Tensor) -> Tensor:
    """The median distance between points (N, *event) that differ, 1 where all coincide: the usual unit of bandwidths.

    References:
        Gretton et al., *A kernel two-sample test*, 2012, section 8, https://jmlr.org/papers/v13/gretton12a.html
    """
    distances = torch.pdist(points.flatten(1))
    different = distances[distances > 0]
    return different.median() if len(different) else points.new_ones(())


def squared_discrepancy(kernel: Kernel, x: Tensor, y: Tensor) -> Tensor:
    """The unbiased estimate of MMD²(p, q) = E k(x, x') + E k(y, y') − 2 E k(x, y) from N and M points.

    It may be negative.

    References:
        Gretton et al., *A kernel two-sample test*, 2012, eq. 3, https://jmlr.org/papers/v13/gretton12a.html
    """
    return _mean_of_pairs(kernel(x, x)) + _mean_of_pairs(kernel(y, y)) - 2 * kernel(x, y).mean()


def _mean_of_pairs(values: Tensor) -> Tensor:
    """The mean off the diagonal of a square matrix."""
    count = len(values)
    return (values.sum() - values.diagonal().sum()) / (count * (count - 1))
