"""What all critics share: folds, samples, calibration, the record, and storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from adagan.components.checks import check_kind, check_points, keywords_only
from adagan.components.critics.calibration import Calibration
from adagan.components.critics.calibration_map import CalibrationMap
from adagan.components.critics.calibrators import Calibrator, VectorScaling
from adagan.components.critics.component_densities import ComponentDensities, check_offers_log_prob, part_of
from adagan.components.critics.fold_calibration import calibrated_folds
from adagan.components.critics.fold_scores import HeldOutRatios
from adagan.components.critics.labelled_points import (
    LabelledPoints,
    draw_labelled,
    folds_by_label,
    in_blocks,
    learning_rows,
)
from adagan.components.generators.scaling import Scaling
from adagan.components.networks.defaults import is_image
from adagan.mixtures.arguments import ArrayLike, as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import filled, parts, room
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_counts, check_whole
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import inherited_seed, isolated_randomness
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio

MOST_LEARNT = 50_000_000
"""Numbers at most that a critic learns from, of the data and of samples each."""


class CrossFitted(ConstructorParameters, nn.Module, ABC):
    r"""A `RatioEstimator` that splits the points into folds and scores each by an estimate made without it.

    A concrete critic says how one estimate is made, by `prepare` and `fit_fold`. This class draws the samples, splits
    them, calibrates every fold's estimate on the points that it never saw, and keeps the record.

    A *binary* critic learns one number, the ratio of all samples together over the data, and takes the components'
    ratios among themselves from their densities: log u_k = log dQ/dP_data + log p_k/q, where q = Σ_k s_k p_k is the
    distribution of the samples. It needs ``log_prob`` of every component, unless there is one component only.

    Args:
        folds: Number of folds, 2 or more.
        max_samples: Data points, drawn by weight, that are learnt from at most, and as many samples of the components
            in all. Of large events there are fewer: `MOST_LEARNT` numbers at most.
        calibrator: How raw ratios are calibrated; ``None`` means `VectorScaling`.
        seed: Of everything random; ``None`` takes the run's, or a fresh one outside of a run.

    Attributes:
        binary: Whether one number is learnt.
        estimators_: One module per fold, from scaled points to raw log ratios.
        maps_: The fitted calibration of every fold's estimate.
        scaling_: The scaling of all points.
        fold_: The fold of every point that was fitted, shape (N,): those that were not learnt from have one too, and
            are scored by its estimate.

    References:
        Chernozhukov et al., *Double/debiased machine learning for treatment and structural parameters*, 2018,
        definition 3.1, https://arxiv.org/abs/1608.00060 (cross-fitting)
    """

    binary: bool = False
    component_log_ratios_: Tensor
    calibration_: Calibration
    estimators_: nn.ModuleList
    maps_: nn.ModuleList
    scaling_: Scaling
    event_shape_: Tensor
    weights_: Tensor
    shares_: Tensor
    fold_: Tensor

    def __init__(
        self,
        *,
        folds: int,
        max_samples: int,
        calibrator: Calibrator | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if check_whole(folds, "folds") < 2:
            raise UserError(
                f"folds: expected 2 or more, so that every point is scored by a network without it, got {folds}"
            )
        if folds > 255:
            raise UserError(f"folds: expected 255 or fewer, got {folds}")
        check_counts(max_samples=max_samples)
        check_kind("calibrator", calibrator, Calibrator, "VectorScaling()")
        self.folds, self.max_samples = folds, max_samples
        self.calibrator, self.seed = calibrator or VectorScaling(), seed
        self.densities_: ComponentDensities | None = None

    @abstractmethod
    def prepare(self, points: LabelledPoints) -> None:
        """Begins a fit: puts one estimate per fold into `estimators_`, yet to be fitted.

        Args:
            points: All points, scaled; only what does not depend on where they are may be used: shapes and counts.
        """

    @abstractmethod
    def fit_fold(self, index: int, training: LabelledPoints, seed: int) -> None:
        """Fits the estimate of a fold to the points that are not in the fold."""

    @abstractmethod
    def build(self, event_shape: tuple[int, ...], num_outputs: int, state: Mapping[str, Tensor]) -> None:
        """Makes estimates that fit a stored state, its names beginning with the fold's index."""

    @keywords_only
    def fit(self, data: Tensor, mixture: Mixture, *, weights: ArrayLike | None = None) -> Self:
        """Learns to tell data of shape (N, *event) from samples of the mixture's components.

        Args:
            data: The data.
            mixture: The mixture; every component is sampled, those with little weight too.
            weights: The points' own weights, shape (N,); ``None`` means uniform.

        Raises:
            ValueError: Fewer than ten points per fold, or a component whose samples do not have the data's shape.
            TypeError: The critic is binary, and one of several components has no ``log_prob``.
            TrainingDiverged: A loss became NaN or infinite.
        """
        if len(data) < 10 * self.folds:
            raise UserError(
                f"data: a critic of {self.folds} folds needs {10 * self.folds} rows or more, got {len(data)}"
            )
        seed = inherited_seed() if self.seed is None else self.seed
        randomness = torch.Generator(data.device).manual_seed(seed)
        base = as_probabilities(weights, len(data), data, "weights")
        rows, own = learning_rows(base, self.num_learnt(data), randomness)
        learnt = data if len(rows) == len(data) else data[rows]
        drawn, shares = draw_labelled(learnt, own, mixture, len(rows), 2 * self.folds, randomness)
        self.densities_ = None
        if self.binary and len(mixture) > 1:
            self.densities_ = ComponentDensities(mixture.components, shares)
        fold = room(len(data), dtype=torch.uint8, device=data.device)
        for (part,) in parts(fold):
            part.copy_(torch.randint(self.folds, (len(part),), generator=randomness, device=data.device))
        order = torch.randperm(len(rows), generator=randomness, device=data.device)
        fold[rows] = (order % self.folds).to(torch.uint8)
        sample_fold = folds_by_label(drawn.labels, self.folds, randomness)
        with isolated_randomness(seed):
            self.scaling_ = Scaling.overall(learnt) if is_image(data.shape[1:]) else Scaling.standard(learnt, own)
            points = drawn.mapped(self.scaling_)
            points = points.merged() if self.binary else points
            self.prepare(points)
            for index in range(self.folds):
                self.fit_fold(index, points.rows(fold[rows] != index, sample_fold != index), seed + index)
        self._register(tuple(data.shape[1:]), mixture.weights.to(data.device), shares, fold)
        self.requires_grad_(False).eval()
        self._score(data, rows, drawn, points, sample_fold)
        return self

    def num_learnt(self, data: Tensor) -> int:
        """How many of the data are learnt from, and about how many samples."""
        affordable = max(MOST_LEARNT // max(data[0].numel(), 1), 10 * self.folds)
        return min(len(data), self.max_samples, affordable)

    def price(self, data: Tensor, num_components: int = 1) -> float | None:
        """Not known: see `adagan.components.critics.ratio_estimator.Priced`."""
        return None

    def check_component(self, component: Any, count: int) -> None:
        """See `adagan.components.critics.ratio_estimator.Selective`."""
        if self.binary and count > 1:
            check_offers_log_prob(component)

    @torch.no_grad()
    def _score(
        self, data: Tensor, rows: Tensor, drawn: LabelledPoints, points: LabelledPoints, sample_fold: Tensor
    ) -> None:
        """Calibrates every estimate on its fold, and keeps the out-of-fold log ratios and the record."""
        fold = self.fold_[rows].long()
        scored = calibrated_folds(self.estimators_, self.calibrator, points, fold, sample_fold)
        self.maps_ = scored.maps
        among_data, among_samples = self._among_components(data), self._among_components(drawn.samples)
        ratios = self._at_all(data, rows, scored.at_data)
        among_learnt = among_data if isinstance(among_data, float) else among_data[rows]
        self.component_log_ratios_ = ratios if isinstance(among_data, float) else filled(torch.add, ratios, among_data)
        self._held_out = HeldOutRatios(
            weights=drawn.weights,
            fold=fold,
            at_data=scored.at_data + among_learnt,
            raw_at_data=scored.raw_at_data + among_learnt,
            labels=drawn.labels,
            sample_fold=sample_fold,
            at_samples=scored.at_samples + among_samples,
            raw_at_samples=scored.raw_at_samples + among_samples,
            shares=self.shares_,
            learnt_level=scored.learnt_level,
        )
        self.calibration_ = self._record()

    def _at_all(self, data: Tensor, rows: Tensor, at_rows: Tensor) -> Tensor:
        """Calibrated log ratios at all data, shape (N, K): known at some rows, computed at the others in blocks."""
        if len(rows) == len(data):
            return at_rows
        values = room(len(data), at_rows.shape[1], dtype=at_rows.dtype, device=at_rows.device)
        begin = done = 0
        for part, points, fold in parts(values, data, self.fold_):
            known = rows[done : int(torch.searchsorted(rows, begin + len(part)))] - begin
            part[known] = at_rows[done : done + len(known)]
            others = torch.ones(len(part), dtype=torch.bool, device=data.device)
            others[known] = False
            for index in range(self.folds):
                (own,) = torch.nonzero(others & (fold == index), as_tuple=True)
                if len(own) > 0:
                    part[own] = in_blocks(partial(self._calibrated, index), points, own)
            begin, done = begin + len(part), done + len(known)
        return values

    def _calibrated(self, index: int, x: Tensor) -> Tensor:
        """The calibrated log ratios of one fold's estimate at some points."""
        ratios: Tensor = self.maps_[index](self.estimators_[index](self.scaling_(x)).double())
        return ratios

    def _among_components(self, x: Tensor) -> Tensor | float:
        """What is added to the log ratio of all samples together for that of every component; 0 if each has its own."""
        return 0.0 if self.densities_ is None else in_blocks(self.densities_, x)

    def _record(self) -> Calibration:
        """The mixture's record, under its present weights."""
        temperature = float(np.mean([fitted.get_buffer("temperature").mean().item() for fitted in self.maps_]))
        return self._held_out.record(self.weights_, temperature)

    @property
    def log_ratio_(self) -> Tensor:
        """Out-of-fold log ratios of the mixture at the data that were fitted, shape (N,)."""
        return mixture_log_ratio(self.component_log_ratios_, self.weights_)

    def reweigh(self, weights: ArrayLike) -> Self:
        """Gives a fitted critic the mixture's new weights, shape (K,); the components' ratios stay."""
        self.weights_.copy_(as_probabilities(weights, len(self.weights_), self.weights_, "weights"))
        if hasattr(self, "_held_out"):  # a critic that was loaded has no points to make a record from
            self.calibration_ = self._record()
        return self

    def _register(self, event_shape: tuple[int, ...], weights: Tensor, shares: Tensor, fold: Tensor) -> None:
        self.register_buffer("event_shape_", torch.tensor(event_shape, device=weights.device))
        self.register_buffer("weights_", weights.to(torch.float64).clone())
        self.register_buffer("shares_", shares)
        self.register_buffer("fold_", fold.to(torch.uint8))

    @torch.no_grad()
    def component_log_ratios(self, x: Tensor) -> Tensor:
        """Log dP_k/dP_data at new points of shape (N, *event): the mean over the folds' estimates, shape (N, K).

        For the points that were fitted use `component_log_ratios_`, which no estimate scores that saw them.
        """
        if not hasattr(self, "maps_"):
            raise RuntimeError("this critic is not fitted yet; call fit(data, mixture) first")
        x = check_points(x, tuple(self.event_shape_.tolist()), self.scaling_.shift)
        of_folds = [in_blocks(partial(self._calibrated, index), x) for index in range(self.folds)]
        return torch.stack(of_folds).mean(dim=0) + self._among_components(x)

    @torch.no_grad()
    def component_log_ratios_of_fold(self, index: int, x: Tensor) -> Tensor:
        """Log dP_k/dP_data at points (N, *event), (N, K), by the estimate that has not seen the data of a fold."""
        return in_blocks(partial(self._calibrated, index), x) + self._among_components(x)

    def log_ratio(self, x: Tensor) -> Tensor:
        """Log dP_mixture/dP_data at new points of shape (N, *event), shape (N,), float64."""
        return mixture_log_ratio(self.component_log_ratios(x), self.weights_)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the critic again."""
        config: dict[str, Any] = {"folds": self.folds}
        if self.densities_ is not None:
            config["components"] = self.densities_.records()
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Self:
        """An unfitted critic like the stored one; `components` makes components that are not the package's own."""
        made = cls(**{name: value for name, value in config.items() if name != "components"})
        if "components" in config:
            made.densities_ = ComponentDensities.from_records(config["components"], components)
        return made

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; makes estimates and maps for the stored shapes first.

        Raises:
            ValueError: The state is not that of a fitted critic of as many folds.
        """
        needed = (
            "event_shape_",
            "scaling_.shift",
            "maps_.0.intercepts",
            f"maps_.{self.folds - 1}.temperature",
            "fold_",
        )
        missing = [name for name in needed if name not in state_dict]
        if missing:
            raise UserError(
                f"state_dict: {', '.join(missing)} missing; expected the state of a fitted {type(self).__name__} of "
                f"{self.folds} folds; if another version of the package wrote it, fit the critic again"
            )
        event_shape = tuple(state_dict["event_shape_"].tolist())
        like = state_dict["scaling_.shift"]
        maps = [part_of(state_dict, f"maps_.{index}.") for index in range(self.folds)]
        num_outputs = len(maps[0]["intercepts"])
        self.scaling_ = Scaling(tuple(like.shape)).to(like)
        self.maps_ = nn.ModuleList(
            CalibrationMap.like(num_outputs, values["temperature"], values["knots"]) for values in maps
        )
        self._register(event_shape, state_dict["weights_"], state_dict["shares_"], state_dict["fold_"])
        with isolated_randomness(0):  # the initial values are overwritten at once
            self.build(event_shape, num_outputs, part_of(state_dict, "estimators_."))
        return super().load_state_dict(state_dict, strict, assign)
