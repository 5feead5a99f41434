"""A Gaussian mixture whose size the data choose: in a second, what a few points ask for."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from adagan.components.checks import keywords_only
from adagan.components.labels import refuse_labels
from adagan.components.one_thread import one_thread
from adagan.components.training.data_sources import takes_data_sources
from adagan.components.training.row_draws import draw_rows
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.large_arrays import LARGE, fits, summed
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import fresh_generator, inherited_seed
from adagan.mixtures.systematic import spaced_rows

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Numbers of Gaussians that are tried, as long as they help."""
PATIENCE = 2
"""The search ends after so many sizes that do not help."""
FEWEST_POINTS = 5
"""Points for each Gaussian, or there is none more."""
WIDEST = 64
"""Entries of an event up to which Gaussians have full covariances, beyond only variances."""
FLOOR = 1e-6
"""Of a variance, in variances of all the data: points that coincide are no reason for an infinite density."""

Matrix = npt.NDArray[np.float64]


class Patch(ConstructorParameters, nn.Module):
    """Gaussians, as many and as free as the Bayesian information criterion prefers, fitted to the weighted points.

    What boosting adds for vectors where a mixture misses something: the missing points are often too few to train a
    network on, and a density of a few numbers learns them in a second. Rows are taken with probability w/max(w), each
    once at most, so that none is seen twice.

    Args:
        max_points: Rows that are looked at, at most.

    Attributes:
        shares_: Of the Gaussians, shape (K,), sum 1.
        means_: Shape (K, D), D the entries of an event.
        factors_: Shape (K, D, D), lower triangular square roots of the covariances.

    References:
        Schwarz, *Estimating the dimension of a model*, 1978, https://doi.org/10.1214/aos/1176344136
    """

    shares_: Tensor
    means_: Tensor
    factors_: Tensor
    event_shape_: Tensor

    def __init__(self, max_points: int = 10_000) -> None:
        super().__init__()
        check_counts(max_points=max_points)
        self.max_points = max_points

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Fits Gaussians to data of shape (N, *event), by weights (N,)."""
        refuse_labels(self, labels)
        probabilities = as_probabilities(weights, len(data), data, "weights")
        seed = inherited_seed()
        scale = _deviations(data)
        scale[scale == 0] = 1.0
        chosen = _thinned(probabilities.cpu(), self.max_points, seed)
        table = data[torch.as_tensor(chosen, device=data.device)].reshape(len(chosen), -1).double().cpu().numpy()
        best = _best_by_bic(table / scale, seed % 2**32)
        self._build(tuple(data.shape[1:]), len(best.weights_), data)
        self.shares_.copy_(torch.from_numpy(best.weights_))
        self.means_.copy_(torch.from_numpy(best.means_ * scale))
        self.factors_.copy_(torch.from_numpy(_factors(best) * scale[:, None]))
        return self

    def _build(self, event_shape: tuple[int, ...], size: int, like: Tensor) -> None:
        entries = math.prod(event_shape)
        self._event_shape = event_shape  # beside the buffer, which is stored: no draw has to ask the device for it
        options: dict[str, Any] = {"dtype": like.dtype, "device": like.device}
        self.register_buffer("event_shape_", torch.tensor(event_shape, dtype=torch.int64, device=like.device))
        self.register_buffer("shares_", torch.zeros(size, dtype=torch.float64, device=like.device))
        self.register_buffer("means_", torch.zeros(size, entries, **options))
        self.register_buffer("factors_", torch.zeros(size, entries, entries, **options))

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event)."""
        if not hasattr(self, "means_"):
            raise RuntimeError("this Patch is not fitted yet; call fit(data) first")
        device = self.means_.device
        source = generator if generator is not None else fresh_generator(device)
        which = draw_rows(self.shares_.cumsum(0), num_samples, source)
        noise = torch.randn(num_samples, self.means_.shape[1], generator=source, dtype=self.means_.dtype, device=device)
        samples = torch.empty_like(noise)
        for index in range(len(self.shares_)):
            rows = which == index
            samples[rows] = self.means_[index] + noise[rows] @ self.factors_[index].T
        return samples.reshape(num_samples, *self._event_shape)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density at points of shape (N, *event), shape (N,), float64."""
        flat, logs = x.reshape(len(x), -1).double(), []
        for share, mean, factor in zip(self.shares_, self.means_.double(), self.factors_.double(), strict=True):
            whitened = torch.linalg.solve_triangular(factor, (flat - mean).T, upper=False)
            volume = factor.diagonal().log().sum() + len(mean) / 2 * math.log(2 * math.pi)
            logs.append(share.log() - whitened.square().sum(dim=0) / 2 - volume)
        return torch.logsumexp(torch.stack(logs), dim=0)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"max_points": self.max_points}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Patch:
        """An unfitted one like the stored one."""
        return cls(max_points=config["max_points"])

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; makes the buffers for the stored shapes first."""
        self._build(tuple(state_dict["event_shape_"].tolist()), len(state_dict["shares_"]), state_dict["means_"])
        return super().load_state_dict(state_dict, strict, assign)


