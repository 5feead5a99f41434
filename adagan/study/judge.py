"""The judge of the digits: of which class a sample is, how sure that is, and whether it looks like a digit at all."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adagan.datasets import digits
from adagan.study.metrics import Scores, histogram_scores

SURE = 0.9
FAR = 0.99
"""A sample further from every real image than this share of the real images from their neighbours is no digit."""


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
    # the seed keeps numpy's global generator out of it
    machine = CalibratedClassifierCV(SVC(gamma="scale", random_state=0), ensemble=False)
    machine.fit(train_images, train_classes)
    return machine, float(machine.score(test_images, test_classes))


@lru_cache(maxsize=1)
def _neighbours() -> tuple[Any, float]:
    """The real images for a search of neighbours, and the distance that counts as far."""
    from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]

    search = NearestNeighbors(n_neighbors=1).fit(digits()[0].flatten(1).numpy())
    # without an argument every image is compared with the others only
    return search, float(np.quantile(search.kneighbors()[0], FAR))


def score_digits(samples: Tensor) -> Scores:
    """Scores images of shape (N, 1, 8, 8): the classes are the modes.

    A sample is of high quality when the judge is sure of its class and a real image is near: the judge alone is sure of
    two thirds of uniform noise.
    """
    machine, _ = judge()
    search, far = _neighbours()
    flat = torch.nan_to_num(samples).flatten(1).numpy()
    probabilities = machine.predict_proba(flat)
    found = probabilities.argmax(axis=1)
    sure = (probabilities.max(axis=1) >= SURE) & (search.kneighbors(flat)[0][:, 0] <= far)
    _, classes = digits()
    return histogram_scores(
        np.bincount(found[sure], minlength=10),
        np.bincount(found, minlength=10),
        np.bincount(classes.numpy(), minlength=10) / len(classes),
        num_samples=len(samples),
        strict_count=None,
        spread=None,
    )
