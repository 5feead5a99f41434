"""Reads users' data: ``.npy``, ``.npz``, ``.csv``, a folder of images, or the name of a built-in data set.

Every function raises `ValueError` or `FileNotFoundError` with one sentence that names the file, what is wrong and what
to do; nothing is repaired silently.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.labels import as_classes
from adagan.data.array_files import read_npy, read_npz
from adagan.data.built_in import BUILT_IN_NAMES, KNOWN_NAMES, built_in
from adagan.data.limits import check_expansion, check_lines
from adagan.data.training_data import TrainingData
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError
from adagan.suggestions import suggestion

MOST_PIXELS = 2**24
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
"""What images may be, whatever their names end in: other formats start programs."""
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


def read_training_data(
    data: str,
    weights: str | None = None,
    labels: str | None = None,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> TrainingData:
    """Points with their weights and classes, each read and looked at once.

    Args:
        data: As of `read_data`.
        weights: As of `read_weights`; ``None`` means uniform ones.
        labels: As of `read_labels`; ``None`` means none.
        seed: Of built-in data that is drawn.
        device: Where to put them.

    Raises:
        FileNotFoundError, UserError: See these; or their lengths differ.
    """
    points = read_data(data, seed).to(device)
    base = as_probabilities(None if weights is None else read_weights(weights), len(points), points, "weights")
    if labels is None:
        return TrainingData(points, base)
    classes = read_labels(labels).to(device)
    if len(classes) != len(points):
        raise UserError(
            f"--labels: expected {len(points)} labels, one per row of the data, got {len(classes)} in {labels}"
        )
    return TrainingData(points, base, as_classes(classes, len(points), "a conditional component"))


def read_data(source: str, seed: int = 0) -> Tensor:
    """Training data of shape (N, *event), float32, finite.

    Args:
        source: A path, or a built-in name; a path that exists goes first.
        seed: Of built-in data that is drawn.

    Raises:
        FileNotFoundError: Neither a path nor a built-in name.
        ValueError: A file that is empty, unreadable, of another type, not numeric, or not finite.
    """
    path = Path(source)
    if path.is_dir():
        return _checked(_read_images(path), source)
    if path.is_file():
        readers = {".npy": read_npy, ".npz": read_npz, ".csv": _read_csv}
        reader = readers.get(path.suffix.lower())
        if reader is None:
            raise UserError(
                f"{source}: expected a .npy, .npz or .csv file or a folder of images, got {path.suffix or 'no suffix'}"
            )
        if path.stat().st_size == 0:
            raise UserError(f"{source}: the file is empty")
        return _checked(reader(path), source)
    if path.exists():
        raise UserError(f"{source}: no regular file, but a pipe or a device; save the data to a file first")
    if source in BUILT_IN_NAMES or source in KNOWN_NAMES:
        return built_in(source, seed)
    raise FileNotFoundError(
        f"{source}: no such file or folder, and not a built-in data set ({', '.join(BUILT_IN_NAMES)})"
        + suggestion(source, BUILT_IN_NAMES)
    )


def read_weights(source: str) -> Tensor:
    """Weights of shape (N,) from a ``.npy`` or ``.csv`` file."""
    values = read_data(source)
    if values[0].numel() != 1:
        raise UserError(f"{source}: expected one weight per row, got rows of {values[0].numel()} values")
    return values.reshape(-1)


def read_labels(source: str) -> Tensor:
    """Classes of shape (N,), int64, from a ``.npy`` or ``.csv`` file: whole numbers from 0, −1 for unlabelled rows."""
    values = read_data(source)
    if values[0].numel() != 1:
        raise UserError(f"{source}: expected one label per row, got rows of {values[0].numel()} values")
    labels = values.reshape(-1).to(torch.int64)
    odd = (labels != values.reshape(-1)) | (labels < -1)
    if bool(odd.any()):
        row = int(odd.nonzero()[0])
        raise UserError(
            f"{source}: expected classes as whole numbers from 0, and -1 for unlabelled rows, got "
            f"{float(values.reshape(-1)[row]):g} in row {row + 1}"
        )
    return labels


def _read_csv(path: Path) -> NDArray[np.generic]:
    check_lines(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next((row for row in csv.reader(file) if row), None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a text file in UTF-8 with values and commas ({_one_line(error)})") from error
    if first is None:
        raise UserError(f"{path}: the file has no rows")
    header = not all(_is_number(cell) for cell in first)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an array without rows is reported by the caller
            return np.loadtxt(path, delimiter=",", skiprows=int(header), ndmin=2, encoding="utf-8-sig", quotechar='"')
    except ValueError as error:
        raise UserError(_diagnosis(path, first if header else None) or f"{path}: {_one_line(error)}") from error


def _diagnosis(path: Path, header: list[str] | None) -> str | None:
    """Which columns hold text, or which row has another length."""
    width: int | None = None
    empty: str | None = None
    text: dict[int, str] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = ((number, row) for number, row in enumerate(csv.reader(file), start=1) if row)
        if header:
            next(rows, None)
        for number, row in rows:
            width = len(row) if width is None else width
            if len(row) != width:
                return f"{path}: line {number} has {len(row)} values, the lines before it {width}"
            for column, cell in enumerate(row):
                name = header[column] if header and column < len(header) else f"column {column + 1}"
                if not cell.strip():
                    empty = empty or f"{path}: line {number} has no value in {name}; fill it in or remove the line"
                elif column not in text and not _is_number(cell):
                    text[column] = f"{name} (such as {cell[:40]!r})"
    if empty or not text:
        return empty
    named = ", ".join([*list(text.values())[:20], *(["others"] if len(text) > 20 else [])])
    return f"{path}: expected numbers only, but there is text in {named}; drop or encode these columns first"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_images(folder: Path) -> NDArray[np.generic]:
    from PIL import Image

    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise UserError(f"{folder}: no images in this folder ({', '.join(sorted(IMAGE_SUFFIXES))})")
    images: list[NDArray[np.uint8]] = []
    size: tuple[int, int] | None = None
    grey = True
    held = on_disk = 0
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path}: no file, but a folder, a pipe or a device; remove it or give it another name")
        try:
            with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # which comes before the error of ours
                if image.size[0] * image.size[1] > MOST_PIXELS:
                    raise Image.DecompressionBombError
                held, on_disk = held + 3 * image.size[0] * image.size[1], on_disk + path.stat().st_size
                check_expansion(folder, held, on_disk)
                if size is not None and image.size != size:
                    raise UserError(
                        f"{folder}: images of differing sizes: {paths[0].name} has {size[0]}×{size[1]} pixels, "
                        f"{path.name} {image.size[0]}×{image.size[1]}; crop or resize them to one size"
                    )
                size = image.size
                if image.mode.startswith(("I", "F")):
                    raise UserError(
                        f"{path}: {image.mode} pixels are not read; convert the images to 8 bits per channel, or pass "
                        "them as a .npy array"
                    )
                grey = grey and image.mode in ("L", "1")
                images.append(np.asarray(image.convert("RGB"), dtype=np.uint8))
        except UserError:
            raise
        except Image.DecompressionBombError as error:
            raise UserError(
                f"{path}: it declares more than the {MOST_PIXELS:,} pixels of an image; crop or resize the images"
            ) from error
        except Exception as error:  # what Pillow raises for truncated and damaged files, of a dozen kinds
            raise UserError(f"{path}: not a readable image ({_one_line(error)})") from error
    stacked = np.stack(images).transpose(0, 3, 1, 2)
    return np.asarray(stacked[:, :1] if grey else stacked, dtype=np.float32) / 255


def _checked(values: NDArray[np.generic], source: str) -> Tensor:
    if values.dtype.kind not in "buif":
        raise UserError(f"{source}: expected real numbers, got an array of {values.dtype}")
    if values.ndim == 0 or values.size == 0:
        raise UserError(f"{source}: expected rows of numbers, got an array of shape {values.shape}")
    table = values.reshape(-1, 1) if values.ndim == 1 else values
    with np.errstate(over="ignore"):
        data = torch.from_numpy(np.array(table, dtype=np.float32, order="C"))
    bad = ~torch.isfinite(data)
    if bool(bad.any()) and bool(np.isfinite(table).all()):
        raise UserError(
            f"{source}: {int(bad.sum())} of {data.numel()} values are beyond {np.finfo(np.float32).max:.2g}, the "
            "largest that single precision holds; scale these columns down"
        )
    if bool(bad.any()):
        places = bad.nonzero()
        where = ", ".join(
            f"row {int(place[0]) + 1}" + (f" column {int(place[1]) + 1}" if len(place) > 1 else "")
            for place in places[:3]
        )
        raise UserError(
            f"{source}: {len(places)} of {data.numel()} values are NaN or infinite (the first at {where}); remove "
            "these rows or fill them in"
        )
    return data


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())
