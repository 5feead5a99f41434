"""Numbers in files: arrays, tables of nothing else, folders of pictures or of arrays, weights, labels.

What is large stays where it is: an array's file is mapped into memory, and the arrays of a folder are copied into one
such file, part by part.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.data.array_files import array_folder, has_arrays, read_npy, read_npz
from adagan.data.built_in import BUILT_IN_NAMES, KNOWN_NAMES, built_in
from adagan.data.cells import is_number
from adagan.data.class_names import numbered
from adagan.data.image_folder import read_folder
from adagan.data.precision import needs_doubles
from adagan.data.table_files import TABLES, is_table, large_table, read_table
from adagan.data.tables_in_parts import numbers_in_parts
from adagan.mixtures.arguments import shared
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import filled, parts
from adagan.suggestions import suggestion


def read_data(source: str, seed: int = 0) -> Tensor:
    """Training data of shape (N, *event), finite: float32, or float64 where a column needs it.

    Args:
        source: A path, or a built-in name; a path that exists goes first.
        seed: Of built-in data that is drawn.

    Raises:
        FileNotFoundError: Neither a path nor a built-in name.
        ValueError: A file that is empty, unreadable, of another type, not numeric, or not finite.
    """
    values = read_values(source, seed)
    return values if isinstance(values, Tensor) else checked_numbers(values, source)


def read_values(source: str, seed: int) -> NDArray[np.generic] | Tensor:
    """What a source holds, as it is there.

    Raises:
        FileNotFoundError, UserError: As of `read_data`.
    """
    path = Path(source)
    if path.is_dir() and is_table(path) and not has_arrays(path):
        return _read_numbers(path)
    if path.is_dir():
        arrays = array_folder(path)
        return read_folder(path).points if arrays is None else arrays
    if path.is_file():
        readers = {".npy": read_npy, ".npz": read_npz, **dict.fromkeys(TABLES, _read_numbers)}
        reader = readers.get(path.suffix.lower())
        if reader is None:
            raise UserError(
                f"{source}: expected a .npy, .npz, .csv, .tsv, .parquet or .xlsx file or a folder of images, got "
                f"{path.suffix or 'no suffix'}"
            )
        if path.stat().st_size == 0:
            raise UserError(f"{source}: the file is empty")
        return _by_content(path, reader)(path)
    if path.exists():
        raise UserError(f"{source}: no regular file, but a pipe or a device; save the data to a file first")
    if source in BUILT_IN_NAMES or source in KNOWN_NAMES:
        return built_in(source, seed)
    raise FileNotFoundError(
        f"{source}: no such file or folder, and not a built-in data set ({', '.join(BUILT_IN_NAMES)})"
        + suggestion(source, BUILT_IN_NAMES)
    )


def _by_content(path: Path, reader: Callable[[Path], NDArray[np.generic]]) -> Callable[[Path], NDArray[np.generic]]:
    """What reads an array by how it begins: an archive may be called .npy, and the reverse."""
    with path.open("rb") as file:
        begin = file.read(6)
    if reader in (read_npy, read_npz):
        return {b"PK\x03\x04": read_npz, b"\x93NUM": read_npy}.get(begin[:4], reader)
    return reader


def read_weights(source: str) -> Tensor:
    """Weights of shape (N,), float64, from a ``.npy`` or ``.csv`` file."""
    values = _one_each(read_values(source, 0), source, "weight")
    return checked_numbers(values, source, exactly=True).reshape(-1)


def read_labels(source: str) -> tuple[Tensor, tuple[str, ...]]:
    """Classes of shape (N,), int64, and their names, from a ``.npy`` or ``.csv`` file.

    Whole numbers from 0, −1 for unlabelled rows, are classes as they are; text, and numbers with large gaps, name them.
    """
    path = Path(source)
    if is_table(path):
        frame = read_table(path)[0]
        values = frame.to_numpy() if frame.shape[1] > 1 else frame.iloc[:, 0].to_numpy()
    else:
        read = read_values(source, 0)
        values = read.numpy() if isinstance(read, Tensor) else read
    values = _one_each(values, source, "label")
    if values.dtype.kind in "UOT":
        classes, names = numbered(values)
        if not names:
            raise UserError(f"{source}: expected classes as whole numbers or as text, got both, or something else")
        return torch.from_numpy(classes), names
    if values.dtype.kind == "u":
        values = values.astype(np.int64)
    given = checked_numbers(values, source, exactly=True).reshape(-1)
    labels = given.to(torch.int64)
    odd = (labels != given) | (labels < -1)
    if bool(odd.any()):
        row = int(odd.nonzero()[0])
        raise UserError(
            f"{source}: expected classes as whole numbers from 0, and -1 for unlabelled rows, got "
            f"{float(given[row]):g} in row {row + 1}"
        )
    classes, names = numbered(labels)
    return torch.as_tensor(classes), names


def _one_each(values: Any, source: str, what: str) -> NDArray[np.generic]:
    """One value per row, shape (N,)."""
    array = np.asarray(values)
    entries = math.prod(array.shape[1:])
    if array.ndim == 0 or len(array) == 0 or entries != 1:
        raise UserError(f"{source}: expected one {what} per row, got rows of {entries} values")
    return array.reshape(-1)


def _read_numbers(path: Path) -> NDArray[np.generic]:
    """A table of numbers only, as an array."""
    import pandas as pd  # type: ignore[import-untyped]

    large = large_table(path)
    if large is not None:
        return numbers_in_parts(large).numpy()
    frame, _ = read_table(path)
    names = {name: f"column {name + 1}" if isinstance(name, int) else name for name in frame.columns}
    text = [name for name, series in frame.items() if not pd.api.types.is_numeric_dtype(series.dtype)]
    if text:
        such = {name: frame[name].dropna().astype(str) for name in text}
        odd = {
            name: next((cell for cell in cells if not is_number(cell)), cells.iloc[0]) for name, cells in such.items()
        }
        said = ", ".join(f"{names[name]} (such as {cell!r})" for name, cell in odd.items())
        raise UserError(
            f"{path}: expected numbers only, but there is text in {said}; drop or encode these columns first"
        )
    values: NDArray[np.float64] = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def checked_numbers(values: NDArray[np.generic], source: str, *, exactly: bool = False) -> Tensor:
    """Rows of finite numbers, shape (N, *event), float32, or float64 where a column needs it.

    Args:
        values: Numbers, shape (N,) or (N, *event).
        source: Where they came from, for messages.
        exactly: Whether they stay as they are: whole numbers as such, doubles in double precision.

    Raises:
        UserError: They are none.
    """
    if values.dtype.kind not in "buif":
        raise UserError(f"{source}: expected real numbers, got an array of {values.dtype}")
    if values.ndim == 0 or values.size == 0:
        raise UserError(f"{source}: expected rows of numbers, got an array of shape {values.shape}")
    given = shared(values.reshape(-1, 1) if values.ndim == 1 else values)
    places: list[NDArray[np.int64]] = []
    done = beyond = bad = 0
    for (part,) in parts(given):
        wrong = ~torch.isfinite(part if exactly else part.float())
        if bool(wrong.any()):
            finite = int((wrong & torch.isfinite(part)).sum())
            found = wrong & ~torch.isfinite(part)
            beyond, bad = beyond + finite, bad + int(found.sum())
            if len(places) < 3:
                here = found.nonzero().numpy()[:3]
                here[:, 0] += done
                places += list(here)
        done += len(part)
    if bad > 0:
        where = ", ".join(
            f"row {int(place[0]) + 1}" + (f" column {int(place[1]) + 1}" if len(place) > 1 else "")
            for place in places[:3]
        )
        raise UserError(
            f"{source}: {bad} of {given.numel()} values are NaN or infinite (the first at {where}); remove these rows "
            "or fill them in"
        )
    if beyond > 0:
        raise UserError(
            f"{source}: {beyond} of {given.numel()} values are beyond {np.finfo(np.float32).max:.2g}, the largest that "
            "single precision holds; scale these columns down"
        )
    if exactly or given.dtype == torch.float32:
        return given
    doubles = needs_doubles(given)
    return given if doubles and given.is_floating_point() else filled(Tensor.double if doubles else Tensor.float, given)
