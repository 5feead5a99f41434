"""Arrays beyond memory: files that are mapped into it, whose pages are given back, and passes over them in parts.

What has more than `LARGE` rows stands in a temporary file without a name, in the folder that ``TMPDIR`` names, which
goes when nobody holds the array any more. The memory that a pass takes is that of a part.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.errors import UserError

LARGE = 2**22
"""Rows of numbers up to which arrays stay in memory, and are computed with at once."""
PART = 2**22
"""Numbers of a part."""
HELD = 2**28
"""Numbers of an array in memory up to which it is computed with at once."""

_maps: list[tuple[weakref.ref[mmap.mmap], int]] = []


def room(*shape: int, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu") -> Tensor:
    """Memory for numbers of the shape (N, ...), whatever is in it; for large N on the CPU a temporary file.

    Raises:
        UserError: The disk has no room for it.
    """
    if shape[0] <= LARGE or torch.device(device).type != "cpu":
        return torch.empty(shape, dtype=dtype, device=device)
    size = math.prod(shape) * dtype.itemsize
    try:
        with tempfile.TemporaryFile(prefix="adagan-") as file:
            if hasattr(os, "posix_fallocate"):  # a disk that is full is heard of here, and not as a fault of the memory
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
            content = mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise UserError(
            f"{shape[0]:,} rows need {size:,} bytes of {tempfile.gettempdir()} for numbers of theirs ({error}); let "
            "TMPDIR name a folder on a disk with more room"
        ) from error
    return _noted(content, 0, math.prod(shape), dtype).reshape(shape)


def mapped(array: NDArray[np.generic]) -> Tensor | None:
    """The same file, mapped so that nobody can change it, in place of a memory map that may only be read.

    ``None`` for what is none, holds other bytes than the file or is not in its order.
    """
    root: object = array
    while isinstance(root, np.ndarray):
        last, root = root, root.base
    if not isinstance(root, mmap.mmap) or not isinstance(last, np.memmap) or last.mode not in ("r", "r+", "w+"):
        return None
    if array.size == 0 or not array.flags.c_contiguous or not array.dtype.isnative or array.dtype.char not in "efd":
        return None
    begin = last.offset - last.offset % mmap.ALLOCATIONGRANULARITY
    offset = begin + array.ctypes.data - np.frombuffer(root, np.uint8).ctypes.data
    try:
        with open(str(last.filename), "rb") as file:
            start = offset - offset % mmap.ALLOCATIONGRANULARITY
            content = mmap.mmap(file.fileno(), offset - start + array.nbytes, offset=start, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):  # it is gone, or has become shorter
        return None
    found = _noted(content, offset - start, array.size, torch.from_numpy(np.empty(0, array.dtype)).dtype)
    ours, theirs = found.numpy(), array.reshape(-1)
    spots = np.unique(np.linspace(0, array.size - 1, min(array.size, 1_000)).astype(np.int64))
    same = np.array_equal(ours[spots], theirs[spots], equal_nan=True)
    return found.reshape(array.shape) if same else None


def _noted(content: mmap.mmap, offset: int, count: int, dtype: torch.dtype) -> Tensor:
    found = torch.frombuffer(content, dtype=dtype, offset=offset, count=count)
    _maps[:] = [(each, address) for each, address in _maps if each() is not None]
    _maps.append((weakref.ref(content), found.data_ptr() - offset))
    return found


def is_mapped(array: Tensor) -> bool:
    """Whether an array stands in a file that was mapped here."""
    if not _maps or array.device.type != "cpu":
        return False
    place, known = array.data_ptr(), [(content(), address) for content, address in _maps]
    return any(content is not None and address <= place < address + len(content) for content, address in known)


def give_back() -> None:
    """Lets the system have the pages of all maps; what is needed again is read again."""
    for content, _ in _maps:
        found = content()
        if found is not None and hasattr(found, "madvise"):
            found.madvise(mmap.MADV_DONTNEED)


def fits(*arrays: Tensor) -> bool:
    """Whether arrays of as many rows are computed with at once: they are small, or fit in memory and are there."""
    count, entries = len(arrays[0]), max(max(array[:1].numel() for array in arrays), 1)
    few = count <= LARGE and count * entries <= HELD
    return count * entries <= PART or (few and not any(is_mapped(array) for array in arrays))


def parts(*arrays: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Corresponding rows of arrays of as many, in one part where that `fits`.

    Rows of a part can be changed in place.
    """
    count, entries = len(arrays[0]), max(max(array[:1].numel() for array in arrays), 1)
    at_once = fits(*arrays)
    size = count if at_once else max(PART // entries, 1)
    for begin in range(0, max(count, 1), max(size, 1)):
        yield tuple(array[begin : begin + size] for array in arrays)
        if not at_once:
            give_back()


def filled(function: Callable[..., Tensor], *arrays: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """What a function makes of the rows, part by part; of one part its very value."""
    found: Tensor | None = None
    done, count = 0, len(arrays[0])
    for part in parts(*arrays):
        value = function(*part)
        value = value if dtype is None else value.to(dtype)
        if len(part[0]) == count:
            return value
        if found is None:
            found = room(count, *value.shape[1:], dtype=value.dtype, device=value.device)
        found[done : done + len(value)] = value
        done += len(value)
    assert found is not None  # an array without rows is one part
    return found


def summed(function: Callable[..., Tensor], *arrays: Tensor) -> Tensor:
    """The sum over parts of what a function makes of the rows of each; of one part its very value."""
    total: Tensor | None = None
    for part in parts(*arrays):
        value = function(*part)
        total = value if total is None else total + value
    assert total is not None
    return total


def largest(array: Tensor) -> Tensor:
    """The highest value, NaN if any is."""
    return torch.stack([part.max() for (part,) in parts(array)]).max()


def lowest(array: Tensor) -> Tensor:
    """The lowest value, NaN if any is."""
    return torch.stack([part.min() for (part,) in parts(array)]).min()


def taken(array: Tensor, rows: Tensor) -> Tensor:
    """Rows by their numbers, part by part."""
    entries = max(array[:1].numel(), 1)
    if len(rows) * entries <= PART or not (is_mapped(array) or len(rows) * entries > HELD):
        return array[rows]
    size = max(PART // entries, 1)
    found = room(len(rows), *array.shape[1:], dtype=array.dtype, device=array.device)
    for begin in range(0, len(rows), size):
        found[begin : begin + size] = array[rows[begin : begin + size]]
        give_back()
    return found


def cumulated(weights: Tensor) -> Tensor:
    """Cumulative sums in float64, shape (N,)."""
    if len(weights) <= LARGE:
        return weights.cumsum(0)
    found, total = room(len(weights), device=weights.device), weights.new_zeros(())
    for sums, part in parts(found, weights):
        torch.cumsum(part, 0, out=sums)
        sums += total
        total = sums[-1].clone()
    return found
