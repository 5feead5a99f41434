"""Any scikit-learn classifier as a critic: gradient-boosted trees for tables."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adagan.components.adapters.skops_state import estimator_from_tensor, estimator_to_tensor, untrusted_types
from adagan.components.critics.calibrators import Calibrator
from adagan.components.critics.cross_fitting import CrossFitted
from adagan.components.critics.labelled_points import LabelledPoints
from adagan.mixtures.errors import UserTypeError

TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""What gradient-boosted trees hold beyond skops' own list: a class that restores arrays of numbers."""

SMALLEST = 1e-12
"""Probabilities below this are raised to it: trees and nearest neighbours say 0 and 1, and ratios are to be finite."""

ENOUGH = 200
"""Points per class from which on the default classifier stops early."""


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
        from sklearn.base import clone  # type: ignore[import-untyped]
        from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

        table = training.points.flatten(1).cpu().numpy()
        # stopping early takes a tenth of the points, in which every class has to occur
        enough = len(table) >= ENOUGH * (training.num_components + 1)
        default = HistGradientBoostingClassifier(
            early_stopping=enough, learning_rate=0.05, max_iter=300 if enough else 30
        )
        classifier = clone(default if self.estimator is None else self.estimator)
        if "random_state" in classifier.get_params():
            classifier.set_params(random_state=seed % 2**32)
        used = (training.counts > 0).cpu().numpy()
        counts = training.counts.cpu().numpy()
        # joblib's threads set the process's filters of warnings, each for itself, and leave the last one's behind
        with warnings.catch_warnings():
            classifier.fit(table[used], training.classes.cpu().numpy()[used], sample_weight=counts[used])
        fitted = self.estimators_[index]
        assert isinstance(fitted, FittedClassifier)
        fitted.take(classifier)

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


class FittedClassifier(nn.Module):
    """From points to log ratios by a fitted classifier, which is kept as bytes of skops beside the object itself.

    Args:
        log_shares: Logarithms of the classes' shares when it was fitted, shape (K + 1,).
        stored: The classifier's bytes, if there is one yet.

    Raises:
        ValueError: The bytes are not skops', or hold a type that nobody vouches for.
    """

    log_shares: Tensor
    stored: Tensor

    def __init__(self, log_shares: Tensor, stored: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("log_shares", log_shares)
        self.register_buffer("stored", torch.empty(0, dtype=torch.uint8) if stored is None else stored)
        self.classifier: Any = None if stored is None else estimator_from_tensor(stored, TRUSTED)

    def take(self, classifier: Any) -> None:
        """Keeps a fitted classifier; one that cannot be read back by name is kept in memory only, with a warning."""
        stored = estimator_to_tensor(classifier)
        unknown = untrusted_types(stored, TRUSTED)
        if unknown:
            warnings.warn(
                f"estimator: a critic with {type(classifier).__name__} cannot be kept in a run folder, as skops does "
                f"not vouch for {', '.join(unknown)}; HistGradientBoostingClassifier and linear classifiers can",
                stacklevel=2,
            )
        self.stored, self.classifier = stored.to(self.log_shares.device), classifier

    def forward(self, points: Tensor) -> Tensor:
        table = points.flatten(1).cpu().numpy()
        with warnings.catch_warnings():
            found = np.asarray(self.classifier.predict_proba(table), dtype=np.float64)
        logs = torch.from_numpy(np.log(np.maximum(found, SMALLEST))).to(self.log_shares.device)
        return logs[:, 1:] - logs[:, :1] - (self.log_shares[1:] - self.log_shares[0])
