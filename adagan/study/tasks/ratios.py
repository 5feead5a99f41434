"""Known ratios: two variables that depend on each other, against the same two without the dependence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from adagan.components.critics.calibration import Calibration
from adagan.mixtures.mixture import Mixture
from adagan.study.task import Row, Task, World

PREFIX = "ratios-"
"""Before a world's name in the list of tasks."""
MOST_WRONG = 0.1
"""Of the truth's nats: an estimate that is further off, and by more than a nat, counts as wrong."""

Map = Callable[[Tensor], Tensor]


class Fitted(Protocol):
    """What is scored: a fitted critic."""

    calibration_: Calibration

    @property
    def log_ratio_(self) -> Tensor: ...


class RatioMethod(Protocol):
    """The answer that these worlds score: fits a critic to data and samples of a model."""

    def __call__(self, data: Tensor, mixture: Mixture) -> Fitted: ...


@dataclass(frozen=True)
class Pair:
    """Two variables X and Y of D/2 entries each, jointly Gaussian or Student's, whose entries depend pair by pair.

    Attributes:
        size: D.
        correlation: Of the i-th entry of X with that of Y.
        seen_through: Applied to every entry; as it is injective, ratios stay what they are.
        degrees: Of freedom of a joint Student's distribution; infinite for a Gaussian.

    References:
        Czyż, Grabowski, Vogt, Beerenwinkel, Marx, *Beyond normal: on the evaluation of mutual information estimators*,
        2023, https://arxiv.org/abs/2306.11078
    """

    size: int
    correlation: float
    seen_through: Map = lambda x: x
    degrees: float = math.inf

    def joint(self, count: int, generator: torch.Generator) -> Tensor:
        """(X, Y) as they are, before they are seen through anything, shape (count, D)."""
        noise = torch.randn(count, self.size, generator=generator, dtype=torch.float64)
        first, second = noise.chunk(2, dim=1)
        points = torch.cat([first, self.correlation * first + math.sqrt(1 - self.correlation**2) * second], dim=1)
        return points / self._radius(count, generator)

    def apart(self, count: int, generator: torch.Generator) -> Tensor:
        """X of one draw with Y of another, shape (count, D)."""
        left, right = (self.joint(count, generator).chunk(2, dim=1)[side] for side in (0, 1))
        return torch.cat([left, right], dim=1)

    def log_ratio(self, points: Tensor) -> Tensor:
        """Log of the density of X and Y apart over their joint one, shape (N,)."""
        left, right = points.chunk(2, dim=1)
        rest = 1 - self.correlation**2
        squares = left.square().sum(dim=1), right.square().sum(dim=1)
        together = (squares[0] + squares[1] - 2 * self.correlation * (left * right).sum(dim=1)) / rest
        of_determinant = self.size / 4 * math.log(rest)
        if math.isinf(self.degrees):
            return (together - squares[0] - squares[1]) / 2 + of_determinant
        half = self.size // 2
        apart = sum(_log_student(square, half, self.degrees) for square in squares)
        return apart - _log_student(together, self.size, self.degrees) + of_determinant

    def _radius(self, count: int, generator: torch.Generator) -> Tensor | float:
        if math.isinf(self.degrees):
            return 1.0
        normals = torch.randn(count, int(self.degrees), generator=generator, dtype=torch.float64)
        return normals.square().mean(dim=1, keepdim=True).sqrt()


def _log_student(square: Tensor, size: int, degrees: float) -> Tensor:
    """The log density of Student's distribution with unit scale at points of so large a squared norm, (N,)."""
    constant = math.lgamma((degrees + size) / 2) - math.lgamma(degrees / 2) - size / 2 * math.log(degrees * math.pi)
    return constant - (degrees + size) / 2 * torch.log1p(square / degrees)


class Apart(nn.Module):
    """The model: the pair without its dependence."""

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self.pair = pair

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        source = generator or torch.Generator().manual_seed(0)
        return self.pair.seen_through(self.pair.apart(num_samples, source)).float()


@dataclass(frozen=True)
class RatioWorld(World[RatioMethod]):
    """Points of a pair with one seed, and the pair apart as the model of them.

    Attributes:
        data: As in `World`.
        pair: Where they come from.
        truth: The log ratio of model over data at the data, shape (N,).
    """

    data: Tensor
    pair: Pair
    truth: Tensor
    labels: Tensor | None = None
    oracle: None = None

    def score(self, answer: RatioMethod) -> list[Row]:
        """The divergence KL(data ‖ model) by the estimate and truly, and how far off the estimate is point by point."""
        start = time.process_time()
        fitted = answer(self.data, Mixture([Apart(self.pair)]))
        seconds = time.process_time() - start
        found = fitted.log_ratio_.double().cpu()
        off, record = (found - self.truth).abs(), fitted.calibration_
        nats = -float(self.truth.mean())
        return [
            {
                "cpu_seconds": seconds,
                "truth": nats,
                "estimate": -float(found.mean()),
                "error": float(off.square().mean().sqrt()),
                "wrong": float((off > max(1.0, MOST_WRONG * nats)).double().mean()),
                "calibration": record.error,
                "mean_ratio": record.mean_ratio,
            }
        ]


def gaussian(size: int, nats: float) -> Pair:
    """A Gaussian pair whose joint distribution is exactly so many nats from the two apart.

    References:
        Rhodes, Xu, Gutmann, *Telescoping density-ratio estimation*, 2020, section 4.2, https://arxiv.org/abs/2006.12204
    """
    return Pair(size, math.sqrt(-math.expm1(-4 * nats / size)))


def _half_cube(x: Tensor) -> Tensor:
    return x.sign() * x.abs() ** 1.5


def _normal_cdf(x: Tensor) -> Tensor:
    below: Tensor = torch.special.ndtr(x)
    return below


PAIRS: dict[str, Pair] = {
    "gaussian-40": gaussian(40, 10),
    "gaussian-80": gaussian(80, 20),
    "gaussian-160": gaussian(160, 40),
    "gaussian-320": gaussian(320, 80),
    "half-cube": Pair(2, 0.75, _half_cube),
    "normal-cdf": Pair(2, 0.75, _normal_cdf),
    "asinh": Pair(10, 0.5, torch.asinh),
    "student": Pair(10, 0.5, degrees=3),
    "student-asinh": Pair(10, 0.5, torch.asinh, degrees=3),
}


def ratio_world(pair: Pair, seed: int, num_points: int = 100_000) -> RatioWorld:
    """The points of one seed."""
    points = pair.joint(num_points, torch.Generator().manual_seed(20_000 + seed))
    return RatioWorld(pair.seen_through(points).float(), pair, pair.log_ratio(points))


RATIOS = tuple(Task[RatioMethod](f"{PREFIX}{name}", partial(ratio_world, pair)) for name, pair in PAIRS.items())
