"""Any scikit-learn classifier as a critic: gradient-boosted trees for tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from adagan.components.adapters.skops_state import untrusted_types
from adagan.components.critics.calibrators import Calibrator
from adagan.components.critics.cross_fitting import CrossFitted
from adagan.components.critics.fitted_classifier import TRUSTED, FittedClassifier, boosted_trees, fitted_classifier
from adagan.components.critics.labelled_points import LabelledPoints
from adagan.mixtures.errors import UserTypeError

ITERATIONS, RATE = 200, 0.1
"""Of boosting: at most so many, at this rate of learning."""


class ClassifierCritic(CrossFitted):
    r"""Estimates log u_k by a classifier of {data, component 1, .., component K} with ``predict_proba``.

    As in `Critic`, u_k(x) = P(k | x)/P(data | x) times the ratio of the classes' shares, cross-fitted and calibrated;
    trees and forests are over-confident, so that calibration matters more. Points weigh by ``sample_weight``, which
    `fit` of the classifier must know. It is stored by skops, which refuses types that it does not know.

    Args:
        estimator: The classifier, cloned for every fold; ``None`` means ``HistGradientBoostingClassifier`` with early
            stopping.
        binary: Whether to learn one number, the ratio of all samples together over the data, and to take the
            components' ratios among themselves from their ``log_prob`` (see `BinaryCritic`).
        folds: Number of folds, 2 or more.
        max_samples: Samples drawn from the components in all, at most as many as there are data points.
        calibrator: How raw ratios are calibrated on held-out points; ``None`` means ``VectorScaling()``.
        seed: Of everything random; ``None`` takes the run's, or a fresh one outside of a run.

    Raises:
        TypeError: The estimator has no ``predict_proba``, or its ``fit`` no ``sample_weight``.

    References:
        Ke et al., *LightGBM: a highly efficient gradient boosting decision tree*, 2017 (the default's method)
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        binary: bool = False,
        folds: int = 2,
        max_samples: int = 50_000,
        calibrator: Calibrator | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(folds=folds, max_samples=max_samples, calibrator=calibrator, seed=seed)
        if estimator is not None:
            from sklearn.utils.validation import has_fit_parameter  # type: ignore[import-untyped]

            name = type(estimator).__name__
            if not callable(getattr(estimator, "predict_proba", None)):
                raise UserTypeError(f"estimator: {name} has no predict_proba, from which ratios are computed")
            if not has_fit_parameter(estimator, "sample_weight"):
                raise UserTypeError(
                    f"estimator: fit of {name} takes no sample_weight, so it cannot weigh data against samples; "
                    "choose a classifier that does, such as HistGradientBoostingClassifier"
                )
        self.estimator, self.binary = estimator, binary

    def prepare(self, points: LabelledPoints) -> None:
        self.estimators_ = nn.ModuleList(FittedClassifier(points.log_shares.double()) for _ in range(self.folds))

    def fit_fold(self, index: int, training: LabelledPoints, seed: int) -> None:
        classes = training.num_components + 1
        default = (
            boosted_trees(len(training.points), classes, ITERATIONS, RATE) if self.estimator is None else self.estimator
        )
        fitted = self.estimators_[index]
        assert isinstance(fitted, FittedClassifier)
        fitted.take(fitted_classifier(default, training, seed))

    def build(self, event_shape: tuple[int, ...], num_outputs: int, state: Mapping[str, Tensor]) -> None:
        self.estimators_ = nn.ModuleList(
            FittedClassifier(state[f"{index}.log_shares"], state[f"{index}.stored"]) for index in range(self.folds)
        )

    def config(self) -> dict[str, Any]:
        """What `from_config` needs.

        Raises:
            TypeError: The classifier holds types that nobody vouches for; they are named.
        """
        for fitted in getattr(self, "estimators_", ()):
            unknown = untrusted_types(fitted.stored, TRUSTED)
            if unknown:
                raise UserTypeError(
                    f"{type(fitted.classifier).__name__} cannot be stored: skops does not vouch for "
                    f"{', '.join(unknown)}; HistGradientBoostingClassifier and linear classifiers can be"
                )
        return {**super().config(), "binary": self.binary}
