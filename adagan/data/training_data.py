"""What a model may be fitted to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from adagan.components.labels import as_classes
from adagan.components.training.data_sources import DataSource, tensors_of
from adagan.mixtures.arguments import ArrayLike, as_probabilities
from adagan.mixtures.errors import UserError, UserTypeError

DataLike: TypeAlias = "ArrayLike | DataSource | TrainingData"
"""What a model may be given: what is read as an array, a data set, loader or data module, or data checked already."""


@dataclass(frozen=True)
class TrainingData:
    """Points with their own weights and, if there are any, their classes.

    Attributes:
        points: Shape (N, *event), floating point, finite.
        weights: Shape (N,), float64, non-negative, sum 1: the base of all data weights.
        labels: Classes from 0, and −1 for points without one, shape (N,), int64; ``None`` when nothing is labelled.
    """

    points: Tensor
    weights: Tensor
    labels: Tensor | None = None

    @cached_property
    def fingerprints(self) -> dict[str, str | None]:
        """SHA-256 of the points, the weights and the labels."""
        labels = None if self.labels is None else fingerprint(self.labels)
        return {"data": fingerprint(self.points), "weights": fingerprint(self.weights), "labels": labels}

    @classmethod
    def checked(
        cls,
        data: DataLike,
        *,
        weights: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        learns_labels: bool = False,
    ) -> TrainingData:
        """What a caller passed as data, weights and labels; training data that are checked already stay as they are.

        Args:
            data: Shape (N, *event), or what `tensors_of` reads.
            weights: Shape (N,); ``None`` means uniform.
            labels: Shape (N,); ``None`` means those that come with the data, if they are wanted, or none.
            learns_labels: Whether labels that come with the data are wanted.

        Raises:
            TypeError: No real numbers.
            ValueError: Another shape, NaN or infinite values (how many and where); weights that are negative, all zero
                or of the wrong length; labels that are no classes.
        """
        if isinstance(data, TrainingData):
            if weights is not None or labels is not None:
                raise UserError("weights, labels: this TrainingData has its own; leave them out, or pass its points")
            return data
        values, own = tensors_of(data)
        if labels is None and learns_labels:
            labels = own
        points = _as_tensor(values, "data")
        if points.ndim < 2 or len(points) == 0:
            raise UserError(
                f"data: expected shape (N, *event) with N > 0, got {tuple(points.shape)}"
                + ("; one number per point has shape (N, 1)" if points.ndim == 1 else "")
            )
        if not points.is_floating_point():
            points = points.to(torch.float32)
        bad = ~torch.isfinite(points)
        if bool(bad.any()):
            rows = bad.flatten(1).any(dim=1).nonzero()[:, 0]
            raise UserError(
                f"data: {int(bad.sum())} values in {len(rows)} of {len(points)} rows are NaN or infinite, the first in "
                f"row {int(rows[0])}; remove or fill in these rows"
            )
        base = as_probabilities(weights, len(points), points, "weights")
        if labels is None:
            return cls(points, base)
        classes = _as_tensor(labels, "labels").to(points.device)
        return cls(points, base, as_classes(classes, len(points), "a conditional component"))


def fingerprint(tensor: Tensor) -> str:
    """SHA-256 of a tensor's shape, dtype and bytes."""
    content = tensor.detach().cpu().contiguous()
    digest = hashlib.sha256(f"{tuple(content.shape)} {content.dtype}".encode())
    digest.update(content.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _as_tensor(values: ArrayLike, name: str) -> Tensor:
    """A tensor of what a caller passed; pandas' tables and columns are read by numpy."""
    kind = type(values).__name__
    try:
        if not isinstance(values, Tensor | list | tuple):
            array = np.asarray(values)
            values = array if array.flags.writeable else array.copy()
        tensor = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserTypeError(
            f"{name}: expected an array of numbers, got {kind} ({error}); encode text as numbers first"
        ) from error
    if tensor.is_complex():
        raise UserTypeError(
            f"{name}: expected real numbers, got {tensor.dtype}; give each point its parts as two numbers"
        )
    return tensor
