"""What a model may be fitted to."""

from __future__ import annotations

import hashlib
import numbers
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.checks import check_readable
from adagan.components.labels import as_classes
from adagan.components.training.data_sources import DataSource, tensors_of
from adagan.data.class_names import numbered
from adagan.data.images_alike import LayoutLike, as_points
from adagan.mixtures.arguments import ArrayLike, as_probabilities, shared
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.large_arrays import filled, parts, taken
from adagan.mixtures.systematic import spaced_rows

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

DataLike: TypeAlias = "ArrayLike | DataSource | TrainingData | pd.DataFrame"
"""What a model may be given: what is read as an array, a data set, loader or data module, a pandas DataFrame, or data
checked already."""
ColumnsLike: TypeAlias = "Mapping[Any, Any] | TableEncoding"
"""What is known of a table's columns: their kinds by name, or all of it."""


MOST_LOOKED_AT = 2**20
"""Points by which a mixture is judged: with as many, an estimated share of a half is off by less than a thousandth."""


@dataclass(frozen=True)
class TrainingData:
    """Points with their own weights and, if there are any, their classes.

    Attributes:
        points: Shape (N, *event), floating point, finite.
        weights: Shape (N,), float64, non-negative, sum 1: the base of all data weights.
        labels: Classes from 0, and −1 for points without one, shape (N,), int64; ``None`` when nothing is labelled.
        encoding: What the points mean, if they are rows of a table, or images that came otherwise than as points.
        class_names: Names of the classes, in their order, where labels were text.
        names: Of the points, such as those of the files that they came from, N of them; empty if they have none.
        rows: Where these are some of more points, their row numbers among them, shape (N,).
    """

    points: Tensor
    weights: Tensor
    labels: Tensor | None = None
    encoding: TableEncoding | ImageEncoding | None = None
    class_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    rows: Tensor | None = None

    @property
    def table(self) -> TableEncoding | None:
        """The encoding of the table whose rows the points are, if they are."""
        return self.encoding if isinstance(self.encoding, TableEncoding) else None

    @property
    def images(self) -> ImageEncoding | None:
        """The encoding of the images that the points are, if they came otherwise than as points."""
        return self.encoding if isinstance(self.encoding, ImageEncoding) else None

    @cached_property
    def fingerprints(self) -> dict[str, str | None]:
        """SHA-256 of the points, the weights and the labels."""
        labels = None if self.labels is None else fingerprint(self.labels)
        return {"data": fingerprint(self.points), "weights": fingerprint(self.weights), "labels": labels}

    @cached_property
    def looked_at(self) -> TrainingData:
        """The points that critics and counts look at: all, or of more than `MOST_LOOKED_AT` as many, drawn by weight.

        The draws are evenly spaced, and the same every time; a row that comes twice counts twice.
        """
        if len(self.points) <= MOST_LOOKED_AT:
            return self
        drawn, times = torch.unique_consecutive(spaced_rows(self.weights, MOST_LOOKED_AT, 0.5), return_counts=True)
        points = taken(self.points, drawn.to(self.points.device))
        return TrainingData(points, times.to(self.weights) / MOST_LOOKED_AT, encoding=self.encoding, rows=drawn)

    def of_looked_at(self, weights: Tensor) -> Tensor:
        """Other weights of the points, shape (N,), as weights of those that are looked at, sum 1."""
        looked_at = self.looked_at
        if looked_at.rows is None:
            return weights
        found = looked_at.weights * weights[looked_at.rows] / self.weights[looked_at.rows]
        return found / found.sum()

    @classmethod
    def checked(
        cls,
        data: DataLike,
        *,
        weights: ArrayLike | str | None = None,
        labels: ArrayLike | str | None = None,
        learns_labels: bool = False,
        columns: ColumnsLike | None = None,
        layout: LayoutLike | None = None,
    ) -> TrainingData:
        """What a caller passed as data, weights and labels; training data that are checked already stay as they are.

        Args:
            data: Shape (N, *event), or what `tensors_of` reads; a table is encoded.
            weights: Shape (N,); ``None`` means uniform. Of a table the name of a column, which is then not learnt.
            labels: Numbers or names, shape (N,); ``None`` means those that come with the data, if they are wanted, or
                none. Of a table the name of a column, each of whose values is a class, in their order.
            learns_labels: Whether labels that come with the data are wanted.
            columns: What is known of a table's columns, see `TableEncoding`; or the encoding that it is to have.
            layout: Of images, see `Layout`, where their shape does not tell; ``"none"`` leaves the array as it is. Or
                the encoding that they are to have.

        Raises:
            TypeError: No real numbers.
            ValueError: Another shape, NaN or infinite values (how many and where); weights that are negative, all zero
                or of the wrong length; labels that are no classes.
        """
        if isinstance(data, TrainingData):
            if weights is not None or labels is not None:
                raise UserError("weights, labels: this TrainingData has its own; leave them out, or pass its points")
            return data
        if _is_table(data):
            return _of_table(cls, data, weights, labels, columns)
        if columns is not None:
            raise UserError(f"columns: expected a pandas DataFrame as data, which has some, got {type(data).__name__}")
        for name, value in (("weights", weights), ("labels", labels)):
            if isinstance(value, str):
                raise UserError(f"{name}: {value!r} names a column, but the data are no table; pass an array")
        values, own = tensors_of(data)
        if labels is None and learns_labels:
            labels = own
        points = _as_tensor(values, "data")
        if points.dtype in (torch.float16, torch.bfloat16):
            points = filled(Tensor.float, points)
        check_readable(points)
        if points.ndim < 2 or points.numel() == 0:
            raise UserError(
                f"data: expected shape (N, *event) with N > 0, got {tuple(points.shape)}"
                + ("; one number per point has shape (N, 1)" if points.ndim == 1 else "")
            )
        _check_finite(points)
        points, encoding = as_points(points, layout)
        base = as_probabilities(cast(ArrayLike | None, weights), len(points), points, "weights")
        if labels is None:
            return cls(points, base, encoding=encoding)
        numbers, names = numbered(labels)
        classes = as_classes(_as_tensor(numbers, "labels").to(points.device), len(points), "a conditional component")
        return cls(points, base, classes, encoding, names)


