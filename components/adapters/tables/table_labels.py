"""What names the columns and the rows of a table, kept apart from its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from adagan.components.adapters.tables.dtypes import index_from_json, index_to_json

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]


class TableLabels:
    """The names of a table's columns and of its index, which becomes columns where it is more than numbers of rows.

    Args:
        names: The columns' names, for JSON.
        of: What these are names of, pandas' ``columns.name``.
        index: The names of the index's levels; empty if it is mere numbers of rows.
    """

    def __init__(self, names: Any, of: Any, index: list[Any]) -> None:
        self._names, self._of, self.index = names, of, index

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """The labels of a table."""
        index = [_plain(name) for name in frame.index.names] if _means_something(frame.index) else []
        return cls(index_to_json(frame.columns), _plain(frame.columns.name), index)

    def index_as_columns(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The table as this machine reads numbers, with an index that means something as columns before the others."""
        foreign = {name: kind.newbyteorder("=") for name, kind in foreign_dtypes(frame).items()}
        frame = frame.astype(foreign) if foreign else frame
        if not self.index:
            return frame
        levels = [f"index {level}" if name is None else name for level, name in enumerate(self.index)]
        return frame.reset_index(names=levels)

    def given_back(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The reverse: a table with the index and the columns' names of the one that was learnt from."""
        if self.index:
            frame = frame.set_index(list(frame.columns[: len(self.index)]))
            frame.index.names = self.index
        frame.columns = index_from_json(self._names).rename(self._of)
        return frame

    def config(self) -> dict[str, Any]:
        """For JSON."""
        return {"names": {"names": self._names, "of": self._of}, "index": self.index}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The labels whose `config` this is."""
        return cls(config["names"]["names"], config["names"]["of"], config["index"])


def foreign_dtypes(frame: pd.DataFrame) -> dict[Any, np.dtype[Any]]:
    """Numpy's dtypes of columns in another machine's order of bytes, by name."""
    dtypes = frame.dtypes.items()
    return {name: kind for name, kind in dtypes if isinstance(kind, np.dtype) and not kind.isnative}


def _means_something(index: Any) -> bool:
    """Whether an index is more than numbers of rows."""
    import pandas as pd

    unnamed = all(name is None for name in index.names)
    return not (unnamed and index.nlevels == 1 and pd.api.types.is_integer_dtype(index.dtype))


def _plain(name: Any) -> Any:
    return int(name) if isinstance(name, np.integer) else name
