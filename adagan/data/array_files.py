"""Arrays in ``.npy`` and ``.npz`` files: what a header declares is compared with what is there before it is read."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.data.image_folder import SUFFIXES as IMAGES
from adagan.data.limits import check_expansion
from adagan.mixtures.arguments import shared
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import parts, room

MAPPED = 2**24
"""Bytes of a file from which on it is mapped into memory, and not read."""


def read_npy(path: Path) -> NDArray[np.generic]:
    """The array of a ``.npy`` file.

    Raises:
        UserError: It is none of numbers, or its header declares more than the file holds.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size <= MAPPED:
                return _array(file, size)
            _check_header(file, size)
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise UserError(f"{path}: not a readable .npy array of numbers ({_one_line(error)})") from error


def read_npz(path: Path) -> NDArray[np.generic]:
    """The one array of a ``.npz`` archive, or the one that is called data or x.

    Raises:
        UserError: There is none, it is none of numbers, or it is a bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            names = list(members)
            chosen = names[0] if len(names) == 1 else next((name for name in ("data", "x", "X") if name in names), None)
            if chosen is None:
                raise UserError(f"expected one array, or one called data or x, found {', '.join(names) or 'none'}")
            size = members[chosen].file_size
            check_expansion(path, size, path.stat().st_size)
            with archive.open(members[chosen]) as file:
                return _array(file, size)
    except Exception as error:  # of zipfile's, zlib's and numpy's own kinds
        raise UserError(f"{path}: not a readable .npz archive ({_one_line(error)})") from error


def has_arrays(folder: Path) -> bool:
    """Whether a folder is one of ``.npy`` files."""
    return any(path.suffix.lower() == ".npy" for path in folder.iterdir())


def array_folder(folder: Path) -> Tensor | None:
    """The rows of all ``.npy`` files of a folder, in the order of their names; ``None`` where there are none.

    Raises:
        UserError: One is not readable, their rows have different shapes or types, or there are images beside them.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".npy" and path.is_file())
    if not paths:
        return None
    pictures = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in IMAGES)
    if pictures:
        raise UserError(
            f"{folder}: it holds arrays, such as {paths[0].name}, and images, such as {pictures[0]}; put them into "
            "folders of their own"
        )
    arrays = [read_npy(path) for path in paths]
    first = arrays[0]
    for path, array in zip(paths, arrays, strict=True):
        if array.ndim == 0 or array.shape[1:] != first.shape[1:] or array.dtype != first.dtype:
            raise UserError(
                f"{path}: an array of {array.dtype} of shape {array.shape}, where {paths[0].name} has {first.dtype} of "
                f"shape {first.shape}; the rows of all files of a folder are to be alike"
            )
    found = room(sum(map(len, arrays)), *first.shape[1:], dtype=shared(first[:1]).dtype)
    begin = 0
    for array in arrays:
        for source, target in parts(shared(array), found[begin : begin + len(array)]):
            target.copy_(source)
        begin += len(array)
    return found


def _array(file: IO[bytes], size: int) -> NDArray[np.generic]:
    """The array of an open file of so many bytes."""
    _check_header(file, size)
    return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _check_header(file: IO[bytes], size: int) -> None:
    """Makes sure that a file of so many bytes holds numbers, and as many as it declares; goes back to its beginning."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise UserError("its fields have names; expected an array of plain numbers")
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise UserError("it holds pickled objects, which adagan does not open")
    declared, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=0) < 0 or declared > held:
        raise UserError(f"its header declares shape {shape} of {dtype}, {declared:,} bytes, and {held:,} are there")
    file.seek(0)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
