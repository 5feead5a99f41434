"""What ``adagan sample --out`` may name, and how samples are written there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.data.csv_files import CsvForm
from adagan.data.decoded import Decoded
from adagan.data.image_writing import GRID, write_grid, write_pictures
from adagan.data.images_alike import form_of
from adagan.data.sample_files import SUFFIXES, write_samples
from adagan.data.table_files import TABLES, write_rows
from adagan.data.wanted_rows import rows_of_shard, wishes_of
from adagan.mixtures.errors import UserError
from adagan.mixtures.refinement.refined import Samples
from adagan.mixtures.sampling.shards import Shard
from adagan.mixtures.sampling.streaming import sample_blocks, stream_samples
from adagan.run_folder import RunFolder

if TYPE_CHECKING:
    from adagan.components.adapters.tables.table_encoding import TableEncoding

STREAMED = (".npy", ".csv")
MANY = 10_000
"""Samples where no number is said."""
Announce = Callable[[str, int, int], object]


class SampleTarget:
    """Where samples of a run go, and in which form.

    Args:
        run: The run's folder.
        out: A file, or a folder for images; ``None`` means a file in the run's folder.
        shard: The part of the draw that is wanted.

    Attributes:
        path: Of the file or the folder.
        table: The encoding, if the run is of a table.
        images: What pictures of the samples are made by, if they are images.

    Raises:
        UserError: The samples of such a run are not written so.
    """

    def __init__(self, run: str, out: str | None, shard: Shard) -> None:
        folder = RunFolder(run)
        self.run, self.shard = run, shard
        self.encoding = folder.encoding()
        self.table: TableEncoding | None = None if isinstance(self.encoding, ImageEncoding) else self.encoding
        suffix = "npy" if self.table is None else "csv"
        part = "" if shard.count == 1 else f"-{shard.index}-of-{shard.count}"
        self.path = Path(out) if out is not None else Path(run) / f"samples{part}.{suffix}"
        self.images: ImageEncoding | None = None
        if isinstance(self.encoding, ImageEncoding):
            self.images = self.encoding
        elif self.table is None:
            form = form_of(folder.preview()[0])
            self.images = form if isinstance(form, ImageEncoding) else None
        self.is_grid = self.path.suffix.lower() == ".png"
        self.is_folder = out is not None and not self.is_grid and (out.endswith("/") or not self.path.suffix)
        known = self._known()
        if not (self.path.suffix in known or (self.images is not None and (self.is_folder or self.is_grid))):
            such = f"a file that ends in {', '.join(known[:-1])} or {known[-1]}"
            also = ", in .png for a grid, or a folder for PNG files" if self.images is not None else ""
            kind = "of a table" if self.table is not None else "of images" if self.images is not None else "of arrays"
            raise UserError(f"--out: expected {such}{also}, as {run} is a run {kind}, got {out}")

    def _known(self) -> tuple[str, ...]:
        if self.table is not None:
            return TABLES
        return (*STREAMED, *(suffix for suffix in SUFFIXES if self.images is None or suffix != ".parquet"))

    @property
    def usual_number(self) -> int:
        """Samples where no number is said: fewer where they are looked at one by one."""
        return GRID if self.is_grid or self.is_folder else MANY

    def check_free(self, overwrite: bool) -> None:
        """Makes sure that nothing is replaced that should not be.

        Raises:
            FileExistsError: Something is there.
        """
        there = self.path.exists() and not (self.is_folder and self.path.is_dir() and not any(self.path.iterdir()))
        if there and not overwrite:
            raise FileExistsError(f"{self.path} exists already; choose another --out, or pass --overwrite")

    def write(
        self,
        source: Samples,
        num_samples: int,
        generator: torch.Generator,
        announce: Announce,
        *,
        condition: int | None,
        where: str | None,
        overwrite: bool,
    ) -> str:
        """Writes samples there, and says in a line what was written.

        Args:
            source: A mixture, plain or refined.
            num_samples: How many, all shards together.
            generator: Source of randomness.
            announce: Told of the progress.
            condition: A class, for a conditional source.
            where: Wanted values by column, of a table.
            overwrite: Whether what is there may be replaced.
        """
        wanted = len(self.shard.rows(num_samples))
        told = partial(_told, announce, wanted)
        options: dict[str, Any] = {"generator": generator, "condition": condition, "shard": self.shard}
        if self.table is not None:
            wishes = wishes_of(where, self.table)
            rows = rows_of_shard(
                source, self.table, num_samples, generator, self.shard, condition=condition, where=wishes
            )
            write_rows(rows, self.path, CsvForm(**self.table.written), told)
            return f"{wanted} rows written to {self.path}"
        if where is not None:
            raise UserError(f"--where: leave it out, as {self.run} is no run of a table, whose columns have names")
        if self.images is not None and self.is_grid:
            points = torch.cat(list(sample_blocks(source, num_samples, **options)))
            write_grid(points, self.images, self.path)
            return f"{wanted} images written side by side to {self.path}"
        if self.images is not None and self.is_folder:
            blocks = sample_blocks(source, num_samples, **options)
            begin = self.shard.rows(num_samples).start
            write_pictures(blocks, num_samples, self.images, self.path, told, begin=begin, overwrite=overwrite)
            return f"{wanted} images written to {self.path}"
        decoded = Decoded(source, self.encoding) if isinstance(self.encoding, ImageEncoding) else source
        if self.path.suffix in STREAMED:
            stream_samples(decoded, num_samples, self.path, overwrite=overwrite, progress=told, **options)
        else:
            write_samples(sample_blocks(decoded, num_samples, **options), wanted, self.path, told)
        return f"{wanted} samples written to {self.path}"


def _told(announce: Announce, total: int, done: int) -> None:
    announce("samples", done, total)
