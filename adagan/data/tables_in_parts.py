"""A table larger than memory as training data: its parts are encoded as they come, into a file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.labels import as_classes
from adagan.data.parquet_parts import ParquetParts
from adagan.data.training_data import TrainingData
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import give_back, room

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]


def encoded_in_parts(
    parts: ParquetParts,
    sample: pd.DataFrame,
    weights: Tensor | str | None,
    labels: Tensor | str | None,
    columns: Mapping[Any, Any] | TableEncoding | None,
) -> TrainingData:
    """What `TrainingData.checked` makes of a table, with kinds and scales of columns that are learnt from a sample.

    Args:
        parts: The table.
        sample: Of its rows, see `ParquetParts.sample`.
        weights: Shape (N,), or the name of a column, which is then not learnt; ``None`` means uniform.
        labels: Classes, shape (N,), or the name of a column, which is held in memory.
        columns: What is known of columns, or the encoding that the table is to have.

    Raises:
        UserError: As of `TrainingData.checked`.
    """
    apart = [weights] if isinstance(weights, str) else []
    if isinstance(columns, TableEncoding):
        encoding = columns
    else:
        encoding = TableEncoding(sample.drop(columns=apart), columns=columns)
        for remark in encoding.remarks:
            warnings.warn(remark, stacklevel=4)
    points = room(parts.num_rows, encoding.width, dtype=encoding.dtype)
    base = room(parts.num_rows) if isinstance(weights, str) else weights
    told, begin = [], 0
    for frame in parts.frames():
        rows = slice(begin, begin + len(frame))
        points[rows] = encoding.encode(frame.drop(columns=apart))
        if isinstance(weights, str):
            assert base is not None
            base[rows] = torch.from_numpy(np.array(frame[weights], dtype=np.float64))
        if isinstance(labels, str):
            told.append(frame[labels])
        begin += len(frame)
        give_back()
    chances = as_probabilities(base, len(points), points, "weights")
    if labels is None:
        return TrainingData(points, chances, encoding=encoding)
    classes, names = _numbered(told) if isinstance(labels, str) else (labels, ())
    classes = as_classes(classes, len(points), "a conditional component")
    return TrainingData(points, chances, classes, encoding, names)


def _numbered(values: list[pd.Series]) -> tuple[Tensor, tuple[str, ...]]:
    import pandas as pd

    found = pd.concat(values, ignore_index=True).astype("category").cat
    return torch.from_numpy(found.codes.to_numpy(np.int64)), tuple(map(str, found.categories))


def numbers_in_parts(parts: ParquetParts) -> Tensor:
    """The numbers of a table that holds nothing else, shape (N, D), float64, NaN where they are missing.

    Raises:
        UserError: There is something else; the column is named.
    """
    found: Tensor | None = None
    begin = 0
    for frame in parts.frames():
        text = [name for name, series in frame.items() if series.dtype.kind not in "biuf"]
        if text:
            raise UserError(
                f"{parts.paths[0]}: expected numbers only, but there is something else in {', '.join(map(str, text))}; "
                "drop or encode these columns first"
            )
        if found is None:
            found = room(parts.num_rows, frame.shape[1])
        found[begin : begin + len(frame)] = torch.from_numpy(np.array(frame, dtype=np.float64))
        begin += len(frame)
        give_back()
    if found is None:
        raise UserError(f"{parts.paths[0]}: the table has no rows")
    return found
