"""How raw log ratios are calibrated on held-out points: temperature, Platt, vector scaling, isotonic, the best, not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from torch import Tensor
from torch.nn.functional import cross_entropy

from adagan.components.critics.calibration_map import CalibrationMap
from adagan.components.critics.labelled_points import class_logits
from adagan.mixtures.errors import UserError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RawRatios:
    """Raw log ratios at points that the estimate did not learn from.

    Attributes:
        values: Shape (N, K), float64.
        labels: The points' classes, 0 for data, shape (N,).
        log_shares: Logarithms of the classes' shares, shape (K + 1,), the data first with one half.
        counts: What each point counts, shape (N,).
    """

    values: Tensor
    labels: Tensor
    log_shares: Tensor
    counts: Tensor

    def rows(self, mask: Tensor) -> RawRatios:
        """Some of the points."""
        return RawRatios(self.values[mask], self.labels[mask], self.log_shares, self.counts[mask])

    @property
    def component_log_shares(self) -> Tensor:
        """Logarithms of the components' shares among the samples, shape (K,)."""
        return (self.log_shares[1:] - self.log_shares[0]).double()

    def losses(self, log_ratios: Tensor) -> Tensor:
        """The cross-entropy of every point under (calibrated) log ratios of shape (N, K), times its count."""
        logits = class_logits(log_ratios, self.log_shares.double())
        return cross_entropy(logits, self.labels, reduction="none") * self.counts.double()

    def parts(self, count: int) -> list[Tensor]:
        """Masks of `count` parts, every class spread evenly over them."""
        rank = torch.empty_like(self.labels)
        for label in range(len(self.log_shares)):
            rows = self.labels == label
            rank[rows] = rows.cumsum(0)[rows] - 1
        return [rank % count == part for part in range(count)]


class Calibrator(ABC):
    """From raw held-out log ratios to a `CalibrationMap`."""

    parts: ClassVar[int] = 1
    """Of how many parts of the held-out points each is calibrated by the others. One, the points calibrate themselves,
    is for maps of so few parameters that it cannot matter."""

    @abstractmethod
    def fit(self, held_out: RawRatios) -> CalibrationMap:
        """The map that suits the held-out points."""


def cross_calibrated(calibrator: Calibrator, held_out: RawRatios) -> tuple[CalibrationMap, Tensor]:
    """The map from all points, and calibrated log ratios (N, K) by maps that were not fitted, or chosen, on the point.

    With fewer than two points of a class per part the points calibrate themselves.
    """
    whole = calibrator.fit(held_out)
    present = torch.bincount(held_out.labels[held_out.counts > 0], minlength=len(held_out.log_shares))
    if calibrator.parts == 1 or int(present.min()) < 2 * calibrator.parts:
        return whole, whole(held_out.values)
    values = torch.empty_like(held_out.values)
    for part in held_out.parts(calibrator.parts):
        values[part] = calibrator.fit(held_out.rows(~part))(held_out.values[part])
    return whole, values


@dataclass(frozen=True)
class AsTheyAre(Calibrator):
    """No calibration: for ratios so far from one that held-out points of the two sides never meet."""

    def fit(self, held_out: RawRatios) -> CalibrationMap:
        return CalibrationMap(held_out.component_log_shares)


@dataclass(frozen=True)
class Temperature(Calibrator):
    """One temperature for all log ratios, by maximum likelihood.

    References:
        Guo, Pleiss, Sun, Weinberger, *On calibration of modern neural networks*, 2017, section 4.2,
        https://arxiv.org/abs/1706.04599
    """

    def fit(self, held_out: RawRatios) -> CalibrationMap:
        temperature, _ = maximum_likelihood(held_out, intercepts=False)
        return CalibrationMap(held_out.component_log_shares, temperature)


@dataclass(frozen=True)
class Platt(Calibrator):
    """A slope for all log ratios (the reciprocal temperature) and an intercept for each, by maximum likelihood.

    References:
        Platt, *Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods*,
        1999.
    """

    def fit(self, held_out: RawRatios) -> CalibrationMap:
        temperature, intercepts = maximum_likelihood(held_out)
        return CalibrationMap(held_out.component_log_shares, temperature, intercepts)


@dataclass(frozen=True)
class VectorScaling(Calibrator):
    """A slope and an intercept for the log ratio of every component, by maximum likelihood.

    A critic that tells one component from the data easily, and another no better than chance, is over-confident about
    the second only: one temperature for both would leave its noise in.

    References:
        Guo, Pleiss, Sun, Weinberger, *On calibration of modern neural networks*, 2017, section 4.2,
        https://arxiv.org/abs/1706.04599
    """

    def fit(self, held_out: RawRatios) -> CalibrationMap:
        temperatures, intercepts = maximum_likelihood(held_out, slopes=held_out.values.shape[1])
        return CalibrationMap(held_out.component_log_shares, temperatures, intercepts)


