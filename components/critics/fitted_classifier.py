"""A fitted scikit-learn classifier as a module: from points to log ratios, stored as bytes of skops."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adagan.components.adapters.foreign_randomness import seeded_parts
from adagan.components.adapters.skops_state import estimator_from_tensor, estimator_to_tensor, untrusted_types
from adagan.components.critics.labelled_points import LabelledPoints

TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""What gradient-boosted trees hold beyond skops' own list: a class that restores arrays of numbers."""

SMALLEST = 1e-12
"""Probabilities below this are raised to it: trees and nearest neighbours say 0 and 1, and ratios are to be finite."""

ENOUGH = 200
"""Points per class from which on boosted trees stop early."""


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


def fitted_classifier(estimator: Any, training: LabelledPoints, seed: int, *, weighted: bool = True) -> Any:
    """A clone of a scikit-learn classifier, fitted to points of the classes {data, component 1 .. K}.

    Args:
        estimator: The classifier.
        training: The points.
        seed: Of the classifier and of what it is made of, where they take one.
        weighted: Whether the points' counts are passed on. Boosted trees spend a tenth of a second per column on the
            quantiles of weighted points: see `evened`.
    """
    from sklearn.base import clone  # type: ignore[import-untyped]

    classifier = clone(estimator)
    table = training.points.flatten(1).cpu().numpy()
    counts = training.counts.cpu().numpy()
    used = counts > 0
    options = {"sample_weight": counts[used]} if weighted else {}
    # joblib's threads set the process's filters of warnings, each for itself, and leave the last one's behind
    with warnings.catch_warnings(), seeded_parts(classifier, seed):
        classifier.fit(table[used], training.classes.cpu().numpy()[used], **options)
    return classifier


def boosted_trees(num_points: int, num_classes: int, iterations: int, rate: float) -> Any:
    """An unfitted ``HistGradientBoostingClassifier`` for so many points; it stops early if every class is in a tenth.

    References:
        Ke et al., *LightGBM: a highly efficient gradient boosting decision tree*, 2017
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

    enough = num_points >= ENOUGH * num_classes
    return HistGradientBoostingClassifier(
        early_stopping=enough, learning_rate=rate, max_iter=iterations if enough else min(iterations, 30)
    )
