"""The space in which cells are made: standardised numbers for vectors, principal components for everything larger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.randomness import isolated_randomness

Matrix = NDArray[np.float64]

MOST_AXES = 50
"""Principal components that are kept."""
MOST_VALUES = 4e7
"""Numbers at most from which the components are learnt: rows are thinned beyond."""
BLOCK = 8_192
"""Rows that are mapped at once."""


@dataclass(frozen=True)
class FeatureSpace:
    """An affine map from events to vectors, learnt from data.

    Entries of vectors are brought to deviation 1 each, for they may have units of their own; pixels share theirs. More
    than `MOST_AXES` entries are replaced by as many principal components.

    Attributes:
        shift: Subtracted from the flat event, shape (E,).
        scale: Divides it, shape (E,).
        axes: The components, shape (E, D); ``None`` keeps all entries.
    """

    shift: Matrix
    scale: Matrix
    axes: Matrix | None

    @classmethod
    def of(cls, data: Tensor, seed: int) -> Self:
        """The space for data of shape (N, *event)."""
        entries = data[0].numel()
        rows = _thinned(len(data), int(min(20_000, max(2_000, MOST_VALUES / entries))), seed)
        flat = _flat(data[rows])
        deviations = flat.std(axis=0)
        if data.ndim > 2:
            deviations = np.full(entries, np.sqrt(np.mean(deviations**2)))
        shift, scale = flat.mean(axis=0), np.where(deviations > 0, deviations, 1.0)
        if entries <= MOST_AXES:
            return cls(shift, scale, None)
        with isolated_randomness(seed):  # scikit-learn's first import draws from Python's generator
            from sklearn.decomposition import PCA  # type: ignore[import-untyped]

            found = PCA(min(MOST_AXES, len(rows)), random_state=seed % 2**32).fit((flat - shift) / scale)
        return cls(shift, scale, np.asarray(found.components_, dtype=np.float64).T)

    def __call__(self, events: Tensor) -> Matrix:
        """Vectors of shape (N, D) for events of shape (N, *event)."""
        blocks = [self._mapped(_flat(block)) for block in torch.split(events, BLOCK)]
        return np.concatenate(blocks)

    def _mapped(self, flat: Matrix) -> Matrix:
        standard = (flat - self.shift) / self.scale
        return standard if self.axes is None else standard @ self.axes


def _flat(events: Tensor) -> Matrix:
    flat: Matrix = events.detach().flatten(1).cpu().double().numpy()
    return flat


def _thinned(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Row numbers, in order, of `most` of the rows at most."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