@dataclass(frozen=True)
class Isotonic(Calibrator):
    """Isotonic regression of being a sample on the log ratio of all components together, after `Platt`.

    Regression by blocks says probabilities of exactly 0 and 1 at the ends. One imagined sample at the lower end and one
    imagined data point at the upper end keep all ratios finite, and the order of values is kept between the blocks'
    means, where the result is linear in the log ratio; beyond the outermost blocks it is constant.

    References:
        Zadrozny, Elkan, *Transforming classifier scores into accurate multiclass probability estimates*, 2002.

        Oron, Flournoy, *Centered isotonic regression: point and interval estimation for dose-response studies*, 2017,
        https://arxiv.org/abs/1701.05964 (linear between the means of blocks)
    """

    parts: ClassVar[int] = 2

    def fit(self, held_out: RawRatios) -> CalibrationMap:
        from sklearn.isotonic import isotonic_regression  # type: ignore[import-untyped]

        affine = Platt().fit(held_out)
        common = affine.common(affine(held_out.values)).cpu().numpy()
        every = held_out.counts.double().cpu().numpy()
        used = np.flatnonzero(every > 0)
        order = used[np.argsort(common[used], kind="stable")]
        places, counts = common[order], every[order]
        is_sample = (held_out.labels > 0).cpu().numpy()[order].astype(np.float64)
        unit = counts.mean()
        fitted = isotonic_regression(
            np.concatenate([[1.0], is_sample, [0.0]]), sample_weight=np.concatenate([[unit], counts, [unit]])
        )[1:-1]
        return CalibrationMap(
            held_out.component_log_shares,
            affine.temperature,
            affine.intercepts,
            torch.from_numpy(_centred_knots(places, fitted, counts)).to(held_out.values.device),
        )


def _centred_knots(places: Array, fitted: Array, counts: Array) -> Array:
    """The blocks' mean places and their log odds, shape (J, 2), from ascending places and their fitted values."""
    _, block = np.unique(fitted, return_inverse=True)
    mass = np.bincount(block, counts)
    centres = np.bincount(block, counts * places) / mass
    share = np.bincount(block, counts * fitted) / mass
    return np.stack([centres, np.log(share) - np.log1p(-share)], axis=1)


@dataclass(frozen=True)
class BestOf(Calibrator):
    """The candidate of the least cross-entropy, a proper score, by cross-validation inside the held-out points.

    The simpler, that is the earlier, candidate is kept unless a later one is better by more than one standard error of
    their difference.

    Args:
        candidates: From the simplest to the most flexible.
        splits: Parts of the cross-validation, 2 or more.

    Raises:
        ValueError: No candidates, or fewer than two splits.

    References:
        Gneiting, Raftery, *Strictly proper scoring rules, prediction, and estimation*, 2007.
    """

    parts: ClassVar[int] = 2
    candidates: Sequence[Calibrator] = (Temperature(), Platt(), VectorScaling(), Isotonic())
    splits: int = 3

    def __post_init__(self) -> None:
        if not self.candidates:
            raise UserError("candidates: expected one calibrator or more, got none")
        if self.splits < 2:
            raise UserError(f"splits: expected 2 or more, so that no candidate judges itself, got {self.splits}")

    def choose(self, held_out: RawRatios) -> Calibrator:
        """The best candidate for these points; the first with too few points to tell."""
        present = torch.bincount(held_out.labels[held_out.counts > 0], minlength=len(held_out.log_shares))
        if int(present.min()) < 2 * self.splits:
            return self.candidates[0]
        best, least = self.candidates[0], self._losses(self.candidates[0], held_out)
        for candidate in self.candidates[1:]:
            losses = self._losses(candidate, held_out)
            gain = least - losses
            if float(gain.mean()) > float(gain.std()) / len(gain) ** 0.5:
                best, least = candidate, losses
        return best

    def _losses(self, candidate: Calibrator, held_out: RawRatios) -> Tensor:
        losses = torch.empty_like(held_out.values[:, 0])
        for part in held_out.parts(self.splits):
            judged = held_out.rows(part)
            losses[part] = judged.losses(candidate.fit(held_out.rows(~part))(judged.values))
        return losses

    def fit(self, held_out: RawRatios) -> CalibrationMap:
        return self.choose(held_out).fit(held_out)


def maximum_likelihood(held_out: RawRatios, *, slopes: int = 1, intercepts: bool = True) -> tuple[Tensor, Tensor]:
    """Temperatures and, if wanted, one intercept per component by maximum likelihood (scipy's L-BFGS-B).

    Args:
        held_out: Raw log ratios of K components.
        slopes: One for all components, or K.
        intercepts: Whether there are any.

    Returns:
        The temperatures, shape () for one of all and (K,) for one of each, and the intercepts of shape (K,), zero if
        they are not wanted.
    """
    raw = held_out.values

    def loss(parameters: Array) -> tuple[float, Array]:
        with torch.enable_grad():
            values = torch.tensor(parameters, dtype=torch.float64, device=raw.device, requires_grad=True)
            value = held_out.losses(raw * values[:slopes].exp() + values[slopes:]).mean()
            (gradient,) = torch.autograd.grad(value, values)
        return float(value.detach()), gradient.cpu().numpy()

    start = np.zeros(slopes + raw.shape[1])
    width = 20.0 if intercepts else 0.0
    bounds = [(-5.0, 3.0)] * slopes + [(-width, width)] * raw.shape[1]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    result = torch.as_tensor(found.x, dtype=torch.float64, device=raw.device)
    temperatures = (-result[:slopes]).exp()
    return (temperatures if slopes > 1 else temperatures[0]), result[slopes:]


CALIBRATORS: tuple[type[Calibrator], ...] = (VectorScaling, Platt, Temperature, Isotonic, BestOf, AsTheyAre)
"""Every calibrator; the command line reads this list."""
