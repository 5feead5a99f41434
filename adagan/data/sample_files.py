"""Samples in files of other kinds than those that are streamed by the mixture: archives, tensors, tables of numbers."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from adagan.data.csv_files import CsvForm
from adagan.data.table_files import write_rows
from adagan.mixtures.errors import UserError
from adagan.mixtures.sampling.streaming import npy_header
from adagan.mixtures.storage.files import written_file

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

SUFFIXES = (".npz", ".pt", ".parquet")
MEMBER = "data"
"""What the array of an archive is called, so that it can be read again."""


def write_samples(blocks: Iterable[Tensor], num_samples: int, path: Path, written: Callable[[int], object]) -> None:
    """Writes samples to a file, whole or not at all.

    Args:
        blocks: Of samples, one or more, on any device.
        num_samples: In all blocks together.
        path: It ends in .npz, which is streamed; .pt, which is not, a tensor of ``torch.load``; or .parquet.
        written: Told how many samples are, block by block.

    Raises:
        UserError: Samples that are no vectors, and a table is wanted; what writes such files is not installed.
    """
    if path.suffix == ".parquet":
        write_rows(_rows(blocks, path), path, CsvForm(), written)
        return
    with written_file(path) as file:
        if path.suffix == ".pt":
            torch.save(torch.cat(list(_counted(blocks, written))).cpu(), file)
            return
        with zipfile.ZipFile(file, "w") as archive, archive.open(f"{MEMBER}.npy", "w", force_zip64=True) as member:
            for index, block in enumerate(_counted(blocks, written)):
                array = block.detach().cpu().contiguous().numpy()
                if index == 0:
                    member.write(npy_header(array, num_samples))
                member.write(array.data)


def _counted(blocks: Iterable[Tensor], written: Callable[[int], object]) -> Iterator[Tensor]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        written(done)


def _rows(blocks: Iterable[Tensor], path: Path) -> Iterator[pd.DataFrame]:
    import pandas as pd

    for block in blocks:
        if block.ndim > 2:
            raise UserError(
                f"--out: expected .npy, .npz or .pt for samples of shape {tuple(block.shape[1:])}, as rows of a table "
                f"are vectors, got {path}"
            )
        names = [f"x{index}" for index in range(block.shape[1])]
        yield pd.DataFrame(block.detach().cpu().numpy(), columns=names)
