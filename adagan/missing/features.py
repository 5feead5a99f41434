"""The space in which cells are made: entries of vectors, principal components, or what an encoder sees in an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from adagan.components.networks.defaults import is_image
from adagan.mixtures.randomness import isolated_randomness

Matrix = NDArray[np.float64]

MOST_AXES = 50
"""Principal components that are kept."""
MOST_VALUES = 4e7
"""Numbers at most from which they are learnt: rows are thinned beyond."""
BLOCK = 2_048
"""Rows that are mapped at once."""
SMALLEST_ENCODED = 16
"""Pixels on the shorter side; the components of smaller images tell what they show."""
PER_VIEW, PER_PIXEL, PER_ENTRY = 5e-8, 2e-7, 2e-7
"""CPU seconds on one core of a small machine: of a number, or pixel of edges, in a view that an encoder is learnt from,
of a pixel that is encoded and counted, and of another entry that is mapped and counted."""
FEWEST_ENCODED, MOST_ENCODED = 1_000, 5_000
"""Images from which an encoder can be learnt, and is at most."""


class Features(Protocol):
    """The contract: a map from events of shape (N, *event) to vectors of shape (N, D), and a resolution in it.

    Attributes:
        cells: Number of cells at most. More than a space can bear cut clusters into shells, and call the outer ones of
            a narrower cluster missing.
        blur: Standard deviation of the noise on both sides when they are counted, in units of the data's.
    """

    @property
    def cells(self) -> int: ...

    @property
    def blur(self) -> float: ...

    def __call__(self, events: Tensor) -> Matrix: ...


def suited_features(data: Tensor, seed: int, seconds: float | None = None) -> Features:
    """The map for data of shape (N, *event), learnt from them; for images of some size an encoder.

    Args:
        data: Shape (N, *event).
        seed: Of the rows that are learnt from, and of views.
        seconds: CPU seconds that learning may take, about, see `num_encoded`; ``None`` sets no limit.
    """
    event_shape = tuple(data.shape[1:])
    if _are_encoded(event_shape, len(data)):
        return EncodedImages.of(data, seed, seconds)
    return LinearFeatures.of(data, seed)


def num_encoded(data: Tensor, seconds: float | None) -> int:
    """How many of N images an encoder is learnt from in so many CPU seconds: `FEWEST_ENCODED` at least."""
    most = min(MOST_ENCODED, len(data))
    return most if seconds is None else min(most, max(int(seconds / _learning_price(data)), FEWEST_ENCODED))


def features_price(data: Tensor, seconds: float | None = None) -> float:
    """CPU seconds, about, of learning the map that suits data of shape (N, *event), see `suited_features`."""
    if not _are_encoded(tuple(data.shape[1:]), len(data)):
        return 0.0
    return num_encoded(data, seconds) * _learning_price(data)


def _learning_price(images: Tensor) -> float:
    """CPU seconds of an image that an encoder is learnt from."""
    from adagan.missing.encoder import LARGEST, VIEWS

    return VIEWS * PER_VIEW * (images.shape[1] + 1) * min(images.shape[2] * images.shape[3], LARGEST**2)


def mapping_price(data: Tensor, num_events: int) -> float:
    """CPU seconds, about, of mapping so many events like the data and of counting them."""
    event_shape = tuple(data.shape[1:])
    if _are_encoded(event_shape, len(data)):
        from adagan.missing.encoder import LARGEST

        return num_events * PER_PIXEL * min(event_shape[1] * event_shape[2], LARGEST**2)
    return num_events * PER_ENTRY * data[0].numel()


def _are_encoded(event_shape: tuple[int, ...], num_points: int) -> bool:
    return is_image(event_shape) and min(event_shape[1:]) >= SMALLEST_ENCODED and num_points >= FEWEST_ENCODED


@dataclass(frozen=True)
class LinearFeatures:
    """An affine map from events to vectors.

    Entries of vectors are brought to deviation 1 each, for they may have units of their own; pixels share theirs. More
    than `MOST_AXES` entries are replaced by as many principal components.

    Attributes:
        shift: Subtracted from the flat event, shape (E,).
        scale: Divides it, shape (E,).
        axes: The components, shape (E, D); ``None`` keeps all entries.
    """

    cells: ClassVar[int] = 64
    blur: ClassVar[float] = 0.25
    shift: Matrix
    scale: Matrix
    axes: Matrix | None

    @classmethod
    def of(cls, data: Tensor, seed: int) -> Self:
        """The map for data of shape (N, *event)."""
        entries = data[0].numel()
        most = int(min(20_000, max(2_000, MOST_VALUES / entries)))
        chosen = data
        if len(data) > most:
            rows = np.sort(np.random.default_rng(seed).choice(len(data), most, replace=False))
            chosen = data[torch.from_numpy(rows).to(data.device)]
        flat = _flat(chosen)
        deviations = flat.std(axis=0)
        if data.ndim > 2:
            deviations = np.full(entries, np.sqrt(np.mean(deviations**2)))
        shift, scale = flat.mean(axis=0), np.where(deviations > 0, deviations, 1.0)
        if entries <= MOST_AXES:
            return cls(shift, scale, None)
        with isolated_randomness(seed):  # scikit-learn's first import draws from Python's generator
            from sklearn.decomposition import PCA  # type: ignore[import-untyped]

            found = PCA(min(MOST_AXES, len(flat)), random_state=seed % 2**32).fit((flat - shift) / scale)
        return cls(shift, scale, np.asarray(found.components_, dtype=np.float64).T)

    def __call__(self, events: Tensor) -> Matrix:
        return np.concatenate([self._mapped(_flat(block)) for block in torch.split(events, BLOCK)])

    def _mapped(self, flat: Matrix) -> Matrix:
        standard = (flat - self.shift) / self.scale
        return standard if self.axes is None else standard @ self.axes


@dataclass(frozen=True)
class EncodedImages:
    """What an encoder, learnt on the data, sees in images.

    Attributes:
        encoder: From images in [0, 1], of at most 32 pixels a side, to vectors.
        low: The data's lowest value, which becomes 0.
        high: The highest, which becomes 1.
    """

    cells: ClassVar[int] = 256
    blur: ClassVar[float] = 0.1
    encoder: torch.nn.Module
    low: float
    high: float

    @classmethod
    def of(cls, data: Tensor, seed: int, seconds: float | None) -> Self:
        """The map for images of shape (N, C, H, W), learnt from `num_encoded` of them."""
        from adagan.missing.encoder import learnt_encoder

        low, high = (float(value) for value in torch.aminmax(data))
        chosen = np.random.default_rng(seed).choice(len(data), num_encoded(data, seconds), replace=False)
        images = data[torch.from_numpy(np.sort(chosen)).to(data.device)]
        return cls(learnt_encoder(_scaled(images, low, high), seed), low, high)

    @torch.no_grad()
    def __call__(self, events: Tensor) -> Matrix:
        blocks = [_flat(self.encoder(_scaled(block, self.low, self.high))) for block in torch.split(events, BLOCK)]
        return np.concatenate(blocks)


def _scaled(images: Tensor, low: float, high: float) -> Tensor:
    """Images with values in [0, 1], and at most 32 pixels a side."""
    from adagan.missing.encoder import LARGEST

    factor = LARGEST / max(images.shape[2:])
    values = (images.float() - low) / max(high - low, 1e-12)
    if factor >= 1:
        return values
    side = [max(round(factor * pixels), 1) for pixels in images.shape[2:]]
    return functional.interpolate(values, side, mode="area")


def _flat(events: Tensor) -> Matrix:
    flat: Matrix = events.detach().flatten(1).cpu().double().numpy()
    return flat
