"""The judge of the digits: of which class a sample is, how sure that is, and whether it looks like a digit at all."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.data.built_in import digits
from adagan.study.metrics.arrays import flat_array
from adagan.study.metrics.histogram import Scores, histogram_scores

SURE = 0.9
STRANGE = 0.99
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
        flat_array(images), classes.numpy(), test_size=0.2, random_state=0, stratify=classes.numpy()
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

    search = NearestNeighbors(n_neighbors=1).fit(flat_array(digits()[0]))
    # without an argument every image is compared with the others only
    return search, float(np.quantile(search.kneighbors()[0], STRANGE))


def score_digits(samples: Tensor, classes: Tensor) -> Scores:
    """Scores images of shape (N, C, 8, 8): the classes, or with C channels the tuples of C classes, are the modes.

    A sample is of high quality when in every channel the judge is sure of the class and a real image is near: the judge
    alone is sure of two thirds of uniform noise.

    Args:
        samples: The images.
        classes: Of the real digits, shape (M,): their shares are the truth, in every channel.
    """
    found, sure = _judged(samples)
    channels = samples.shape[1]
    mode = found @ 10 ** np.arange(channels)
    good = sure.all(axis=1)
    share = np.bincount(classes.numpy(), minlength=10) / len(classes)
    truth = share
    for _ in range(channels - 1):
        truth = np.outer(truth, share).flatten()
    return histogram_scores(
        np.bincount(mode[good], minlength=len(truth)),
        np.bincount(mode, minlength=len(truth)),
        truth,
        num_samples=len(samples),
        strict_count=None,
        spread=None,
    )


def modes_at_all(samples: Tensor) -> int:
    """The modes of `score_digits` that have a sample when the judge's uncertainty and strange images do not count."""
    found, _ = _judged(samples)
    return len(np.unique(found, axis=0))


def _judged(samples: Tensor) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The class of every channel of every image, and whether it is of high quality, both of shape (N, C)."""
    machine, _ = judge()
    search, far = _neighbours()
    flat = flat_array(samples.flatten(0, 1))
    probabilities = machine.predict_proba(flat)
    sure = (probabilities.max(axis=1) >= SURE) & (search.kneighbors(flat)[0][:, 0] <= far)
    shape = samples.shape[:2]
    return probabilities.argmax(axis=1).reshape(shape), sure.reshape(shape)
