"""Reads users' data: arrays, tables, a folder of images, or the name of a built-in data set.

Every function raises `ValueError` or `FileNotFoundError` with one sentence that names the file, what is wrong and what
to do; nothing is repaired silently.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.components.adapters.images.layout import Layout
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.labels import as_classes
from adagan.data.array_files import has_arrays
from adagan.data.column_table import column_lines
from adagan.data.csv_files import CsvForm
from adagan.data.image_file import PictureOptions
from adagan.data.image_folder import read_folder
from adagan.data.images_alike import LayoutLike, as_points, points_alike
from adagan.data.number_files import checked_numbers, read_data, read_labels, read_values, read_weights
from adagan.data.table_files import TABLES, TEXT, is_table, large_table, read_table
from adagan.data.tables_in_parts import encoded_in_parts
from adagan.data.training_data import TrainingData
from adagan.mixtures.arguments import as_probabilities, shared
from adagan.mixtures.errors import UserError
from adagan.suggestions import suggestion

_log = logging.getLogger(__name__)

FOLDERS = "folders"
"""What ``--labels`` calls the folders of a folder of images."""


def read_training_data(
    data: str,
    weights: str | None = None,
    labels: str | None = None,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    columns: Mapping[str, str] | TableEncoding | ImageEncoding | None = None,
    header: bool | None = None,
    encoded: bool = True,
    layout: str | None = None,
    pictures: PictureOptions | None = None,
) -> TrainingData:
    """Points with their weights and classes, each read and looked at once; what they were taken for is logged.

    Args:
        data: As of `read_data`, or a table.
        weights: As of `read_weights`; ``None`` means uniform ones. Of a table also the name of a column.
        labels: As of `read_labels`; ``None`` means none, or of a folder of images the folders in it. Of a table also
            the name of a column.
        seed: Of built-in data that is drawn.
        device: Where to put them.
        columns: What is known of a table's columns; or the encoding that a table or images are to have.
        header: Whether the first line of a text file names the columns; ``None`` decides by what it holds.
        encoded: Whether tables and images are encoded; runs of version 0.1 took their numbers as they are.
        layout: Of images in an array.
        pictures: How those of a folder are read.

    Raises:
        FileNotFoundError, UserError: See these; or their lengths differ.
    """
    path = Path(data)
    images = columns if isinstance(columns, ImageEncoding) else None
    columns = None if isinstance(columns, ImageEncoding) else columns
    if encoded and images is None and is_table(path) and not (path.is_dir() and has_arrays(path)):
        return _read_encoded(path, weights, labels, device, columns, header)
    if isinstance(columns, TableEncoding):
        raise UserError(f"{data}: expected a table, as the run is of one: a file that ends in {', '.join(TABLES)}")
    if columns:
        raise UserError(f"--columns: {data} is no table; leave it out, or give a file that ends in {', '.join(TABLES)}")
    read = _read_points(data, seed, images or layout if encoded else Layout.NONE, pictures)
    points = read.points.to(device)
    base = as_probabilities(None if weights is None else read_weights(weights), len(points), points, "weights")
    classes, names = read.labels, read.class_names
    if labels == FOLDERS and not Path(labels).exists():
        if classes is None:
            raise UserError(f"--labels {FOLDERS}: {data} is no folder of images in two folders or more, one per class")
    elif labels is not None:
        found, names = read_labels(labels)
        classes = _as_classes(found, len(points), labels)
    on_device = None if classes is None else classes.to(device)
    return TrainingData(points, base, on_device, read.encoding, names, read.names)


def _read_points(
    source: str, seed: int, layout: LayoutLike | None, pictures: PictureOptions | None = None, name: str = ""
) -> TrainingData:
    """Points with what they mean, the names of their files and the classes of their folders; without weights."""
    nothing = torch.empty(0, dtype=torch.float64)
    path = Path(source)
    if path.is_dir() and not has_arrays(path):
        read = read_folder(path, pictures)
        points, encoding = read.points, None if layout is Layout.NONE else read.encoding
        if isinstance(layout, ImageEncoding):
            points, encoding = points_alike(points, layout, name or source), layout
        else:
            _log.info("%s", read.told)
        return TrainingData(points, nothing, read.labels, encoding, read.class_names, read.names)
    values = read_values(source, seed)
    checked = values if isinstance(values, Tensor) else checked_numbers(values, source)
    raw = checked
    if not isinstance(values, Tensor) and values.dtype.kind in "bui" and values.ndim > 1:
        raw = shared(values)
    points, encoding = as_points(raw, layout, name or source)
    return TrainingData(points if encoding is not None else checked, nothing, encoding=encoding)


def read_images(source: str, like: LayoutLike, pictures: PictureOptions | None, option: str, seed: int = 0) -> Tensor:
    """Images of an array or a folder as points that have the form of others, shape (N, C, H, W).

    Args:
        source: As of `read_data`.
        like: What they are to be like.
        pictures: How those of a folder are read.
        option: By which they came, for messages.
        seed: Of built-in data that is drawn.

    Raises:
        FileNotFoundError, UserError: As of `read_data`; they cannot be brought to that form.
    """
    return _read_points(source, seed, like, pictures, option).points


def _read_encoded(
    path: Path,
    weights: str | None,
    labels: str | None,
    device: torch.device | str,
    columns: Mapping[str, str] | TableEncoding | None,
    header: bool | None,
) -> TrainingData:
    known = columns if isinstance(columns, TableEncoding) else None
    if known is not None and header is None:
        header = known.written.get("header")
    large = large_table(path)
    if large is not None:
        frame, form = large.sample(), CsvForm()
    else:
        frame, form = read_table(path, None if isinstance(columns, TableEncoding) else dict(columns or {}), header)
    num_rows = len(frame) if large is None else large.num_rows
    told = [path.name, f"{num_rows} rows", *([form.told] if path.suffix.lower() in TEXT else [])]
    named: dict[str, str] = {}
    for name, source in (("weights", weights), ("labels", labels)):
        if source is not None and not Path(source).exists():
            if source not in frame.columns:
                raise FileNotFoundError(
                    f"--{name}: no such file, and no column of {path}: {source!r}"
                    + suggestion(source, map(str, frame.columns))
                )
            named[name] = source
    kinds: Any = columns
    if not isinstance(columns, TableEncoding):
        by_text = {str(name): name for name in frame.columns}
        kinds = {by_text.get(name, name): kind for name, kind in (columns or {}).items()}
    base = named.get("weights") or (None if weights is None else read_weights(weights))
    classes: Any = named.get("labels")
    names: tuple[str, ...] = ()
    if labels is not None and classes is None:
        classes, names = read_labels(labels)
        classes = _as_classes(classes, num_rows, labels)
    if large is None:
        checked = TrainingData.checked(frame, weights=base, labels=classes, columns=kinds)
    else:
        checked = encoded_in_parts(large, frame, base, classes, kinds)
    encoding = cast(TableEncoding, checked.encoding)
    if known is None:
        encoding.written = {"separator": form.separator, "decimal": form.decimal, "header": form.header}
        _log.info("%s", "\n".join([": ".join([told[0], ", ".join(told[1:])]), *column_lines(frame, encoding)]))
    on_device = None if checked.labels is None else checked.labels.to(device)
    names = names or checked.class_names
    return TrainingData(checked.points.to(device), checked.weights.to(device), on_device, encoding, names)


def _as_classes(classes: Tensor, num_points: int, source: str) -> Tensor:
    if len(classes) != num_points:
        raise UserError(
            f"--labels: expected {num_points} labels, one per row of the data, got {len(classes)} in {source}"
        )
    return as_classes(classes, num_points, "a conditional component")


def read_rows(source: str, encoding: TableEncoding, seed: int = 0) -> Tensor:
    """Rows of a table, or an array of as many numbers each, as vectors of an encoding, shape (N, D).

    Raises:
        FileNotFoundError, UserError: As of `read_data`, or rows that the encoding does not know.
    """
    import pandas as pd  # type: ignore[import-untyped]

    path = Path(source)
    if is_table(path) and not (path.is_dir() and has_arrays(path)):
        large = large_table(path)
        if large is not None:
            return encoded_in_parts(large, pd.DataFrame(), None, None, encoding).points
        return encoding.encode(read_table(path, header=encoding.written.get("header"))[0])
    values, names = read_data(source, seed).flatten(1), [column.name for column in encoding.columns]
    if values.shape[1] != len(names):
        raise UserError(f"{source}: expected the columns {names}, got {values.shape[1]} numbers a row")
    return encoding.encode(pd.DataFrame(values.double().numpy(), columns=names))


def kinds_of(text: str | None) -> dict[str, str]:
    """What ``--columns name=kind,name=kind`` says.

    Raises:
        UserError: A part of it is no such pair.
    """
    pairs = [part.partition("=") for part in (text or "").split(",") if part]
    for name, equals, kind in pairs:
        if not (name and equals and kind):
            raise UserError(f"--columns: expected name=kind,name=kind, such as zip=category,id=drop, got {text!r}")
    return {name.strip(): kind.strip() for name, _, kind in pairs}