def _is_table(data: object) -> bool:
    pandas = sys.modules.get("pandas")  # who passes a table has imported it
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _of_table(
    kind: type[TrainingData],
    frame: Any,
    weights: ArrayLike | str | None,
    labels: ArrayLike | str | None,
    columns: ColumnsLike | None,
) -> TrainingData:
    """A table's rows, encoded, with weights and labels that may be columns of it."""
    for argument, name in (("weights", weights), ("labels", labels)):
        if isinstance(name, str) and name not in frame.columns:
            raise UserError(f"{argument}: there is no column {name!r} in the table, but {list(frame.columns)}")
    if isinstance(weights, str):
        name, weights, frame = weights, frame[weights].to_numpy(np.float64), frame.drop(columns=weights)
        if not np.isfinite(weights).all():
            raise UserError(f"weights: column {name!r} has missing or infinite values; give every row a weight")
    if isinstance(labels, str):
        values = frame[labels].astype("category").cat
        names = tuple(map(str, values.categories))
        labels = cast("NDArray[np.int64]", values.codes.to_numpy(np.int64))
    else:
        labels, names = numbered(labels) if labels is not None else (None, ())
    if isinstance(columns, TableEncoding):
        encoding = columns
    else:
        encoding = TableEncoding(frame, columns=columns)
        for remark in encoding.remarks:
            warnings.warn(remark, stacklevel=5)
    points = encoding.encode(frame)
    base = as_probabilities(cast(ArrayLike | None, weights), len(points), points, "weights")
    if labels is None:
        return kind(points, base, encoding=encoding)
    classes = as_classes(_as_tensor(labels, "labels"), len(points), "a conditional component")
    return kind(points, base, classes, encoding, names)


def _check_finite(points: Tensor) -> None:
    done = values = rows = 0
    first: int | None = None
    for (part,) in parts(points):
        bad = ~torch.isfinite(part)
        if bool(bad.any()):
            found = bad.flatten(1).any(dim=1).nonzero()[:, 0]
            first = done + int(found[0]) if first is None else first
            values, rows = values + int(bad.sum()), rows + len(found)
        done += len(part)
    if first is not None:
        raise UserError(
            f"data: {values} values in {rows} of {len(points)} rows are NaN or infinite, the first in row {first}; "
            "remove or fill in these rows"
        )


def fingerprint(tensor: Tensor) -> str:
    """SHA-256 of a tensor's shape, dtype and bytes."""
    digest = hashlib.sha256(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
    for (part,) in parts(tensor.detach()):
        digest.update(part.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _as_tensor(values: ArrayLike, name: str) -> Tensor:
    """A tensor of what a caller passed; pandas' tables and columns are read by numpy."""
    kind = type(values).__name__
    try:
        tensor = values.detach() if isinstance(values, Tensor) else _of_array(values)
    except (TypeError, ValueError, RuntimeError) as error:
        why = str(error).partition(". The only supported")[0]
        raise UserTypeError(
            f"{name}: expected an array of numbers, got {kind} ({why}); encode text as numbers first"
        ) from error
    if tensor.is_complex():
        raise UserTypeError(
            f"{name}: expected real numbers, got {tensor.dtype}; give each point its parts as two numbers"
        )
    return tensor


def _of_array(values: Any) -> Tensor:
    if isinstance(values, list | tuple) and len(values):
        if all(isinstance(value, Tensor) for value in values):
            return torch.stack(list(values)).detach()
        if not any(isinstance(value, np.ndarray) for value in values):
            return torch.as_tensor(values)
    if hasattr(values, "toarray"):
        raise TypeError("a sparse matrix; call .toarray()")
    array = np.asarray(values)
    if np.ma.is_masked(values):
        raise TypeError("masked entries; fill them in by .filled(value), or leave these rows out")
    plain = array.dtype.kind == "O" and all(isinstance(value, numbers.Real) for value in array.flat)
    if plain or array.dtype.char == "g":  # Python's numbers, and more digits than torch has
        array = array.astype(np.float64)
    return shared(array)
