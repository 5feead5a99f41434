"""Rows of a table, whatever its columns hold, as vectors, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.inference import column_of, remarks
from adagan.components.adapters.tables.measures import restored
from adagan.components.adapters.tables.number_scaling import NumberScaling
from adagan.components.adapters.tables.states import ordinary_magnitudes, states_of
from adagan.components.adapters.tables.table_labels import TableLabels, foreign_dtypes
from adagan.mixtures.errors import UserError, UserTypeError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

DTYPES = {"float32": torch.float32, "float64": torch.float64}
NOISE = 0.1
"""Standard deviation of the noise on entries that tell a state, from which components learn."""


class TableEncoding:
    """What turns the rows of a pandas DataFrame into vectors, and vectors into rows with the same columns and dtypes.

    Every column is numbers, categories (text, booleans, pandas' categories), dates, durations, or an identifier, which
    is not learnt and is numbered anew. Missing values are a state of their column, as categories are, and so are values
    that a tenth of a column of numbers or more have, such as 0; states are one-hot encoded, by scikit-learn's
    ``OneHotEncoder``. What is ordinary is scaled in double precision, by ``StandardScaler``, if skewed by
    ``PowerTransformer`` before; whole numbers, dates and numbers with few decimals come back as such, and no number
    leaves the range that was seen. (``ColumnTransformer`` would hold these, but cannot be inverted.)

    Vectors need not be exact to be decoded: the largest entry of a state's block decides, and numbers are rounded.

    Args:
        frame: What columns, states and scales are learnt from.
        columns: What is known of columns, by name: ``"number"``, ``"category"``, ``"date"`` or ``"date:%d.%m.%Y"``,
            ``"duration"``, ``"identifier"``, or ``"drop"``; a look at the values decides for the others.
        dtype: Of the vectors.

    Attributes:
        columns: The `Column` records, in the table's order, an index that is no mere row number before them.
        written: How its text file is written, by `separator`, `decimal` and `header`, where it comes from one.
        remarks: What the user should know, a sentence each: columns that look like identifiers.

    Raises:
        TypeError: No DataFrame, or a column of another kind; it is named.
        ValueError: An empty table, infinite numbers, too many categories; the column is named.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"kind": ["firm", "private", None], "orders": [12, 3, 15]})
        >>> encoding = TableEncoding(frame)
        >>> rows = encoding.encode(frame)  # what AdaGAN(GAN).fit(frame) trains on
        >>> rows.shape
        torch.Size([3, 4])
        >>> encoding.decode(rows)["orders"].tolist()
        [12, 3, 15]
    """

    columns: tuple[Column, ...]

    def __init__(
        self, frame: pd.DataFrame, *, columns: Mapping[Any, Any] | None = None, dtype: torch.dtype = torch.float32
    ) -> None:
        import pandas as pd

        if not isinstance(frame, pd.DataFrame):
            raise UserTypeError(f"frame: expected a pandas DataFrame, got {type(frame).__name__}")
        said = dict(columns or {})
        if frame.empty:
            raise UserError(f"frame: expected rows and columns, got shape {frame.shape}")
        if not frame.columns.is_unique:
            raise UserError(f"frame: column {frame.columns[frame.columns.duplicated()][0]!r} occurs twice")
        for name in said:
            if name not in frame.columns:
                raise UserError(f"columns: there is no column {name!r} in the table, but {list(frame.columns)}")
        self.dropped = tuple(name for name, word in said.items() if word == Kind.DROP)
        kept = frame.drop(columns=list(self.dropped))
        if not len(kept.columns):
            raise UserError("columns: all of them are dropped; keep one or more")
        self._labels = TableLabels.of(kept)
        kept = self._labels.index_as_columns(kept)
        self.dtype, self.written = dtype, dict[str, Any]()
        foreign = foreign_dtypes(frame)
        looked_at = [column_of(kept[name], said.get(name)) for name in kept.columns]
        self.columns = tuple(replace(column, dtype=foreign.get(column.name, column.dtype)) for column in looked_at)
        self.remarks = remarks([column for column in self.columns if column.name not in said])
        self._scaling = NumberScaling.fitted(self._numbers, self._number_table(kept))
        self._learn_states()
        if self.width == 0:
            raise UserError("frame: every column is constant or an identifier, so there is nothing to learn")

    @property
    def _numbers(self) -> list[Column]:
        return [column for column in self.columns if column.ordinary]

    @property
    def _with_states(self) -> list[Column]:
        return [column for column in self.columns if column.width]

    def _learn_states(self) -> None:
        from sklearn.preprocessing import OneHotEncoder  # type: ignore[import-untyped]

        sizes = self.block_sizes
        self._states = OneHotEncoder(categories=[np.arange(size) for size in sizes], sparse_output=False)
        if sizes:
            self._states.fit(np.zeros((1, len(sizes)), dtype=np.int64))

    @property
    def categorical(self) -> list[Any]:
        """Names of the columns that are categories."""
        return [column.name for column in self.columns if column.kind is Kind.CATEGORY]

    @property
    def block_sizes(self) -> list[int]:
        """Entries of a vector that belong to each column with states; they stand after those of the numbers."""
        return [column.width for column in self._with_states]

    @property
    def width(self) -> int:
        """D, entries of a vector."""
        return len(self._numbers) + sum(self.block_sizes)

    def encode(self, frame: pd.DataFrame) -> Tensor:
        """Rows as vectors, shape (N, D).

        Raises:
            ValueError: A column is lacking or superfluous, a category was never seen, or a value is missing where none
                was.
        """
        frame = self._labels.index_as_columns(frame.drop(columns=[n for n in self.dropped if n in frame.columns]))
        names = [column.name for column in self.columns]
        if set(frame.columns) != set(names):
            raise UserError(f"frame: expected the columns {names}, got {list(frame.columns)}")
        if len(frame) == 0:
            return torch.empty(0, self.width, dtype=self.dtype)
        numbers = self._number_table(frame)
        blocks = [np.nan_to_num(self._scaling.scaled(numbers))]
        if self.block_sizes:
            states = [states_of(column, frame[column.name]) for column in self._with_states]
            blocks.append(self._states.transform(np.stack(states, axis=1)))
        return torch.from_numpy(np.concatenate(blocks, axis=1)).to(self.dtype)

    def decode(self, vectors: Tensor, start: int = 0) -> pd.DataFrame:
        """A table of the vectors' rows (N, D), with the columns and dtypes of the one that was learnt from.

        Args:
            vectors: Of the encoding, or near those.
            start: Rows before these, after which identifiers are numbered.
        """
        import pandas as pd

        numbers, blocks = self._split(vectors.detach().cpu())
        table = self._scaling.restored(numbers.double().numpy())
        magnitudes = dict(zip([column.name for column in self._numbers], table.T, strict=True))
        names = [column.name for column in self._with_states]
        states = {name: block.argmax(dim=1).numpy() for name, block in zip(names, blocks, strict=True)}
        nothing = np.zeros(len(vectors), dtype=np.int64)
        series = {
            column.name: _numbered(column, start, len(vectors))
            if column.kind is Kind.IDENTIFIER
            else restored(column, states.get(column.name, nothing), magnitudes.get(column.name, nothing.astype(float)))
            for column in self.columns
        }
        return self._labels.given_back(pd.DataFrame(series))

    @property
    def has_index(self) -> bool:
        """Whether the table's index is more than numbers of rows."""
        return bool(self._labels.index)

    def renumbered(self, frame: pd.DataFrame, start: int) -> pd.DataFrame:
        """Some rows of a decoded table as a table of their own: identifiers and rows are numbered anew."""
        frame = frame.copy() if self.has_index else frame.reset_index(drop=True)
        for column in self.columns:
            if column.kind is Kind.IDENTIFIER and column.name in frame.columns:
                frame[column.name] = _numbered(column, start, len(frame)).to_numpy()
        return frame

    def nearest(self, vectors: Tensor) -> Tensor:
        """The vectors (N, D) that stand for what `decode` makes of these: exact blocks, numbers rounded in range."""
        numbers, blocks = self._split(vectors)
        ones = [functional.one_hot(block.argmax(dim=1), block.shape[1]).to(vectors) for block in blocks]
        numbers = self._scaling.rounded(numbers)
        for index, block in self._blocks_of_numbers(ones):
            numbers[:, index] *= block[:, -1]
        return torch.cat([numbers, *ones], dim=1)

    def blurred(self, vectors: Tensor, generator: torch.Generator) -> Tensor:
        """Other vectors (N, D) whose `nearest` are these, or hardly ever not, for learning from.

        A row has a single one in a state's block and whole numbers in a column of such, a generator's output only
        nearly so, which is all that an adversary would look at.

        Args:
            vectors: Encoded rows.
            generator: Source of randomness, on the device of the vectors.

        References:
            Xu et al., *Modeling tabular data using conditional GAN*, 2019, https://arxiv.org/abs/1907.00503, on what
            makes tables hard for generators.
        """
        numbers, blocks = self._split(vectors)
        shift = torch.rand(numbers.shape, generator=generator, dtype=vectors.dtype, device=vectors.device) - 0.5
        blurred = self._scaling.moved(numbers, shift)
        other = torch.randn(numbers.shape, generator=generator, dtype=vectors.dtype, device=vectors.device)
        for index, block in self._blocks_of_numbers(blocks):
            blurred[:, index] = torch.where(block[:, -1] > 0.5, blurred[:, index], other[:, index])
        noise = [torch.randn(b.shape, generator=generator, dtype=b.dtype, device=b.device) for b in blocks]
        return torch.cat([blurred, *(b + NOISE * n for b, n in zip(blocks, noise, strict=True))], dim=1)

    def _blocks_of_numbers(self, blocks: Sequence[Tensor]) -> list[tuple[int, Tensor]]:
        """The place of each number that has states too, and its block, whose last entry says that it is ordinary."""
        place = {column.name: index for index, column in enumerate(self._numbers)}
        pairs = zip(self._with_states, blocks, strict=True)
        return [(place[column.name], block) for column, block in pairs if column.ordinary]

    def _split(self, vectors: Tensor) -> tuple[Tensor, list[Tensor]]:
        if vectors.ndim != 2 or vectors.shape[1] != self.width:
            raise UserError(f"vectors: expected shape (N, {self.width}), got {tuple(vectors.shape)}")
        numbers, *blocks = torch.split(vectors, [len(self._numbers), *self.block_sizes], dim=1)
        return numbers, blocks

    def _number_table(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Ordinary magnitudes, NaN where a row has none, shape (N, n)."""
        table = np.full((len(frame), len(self._numbers)), np.nan)
        for index, column in enumerate(self._numbers):
            table[:, index] = ordinary_magnitudes(column, frame[column.name])
        return table

    def config(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "dtype": str(self.dtype).removeprefix("torch."),
            "columns": [column.config() for column in self.columns],
            "dropped": list(self.dropped),
            **self._labels.config(),
            "scaling": self._scaling.config(),
            "written": self.written,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Any] = ()) -> Self:
        """The encoding whose `config` this is.

        Raises:
            ValueError: It is damaged.
        """
        made = cls.__new__(cls)
        try:
            made.dtype = DTYPES[config["dtype"]]
            made.columns = tuple(Column.from_config(column) for column in config["columns"])
            made.dropped, made.remarks, made.written = tuple(config["dropped"]), [], dict(config["written"])
            made._labels = TableLabels.from_config(config)
            made._scaling = NumberScaling.from_config(made._numbers, config["scaling"])
            made._learn_states()
            made.decode(torch.zeros(1, made.width, dtype=made.dtype))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise UserError(f"the encoding of a table is damaged: {type(error).__name__}: {error}") from error
        return made


def _numbered(column: Column, start: int, count: int) -> pd.Series:
    import pandas as pd

    numbers = range(start + 1, start + 1 + count)
    if column.origin or pd.api.types.is_numeric_dtype(column.dtype) or column.holds == "int":
        values: list[Any] = [column.origin + number for number in numbers]
    else:
        values = [f"{column.name}-{number}" for number in numbers]
    return pd.Series(values, name=column.name, dtype=object).astype(column.dtype)
