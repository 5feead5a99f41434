"""Can one learn from the samples what one learns from data? A column is told from the others, on real rows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.quality.columns import ordered

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MOST_TARGETS = 6
MOST_CLASSES = 10
FEWEST = 30
"""Rows that learning and scoring need."""
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Efficacy:
    """One column, told from all others by gradient-boosted trees.

    Attributes:
        target: The column's name.
        from_samples: How often trees that learnt from samples put two held-out real rows in the right order, for
            categories the area under the curve, averaged over them; .5 is chance.
        from_data: The same of trees that learnt from as many real rows: the score of a perfect model.
    """

    target: str | int
    from_samples: float
    from_data: float


def efficacy(
    encoding: TableEncoding,
    samples: Tensor,
    training: Tensor,
    held_out: Tensor,
    *,
    targets: Sequence[str | int] | None = None,
    seed: int = 0,
) -> list[Efficacy]:
    """What trees learn of each target from samples and from data, scored on held-out rows.

    Args:
        encoding: What the vectors mean.
        samples: Encoded rows, shape (M, D).
        training: Encoded rows of the data, shape (N, D).
        held_out: Others that no tree learns from, shape (L, D).
        targets: Names of columns; ``None`` takes the first six that are learnt.
        seed: Of the trees.
    """
    size = min(len(samples), len(training))
    if min(size, len(held_out)) < FEWEST:
        return []
    sides = (samples[:size], training[:size], held_out)
    frames = [_frame(encoding, points) for points in sides]
    vectors = [points.detach().cpu().double().numpy() for points in sides]
    found: list[Efficacy] = []
    for column in encoding.columns:
        wanted = column.kind is not Kind.IDENTIFIER and (targets is None or column.name in targets)
        if not wanted or len(found) == MOST_TARGETS:
            continue
        others = _others(encoding, column)
        if not others.any():
            continue
        test = (vectors[2][:, others], frames[2])
        scores = [_learnt(column, (vectors[side][:, others], frames[side]), test, seed) for side in (0, 1)]
        if scores[0] is not None and scores[1] is not None:
            found.append(Efficacy(column.name, scores[0], scores[1]))
    return found


def _frame(encoding: TableEncoding, points: Tensor) -> pd.DataFrame:
    frame = encoding.decode(points)
    return frame.reset_index() if encoding.has_index else frame


def _others(encoding: TableEncoding, column: Column) -> NDArray[np.bool_]:
    """The entries of a vector that do not tell the column, shape (D,)."""
    numbers = [each.name for each in encoding.columns if each.ordinary]
    states = [each for each in encoding.columns if each.width]
    owners = [*numbers, *(each.name for each in states for _ in range(each.width))]
    return np.array([owner != column.name for owner in owners])


def _learnt(column: Column, train: tuple[Matrix, Any], test: tuple[Matrix, Any], seed: int) -> float | None:
    from sklearn.ensemble import (  # type: ignore[import-untyped]
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    (inputs, wanted), (seen, truth) = (_known(column, *each) for each in (train, test))
    if min(len(wanted), len(truth)) < FEWEST:
        return None
    options: dict[str, Any] = {"max_iter": 60, "early_stopping": False, "random_state": seed}
    with warnings.catch_warnings():  # joblib's threads set the process's filters, and leave the last one's behind
        if column.kind is Kind.CATEGORY:
            classes, counts = np.unique(wanted, return_counts=True)
            classes = classes[np.argsort(-counts, kind="stable")][:MOST_CLASSES]
            keep = np.isin(wanted, classes)
            if len(classes) < 2:
                return 0.5
            model = HistGradientBoostingClassifier(**options).fit(inputs[keep], wanted[keep])
            return _area(model.predict_proba(seen), model.classes_, truth)
        spread = float(np.std(wanted)) or 1.0
        model = HistGradientBoostingRegressor(**options).fit(inputs, wanted / spread)
        return _concordance(model.predict(seen), truth)


def _known(column: Column, vectors: Matrix, frame: pd.DataFrame) -> tuple[Matrix, Any]:
    """Inputs and targets of the rows whose target is not missing."""
    series = frame[column.name]
    there = series.notna().to_numpy()
    values = ordered(column, series[there])
    if column.kind is Kind.CATEGORY:
        return vectors[there], values.to_numpy(dtype=str)
    numbers = values if column.kind is Kind.NUMBER else values.astype("int64")
    return vectors[there], numbers.to_numpy(dtype=np.float64)


def _area(probabilities: Matrix, classes: Any, truth: Any) -> float | None:
    """The area under the curve of every class against the others, weighted by how frequent it is."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    areas, weights = [], []
    for value in np.unique(truth):
        own = truth == value
        if own.all():
            return None
        place = np.flatnonzero(classes == value)
        # a class that was never learnt is told by chance
        areas.append(float(roc_auc_score(own, probabilities[:, place[0]])) if len(place) else 0.5)
        weights.append(own.mean())
    return float(np.average(areas, weights=weights))


def _concordance(predicted: Matrix, truth: Matrix) -> float:
    """How often two rows are put in the right order, ties half."""
    from scipy.stats import kendalltau  # type: ignore[import-untyped]

    found = float(kendalltau(predicted, truth).statistic)
    return 0.5 if np.isnan(found) else (1 + found) / 2
