"""Arrays in ``.npy`` and ``.npz`` files: what a header declares is compared with what is there before it is read."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from adagan.data.limits import check_expansion
from adagan.mixtures.errors import UserError


def read_npy(path: Path) -> NDArray[np.generic]:
    """The array of a ``.npy`` file.

    Raises:
        UserError: It is none of numbers, or its header declares more than the file holds.
    """
    try:
        with path.open("rb") as file:
            return _array(file, path.stat().st_size)
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


def _array(file: IO[bytes], size: int) -> NDArray[np.generic]:
    """The array of an open file of so many bytes."""
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
    return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
