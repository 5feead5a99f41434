"""Samples beyond memory: written to a file block by block."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.randomness import fresh_generator, generator_for
from adagan.mixtures.refinement import Samples
from adagan.mixtures.sampling import block_size


def stream_samples(
    source: Samples,
    num_samples: int,
    path: str | os.PathLike[str],
    *,
    generator: torch.Generator | None = None,
    overwrite: bool = False,
) -> None:
    """Writes samples of a mixture, a refined mixture or a component to a file, in memory that does not grow with it.

    The file is written beside its name and renamed at the end, so that a kill leaves no half of one. A ``.npy`` file
    has shape (num_samples, *event), a ``.csv`` file one line per sample.

    Args:
        source: What to sample from.
        num_samples: How many, 1 or more.
        path: The file, ending in ``.npy`` or ``.csv``.
        generator: Source of randomness; ``None`` seeds a fresh one from the system.
        overwrite: Replace the file if it exists.

    Raises:
        ValueError: No samples are wanted, or another ending.
        FileExistsError: The file exists and `overwrite` is not set.
    """
    target = Path(path)
    if num_samples < 1:
        raise ValueError(f"num_samples: expected 1 or more, got {num_samples}")
    if target.suffix not in (".npy", ".csv"):
        raise ValueError(f"path: expected a file that ends in .npy or .csv, got {target}")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists already; choose another file, or pass overwrite=True")
    device = getattr(source, "device", None)
    if isinstance(device, torch.device):
        generator = generator_for(device, generator)
    elif generator is None:
        generator = fresh_generator()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.draft")
    try:
        with draft.open("wb") as file:
            written, block = 0, None
            while written < num_samples:
                block = source.sample(min(block_size(block), num_samples - written), generator=generator)
                _append(file, _array(block), target.suffix, num_samples, first=written == 0)
                written += len(block)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _array(block: Tensor) -> NDArray[np.generic]:
    array: NDArray[np.generic] = block.detach().cpu().contiguous().numpy()
    return array


def _append(file: BinaryIO, block: NDArray[np.generic], suffix: str, num_samples: int, *, first: bool) -> None:
    if suffix == ".csv":
        np.savetxt(file, block.reshape(len(block), -1), delimiter=",", fmt="%.9g")
        return
    if first:
        description = {
            "descr": np.lib.format.dtype_to_descr(block.dtype),
            "fortran_order": False,
            "shape": (num_samples, *block.shape[1:]),
        }
        np.lib.format.write_array_header_1_0(file, description)
    file.write(block.data)  # not through a memory map, whose pages would count as memory