def _deviations(data: Tensor) -> Matrix:
    """The standard deviation of every entry of events, shape (E,)."""
    if fits(data):
        return np.asarray(data.reshape(len(data), -1).double().cpu().std(dim=0, correction=0).numpy())
    mean = summed(lambda part: part.reshape(len(part), -1).double().sum(dim=0), data) / len(data)
    squares = summed(lambda part: (part.reshape(len(part), -1).double() - mean).square().sum(dim=0), data)
    return np.asarray((squares / len(data)).sqrt().cpu().numpy())


def _thinned(probabilities: Tensor, most: int, seed: int) -> Tensor:
    """Rows that are kept with probability w/max(w), at most so many of them, and one at least; in order."""
    source = torch.Generator().manual_seed(seed)
    if len(probabilities) > LARGE:
        start = torch.rand((), generator=source, dtype=torch.float64)
        few: Tensor = torch.unique_consecutive(spaced_rows(probabilities, most, start))
        return few
    kept = torch.rand(len(probabilities), generator=source, dtype=torch.float64) < probabilities / probabilities.max()
    rows = kept.nonzero()[:, 0]
    return rows[torch.randperm(len(rows), generator=source)[:most]].sort().values


def _best_by_bic(points: Matrix, seed: int) -> Any:
    """Scikit-learn's mixture of the size and the kind of covariance that the criterion prefers."""
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    if len(points) == 1:  # scikit-learn asks for two
        points = np.repeat(points, 2, axis=0)
    kinds = ["diag", "full"] if 1 < points.shape[1] <= WIDEST else ["diag"]
    best, lowest = None, math.inf
    for kind in kinds:
        lowest_of_kind, idle = math.inf, 0
        for size in SIZES:
            if idle == PATIENCE or (size > 1 and FEWEST_POINTS * size > len(points)):
                break
            with one_thread(), warnings.catch_warnings():  # one that has not settled competes as it is
                warnings.simplefilter("ignore", ConvergenceWarning)
                fitted = GaussianMixture(size, covariance_type=kind, reg_covar=FLOOR, random_state=seed).fit(points)
            value = float(fitted.bic(points))
            idle = idle + 1 if value >= lowest_of_kind else 0
            lowest_of_kind = min(value, lowest_of_kind)
            if value < lowest:
                best, lowest = fitted, value
    return best


def _factors(mixture: Any) -> Matrix:
    """Lower triangular square roots of a mixture's covariances, shape (K, D, D)."""
    found = mixture.covariances_
    if mixture.covariance_type == "full":
        return np.linalg.cholesky(found)
    return np.stack([np.diag(np.sqrt(variances)) for variances in found])
