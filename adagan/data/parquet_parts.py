"""Parquet files, and folders of them, that are read in parts: a part is what is held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

SUFFIX = ".parquet"
LARGE_TABLE = 2**26
"""Bytes of the columns, not compressed, from which on a table is read in parts."""
ROWS = 2**16
"""Of a part."""
LEARNT = 1_000_000
"""Rows, evenly spaced, from which kinds and scales of columns are learnt; those with news are learnt from too."""
MOST_VALUES = 10_000
"""Values of a column that are looked for in the other rows."""


def parquet_files(path: Path) -> list[Path]:
    """The file itself, or a folder's files, in the order of their names; none where they are of another kind."""
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    return [each for each in found if each.suffix.lower() == SUFFIX and each.is_file()]


class ParquetParts:
    """A table in one or more files, one after the other.

    Args:
        paths: Of the files.

    Attributes:
        num_rows: Of all.
        num_bytes: Of the columns, not compressed.

    Raises:
        UserError: One is not readable, or has other columns than the first.
    """

    def __init__(self, paths: list[Path]) -> None:
        self.paths, self.num_rows, self.num_bytes = paths, 0, 0
        names: list[str] | None = None
        for path in paths:
            with _opened(path) as file:
                about, own = file.metadata, file.schema_arrow.names
            if names is not None and names != own:
                raise UserError(f"{path}: its columns are {own}, where {paths[0].name} has {names}")
            names = own
            self.num_rows += about.num_rows
            self.num_bytes += sum(about.row_group(index).total_byte_size for index in range(about.num_row_groups))

    def frames(self) -> Iterator[pd.DataFrame]:
        """The rows, as pandas has them, in parts."""
        import pyarrow  # type: ignore[import-untyped]

        for path in self.paths:
            with _opened(path) as file:
                batches = file.iter_batches(ROWS)
                while True:
                    try:
                        batch = next(batches, None)
                        frame = None if batch is None else pyarrow.Table.from_batches([batch]).to_pandas()
                    except (pyarrow.ArrowException, OSError, ValueError) as error:
                        raise _unreadable(path, error) from error
                    if frame is None:
                        break
                    yield frame

    def sample(self) -> pd.DataFrame:
        """Rows that stand for all, in order: some, evenly spaced, and those with a value that none before had.

        Values that none had are the lowest and highest so far, missing ones, and categories, `MOST_VALUES` at most.
        """
        import pandas as pd

        space, begin, news = max(-(-self.num_rows // LEARNT), 1), 0, _News()
        kept = []
        for frame in self.frames():
            chosen = (np.arange(begin, begin + len(frame)) % space) == 0
            if space > 1:
                chosen[news.rows(frame)] = True
            kept.append(frame[chosen])
            begin += len(frame)
        if not kept:
            raise UserError(f"{self.paths[0]}: the table has no rows")
        numbered = all(isinstance(frame.index, pd.RangeIndex) and frame.index.name is None for frame in kept)
        return pd.concat(kept, ignore_index=numbered)


class _News:
    """What was seen of every column so far."""

    def __init__(self) -> None:
        self._known: dict[Any, set[Any]] = {}
        self._lacking: set[Any] = set()
        self._range: dict[Any, tuple[Any, Any]] = {}

    def rows(self, frame: pd.DataFrame) -> list[int]:
        """The places of rows with news."""
        found: list[int] = []
        for name, series in frame.items():
            lacking = series.isna().to_numpy()
            if lacking.any() and name not in self._lacking:
                self._lacking.add(name)
                found.append(int(lacking.argmax()))
            if lacking.all():
                continue
            found += self._extremes(name, series) if series.dtype.kind in "iufmM" else self._values(name, series)
        return found

    def _extremes(self, name: Any, series: pd.Series) -> list[int]:
        low, high = series.min(), series.max()
        least, most = self._range.get(name, (None, None))
        found = [] if least is not None and low >= least else [int((series == low).to_numpy().argmax())]
        found += [] if most is not None and high <= most else [int((series == high).to_numpy().argmax())]
        self._range[name] = low if least is None else min(low, least), high if most is None else max(high, most)
        return found

    def _values(self, name: Any, series: pd.Series) -> list[int]:
        known = self._known.setdefault(name, set())
        if len(known) >= MOST_VALUES:
            return []
        try:
            places = np.flatnonzero(~series.duplicated().to_numpy() & series.notna().to_numpy())
            new = [(int(place), value) for place in places if (value := series.iloc[place]) not in known]
        except TypeError:  # lists and the like, which are refused when kinds are told
            return []
        new = new[: MOST_VALUES - len(known)]
        known.update(value for _, value in new)
        return [place for place, _ in new]


def _opened(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise UserError(f"{path}: reading it needs another package: pip install 'adagan[table]'") from error
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path}: not a readable parquet file ({' '.join(str(error).split())[:200]})")
