"""Samples beyond memory: written to a file block by block."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.randomness import generator_for
from adagan.mixtures.refinement.refined import Samples
from adagan.mixtures.sampling.class_allocation import as_option
from adagan.mixtures.sampling.sampler import FIRST_BLOCK, block_size, device_of
from adagan.mixtures.sampling.shards import Shard
from adagan.mixtures.storage.files import written_file


def stream_samples(
    source: Samples,
    num_samples: int,
    path: str | os.PathLike[str],
    *,
    generator: torch.Generator | None = None,
    condition: int | Tensor | None = None,
    shard: Shard | None = None,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Writes samples of a mixture, a refined mixture or a component to a file, in memory that does not grow with it.

    The file is written beside its name and renamed at the end, so that a kill leaves no half of one. A ``.npy`` file
    has shape (num_samples, *event), a ``.csv`` file one line per sample. Samples are made in blocks: the first by
    the generator, every other with a seed that the generator and its place decide. So a draw can be shared by
    processes, or machines, that know nothing of one another: the files of all shards, one behind the other, are the
    file of the whole.

    Args:
        source: What to sample from.
        num_samples: How many, 1 or more, all shards together.
        path: The file, ending in ``.npy`` or ``.csv``.
        generator: Source of randomness; ``None`` seeds a fresh one from the system.
        condition: A class, or one class per sample, shape (num_samples,), for a conditional source.
        shard: The part of the draw that is wanted, such as ``Shard(2, 8)``; ``None`` means all of it.
        overwrite: Replace the file if it exists.
        progress: Told the number of samples that are written, block by block.

    Raises:
        ValueError: No samples are wanted, or fewer than shards, a wrong number of classes, or another ending.
        FileExistsError: The file exists and `overwrite` is not set.
    """
    target = Path(path)
    check_counts(num_samples=num_samples)
    if target.suffix not in (".npy", ".csv"):
        raise UserError(f"path: expected a file that ends in .npy or .csv, got {target}")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists already; choose another file, or pass overwrite=True")
    if isinstance(condition, Tensor) and condition.shape not in ((), (num_samples,)):
        raise UserError(
            f"condition: expected a class, or {num_samples} of them, one per sample; got shape {tuple(condition.shape)}"
        )
    wanted = len((shard or Shard()).rows(num_samples))
    with written_file(target) as file:
        written = 0
        for samples in sample_blocks(source, num_samples, generator=generator, condition=condition, shard=shard):
            _append(file, _array(samples), target.suffix, wanted, first=written == 0)
            written += len(samples)
            if progress is not None:
                progress(written)


def sample_blocks(
    source: Samples,
    num_samples: int,
    *,
    generator: torch.Generator | None = None,
    condition: int | Tensor | None = None,
    shard: Shard | None = None,
) -> Iterator[Tensor]:
    """The samples that `stream_samples` writes, block by block; the arguments are the same.

    Raises:
        ValueError: Fewer samples than shards.
    """
    each = condition if isinstance(condition, Tensor) and condition.ndim else None
    part, chance = shard or Shard(), generator_for(device_of(source), generator)
    size = min(FIRST_BLOCK, block_size(source.sample(0, generator=chance.clone_state())))
    for block in part.blocks(num_samples, size, chance):
        classes = condition if each is None else each[block.begin : block.begin + block.size]
        yield source.sample(block.size, generator=block.generator, **as_option(classes))[block.kept]


def npy_header(block: NDArray[np.generic], num_samples: int) -> bytes:
    """How a ``.npy`` file begins that holds so many samples like those of a block."""
    header = io.BytesIO()
    description = {
        "descr": np.lib.format.dtype_to_descr(block.dtype),
        "fortran_order": False,
        "shape": (num_samples, *block.shape[1:]),
    }
    np.lib.format.write_array_header_1_0(header, description)
    return header.getvalue()


def _array(block: Tensor) -> NDArray[np.generic]:
    array: NDArray[np.generic] = block.detach().cpu().contiguous().numpy()
    return array


def _append(file: BinaryIO, block: NDArray[np.generic], suffix: str, num_samples: int, *, first: bool) -> None:
    if suffix == ".csv":
        np.savetxt(file, block.reshape(len(block), -1), delimiter=",", fmt="%.9g")
        return
    if first:
        file.write(npy_header(block, num_samples))
    file.write(block.data)  # not through a memory map, whose pages would count as memory
