"""Tables in files: read as pandas has them, and written row by row as they were read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from adagan.data.csv_files import CsvForm, read_csv
from adagan.data.parquet_parts import LARGE_TABLE, ParquetParts, parquet_files
from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.files import written_file

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

TEXT = (".csv", ".tsv")
TABLES = (*TEXT, ".parquet", ".xlsx")
MOST_ROWS_OF_A_SHEET = 1_048_575


def is_table(path: Path) -> bool:
    """Whether there is a table: a file, by its name, or a folder of parquet files."""
    if path.is_dir():
        return bool(parquet_files(path))
    return path.is_file() and path.suffix.lower() in TABLES


def large_table(path: Path) -> ParquetParts | None:
    """What reads a table that has so many bytes that it is read in parts; ``None`` for all others."""
    paths = parquet_files(path)
    parts = ParquetParts(paths) if paths and all(each.stat().st_size for each in paths) else None
    return parts if parts is not None and parts.num_bytes >= LARGE_TABLE else None


def read_table(
    path: Path, kinds: dict[Any, Any] | None = None, header: bool | None = None
) -> tuple[pd.DataFrame, CsvForm]:
    """The table in a file, and how it was written; the arguments are those of `read_csv`.

    Raises:
        ValueError: As `read_csv`; a file that is damaged.
        ImportError: What reads such files is not installed.
    """
    import pandas as pd

    if path.is_dir():
        return _read_folder(path), CsvForm()
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty")
    if path.suffix.lower() in TEXT:
        return read_csv(path, kinds, header)
    try:
        frame = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_excel(path)
    except ImportError as error:
        raise UserError(f"{path}: reading it needs another package: pip install 'adagan[table]'") from error
    except Exception as error:  # of the readers' own kinds
        raise UserError(
            f"{path}: not a readable {path.suffix[1:]} file ({' '.join(str(error).split())[:200]})"
        ) from error
    return frame, CsvForm()


def _read_folder(path: Path) -> pd.DataFrame:
    import pandas as pd

    frames = list(ParquetParts(parquet_files(path)).frames())
    if not frames:
        raise UserError(f"{path}: the tables in it have no rows")
    return pd.concat(frames, ignore_index=not any(map(_has_index, frames)))


def write_rows(blocks: Iterable[pd.DataFrame], path: Path, form: CsvForm, written: Callable[[int], object]) -> None:
    """Writes tables of one kind after each other to a file, whole or not at all.

    Args:
        blocks: One or more.
        path: It ends in .csv, .tsv, .parquet or .xlsx.
        form: Whether a text file has names in its first line, and how decimals are written in it.
        written: Told how many rows are, block by block.

    Raises:
        ValueError: More rows than the kind of file holds, or what writes such files is not installed.
    """
    kind = path.suffix.lower()
    with written_file(path) as file:
        if kind in TEXT:
            _write_text(blocks, file, "\t" if kind == ".tsv" else form.separator, form, written)
            return
        try:
            _write_parquet(blocks, file, written) if kind == ".parquet" else _write_sheet(blocks, file, written)
        except ImportError as error:
            raise UserError(f"{path}: writing it needs another package: pip install 'adagan[table]'") from error


def _write_text(
    blocks: Iterable[pd.DataFrame], file: BinaryIO, separator: str, form: CsvForm, written: Callable[[int], object]
) -> None:
    done = 0
    for frame in blocks:
        text = frame.to_csv(
            index=_has_index(frame),
            header=form.header and done == 0,
            sep=separator,
            decimal=form.decimal,
            lineterminator="\n",
        )
        file.write(text.encode("utf-8"))
        done += len(frame)
        written(done)


def _write_parquet(blocks: Iterable[pd.DataFrame], file: BinaryIO, written: Callable[[int], object]) -> None:
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    writer, done = None, 0
    for frame in blocks:
        table = pyarrow.Table.from_pandas(frame.rename(columns=str), schema=None if writer is None else writer.schema)
        writer = writer or pyarrow.parquet.ParquetWriter(file, table.schema)
        writer.write_table(table)
        done += len(frame)
        written(done)
    if writer is not None:
        writer.close()


def _write_sheet(blocks: Iterable[pd.DataFrame], file: BinaryIO, written: Callable[[int], object]) -> None:
    import pandas as pd

    frame = pd.concat(blocks)
    if len(frame) > MOST_ROWS_OF_A_SHEET:
        raise UserError(
            f"--out: a sheet holds {MOST_ROWS_OF_A_SHEET:,} rows, {len(frame):,} are wanted; write .csv or .parquet"
        )
    for name, dtype in frame.dtypes.items():
        if getattr(dtype, "tz", None) is not None:  # which a sheet cannot hold
            frame[name] = frame[name].astype(str)
    frame.to_excel(file, index=_has_index(frame), engine="openpyxl")
    written(len(frame))


def _has_index(frame: pd.DataFrame) -> bool:
    return frame.index.nlevels > 1 or frame.index.name is not None or frame.index.dtype.kind not in "iu"
