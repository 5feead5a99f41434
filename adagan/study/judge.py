"""The judge of the digits: a classifier that says of which class a sample is, and how sure it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adagan.datasets import digits
from adagan.study.metrics import Scores, histogram_scores

SURE = 0.9


@lru_cache(maxsize=1)
def judge() -> tuple[Any, float]:
    """A support vector machine with calibrated probabilities, trained on four fifths of the digits, and its accuracy
    on the fifth that it did not see.
    """
    from sklearn.calibration import CalibratedClassifierCV  # type: ignore[import-untyped]
    from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]
    from sklearn.svm import SVC  # type: ignore[import-untyped]

    images, classes = digits()
    parts = train_test_split(
        images.flatten(1).numpy(), classes.numpy(), test_size=0.2, random_state=0, stratify=classes.numpy()
    )
    train_images, test_images, train_classes, test_classes = parts
    machine = CalibratedClassifierCV(SVC(gamma="scale"), ensemble=False).fit(train_images, train_classes)
    return machine, float(machine.score(test_images, test_classes))


def score_digits(samples: Tensor) -> Scores:
    """Scores images of shape (N, 1, 8, 8): the classes are the modes, and quality is a judge's certainty of .9."""
    machine, _ = judge()
    probabilities = machine.predict_proba(torch.nan_to_num(samples).flatten(1).numpy())
    found = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1) >= SURE
    _, classes = digits()
    return histogram_scores(
        np.bincount(found[sure], minlength=10),
        np.bincount(found, minlength=10),
        np.bincount(classes.numpy(), minlength=10) / len(classes),
        num_samples=len(samples),
        strict_count=None,
        spread=None,
    )
