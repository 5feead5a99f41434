"""Rows of a table, numbers and categories mixed, as vectors, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from adagan.components.adapters.skops_state import estimator_from_tensor, estimator_to_tensor
from adagan.components.adapters.tables.table_columns import Column, import_pandas
from adagan.mixtures.errors import UserError, UserTypeError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MAX_CATEGORIES = 1_000
"""A column with more distinct values than this is taken for an identifier and refused."""


class TableEncoding:
    """What turns the rows of a pandas DataFrame into vectors, and vectors into rows with the same columns and dtypes.

    Numbers pass through one of scikit-learn's transformers; text, booleans and pandas' categories are one-hot encoded,
    missing ones as a category of their own. Vectors need not be exact to be decoded: the largest entry of a category's
    block decides, and whole numbers are rounded and kept within the range that was seen. Categories come back exactly,
    numbers to the precision of `dtype`: float32 keeps whole numbers that range over less than 8 million.

    Args:
        frame: What columns, dtypes, categories and scales are learnt from.
        categorical: Names of columns of numbers that are categories, such as codes.
        numeric: Transformer of the numbers, unfitted, with ``inverse_transform``; ``None`` means ``StandardScaler()``.
            ``QuantileTransformer(output_distribution="normal")`` suits skewed ones.
        dtype: Of the vectors.

    Attributes:
        columns: The `Column` records, in the table's order.

    Raises:
        TypeError: No DataFrame, or a column of another kind, such as dates; it is named.
        ValueError: An empty table, missing or infinite numbers, identifiers; the column is named.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"kind": ["firm", "private", "firm"], "orders": [12, 3, 15]})
        >>> encoding = TableEncoding(frame)
        >>> rows = encoding.encode(frame)  # what AdaGAN(partial(Tabular, GAN, encoding)) is fitted to
        >>> rows.shape
        torch.Size([3, 3])
        >>> encoding.decode(rows)["kind"].tolist()
        ['firm', 'private', 'firm']
    """

    columns: tuple[Column, ...]

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        categorical: Sequence[Any] = (),
        numeric: Any = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        from sklearn.base import clone  # type: ignore[import-untyped]
        from sklearn.preprocessing import OneHotEncoder, StandardScaler  # type: ignore[import-untyped]

        if not isinstance(frame, import_pandas().DataFrame):
            raise UserTypeError(f"frame: expected a pandas DataFrame, got {type(frame).__name__}")
        if frame.empty:
            raise UserError(f"frame: expected rows and columns, got shape {frame.shape}")
        if not frame.columns.is_unique:
            raise UserError(f"frame: column {frame.columns[frame.columns.duplicated()][0]!r} occurs twice")
        for name in categorical:
            if name not in frame.columns:
                raise UserError(f"categorical: there is no column {name!r} in the table, but {list(frame.columns)}")
        if numeric is not None and not callable(getattr(numeric, "inverse_transform", None)):
            raise UserTypeError(
                f"numeric: {type(numeric).__name__} has no method inverse_transform, so nothing is decoded"
            )
        self.dtype = dtype
        self.columns = tuple(Column.of(frame[name], name in categorical) for name in frame.columns)
        self._numeric: Any = None
        self._encoder: Any = None
        if self._numbers:
            self._numeric = clone(numeric if numeric is not None else StandardScaler())
            self._numeric.fit(self._number_table(frame))
        if self._categories:
            self._encoder = OneHotEncoder(sparse_output=False).fit(self._category_table(frame))
            for column, values in zip(self._categories, self._encoder.categories_, strict=True):
                if len(values) > MAX_CATEGORIES:
                    raise UserError(
                        f"frame: column {column.name!r} has {len(values)} different values, as an identifier has; up "
                        f"to {MAX_CATEGORIES} are categories; drop it, or group its values"
                    )

    @property
    def _numbers(self) -> list[Column]:
        return [column for column in self.columns if not column.is_category]

    @property
    def _categories(self) -> list[Column]:
        return [column for column in self.columns if column.is_category]

    @property
    def categorical(self) -> list[Any]:
        """Names of the columns that are categories."""
        return [column.name for column in self._categories]

    @property
    def block_sizes(self) -> list[int]:
        """Entries of a vector that belong to each column of categories; they stand after those of the numbers."""
        return [] if self._encoder is None else [len(values) for values in self._encoder.categories_]

    @property
    def _width(self) -> int:
        return len(self._numbers) + sum(self.block_sizes)

    def encode(self, frame: pd.DataFrame) -> Tensor:
        """Rows as vectors, shape (N, D).

        Raises:
            ValueError: A column is lacking or superfluous, a category was never seen, a number is missing.
        """
        names = [column.name for column in self.columns]
        if set(frame.columns) != set(names):
            raise UserError(f"frame: expected the columns {names}, got {list(frame.columns)}")
        if len(frame) == 0:
            return torch.empty(0, self._width, dtype=self.dtype)
        blocks: list[NDArray[np.float64]] = []
        if self._numeric is not None:
            blocks.append(self._numeric.transform(self._number_table(frame)))
        if self._encoder is not None:
            table = self._category_table(frame)
            for column, values, known in zip(self._categories, table.T, self._encoder.categories_, strict=True):
                unseen = set(values) - set(known)
                if unseen:
                    raise UserError(
                        f"frame: column {column.name!r} holds {next(iter(unseen))!r}, which the encoding has not seen; "
                        "make the encoding of a table with every category"
                    )
            blocks.append(self._encoder.transform(table))
        return torch.from_numpy(np.concatenate(blocks, axis=1)).to(self.dtype)

    def decode(self, vectors: Tensor) -> pd.DataFrame:
        """A table of the vectors' rows (N, D), with the columns and dtypes of the one that was learnt from."""
        numbers, blocks = self._split(vectors)
        made: dict[Any, Any] = {}
        if self._numeric is not None and len(vectors):
            table = self._numeric.inverse_transform(numbers.double().cpu().numpy())
            made.update((c.name, c.restored(values)) for c, values in zip(self._numbers, table.T, strict=True))
        if self._encoder is not None and len(vectors):
            table = self._encoder.inverse_transform(torch.cat(blocks, dim=1).cpu().numpy())
            made.update((c.name, c.restored(values)) for c, values in zip(self._categories, table.T, strict=True))
        series = {column.name: made.get(column.name, column.restored(np.empty(0))) for column in self.columns}
        return import_pandas().DataFrame(series)

    def nearest(self, vectors: Tensor) -> Tensor:
        """The vectors (N, D) that stand for what `decode` makes of these: exact blocks, whole numbers rounded."""
        numbers, blocks = self._split(vectors)
        numbers = self._changed(numbers, lambda column, values, index: column.rounded(values))
        ones = [functional.one_hot(block.argmax(dim=1), block.shape[1]).to(vectors) for block in blocks]
        return torch.cat([numbers, *ones], dim=1)

    def blurred(self, vectors: Tensor, noise: float, generator: torch.Generator) -> Tensor:
        """Other vectors (N, D) whose `nearest` are these, or hardly ever not, for learning from.

        Args:
            vectors: Encoded rows.
            noise: Standard deviation of the normal noise on the entries of categories; unless it is 0, whole numbers
                are moved by up to half of their distance, evenly.
            generator: Source of randomness, on the device of the vectors.
        """
        numbers, blocks = self._split(vectors)
        if noise == 0:
            return vectors.clone()
        shift = torch.rand(numbers.shape, generator=generator, dtype=torch.float64, device=vectors.device) - 0.5
        numbers = self._changed(numbers, lambda column, values, index: values + shift.cpu().numpy()[:, index])
        noisy = [b + noise * torch.randn(b.shape, generator=generator, dtype=b.dtype, device=b.device) for b in blocks]
        return torch.cat([numbers, *noisy], dim=1)

    def _changed(
        self, numbers: Tensor, change: Callable[[Column, NDArray[np.float64], int], NDArray[np.float64]]
    ) -> Tensor:
        """Encoded numbers (N, n), those of whole columns changed on the scale of the table."""
        if not any(column.is_whole for column in self._numbers) or len(numbers) == 0:
            return numbers
        table = self._numeric.inverse_transform(numbers.double().cpu().numpy())
        for index, column in enumerate(self._numbers):
            if column.is_whole:
                table[:, index] = change(column, table[:, index], index)
        return torch.from_numpy(self._numeric.transform(table)).to(numbers)

    def _split(self, vectors: Tensor) -> tuple[Tensor, list[Tensor]]:
        if vectors.ndim != 2 or vectors.shape[1] != self._width:
            raise UserError(f"vectors: expected shape (N, {self._width}), got {tuple(vectors.shape)}")
        numbers, *blocks = torch.split(vectors, [len(self._numbers), *self.block_sizes], dim=1)
        return numbers, blocks

    def _number_table(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        return np.stack([column.as_numbers(frame[column.name]) for column in self._numbers], axis=1)

    def _category_table(self, frame: pd.DataFrame) -> NDArray[np.object_]:
        return np.stack([column.as_objects(frame[column.name]) for column in self._categories], axis=1)

    def config(self) -> dict[str, Any]:
        """The columns, for JSON; with `state` it is all that `restored` needs."""
        dtype = str(self.dtype).removeprefix("torch.")
        return {"dtype": dtype, "columns": [column.config() for column in self.columns]}

    def state(self) -> Tensor:
        """The fitted transformers as skops' bytes, uint8."""
        return estimator_to_tensor([self._numeric, self._encoder])

    @classmethod
    def restored(cls, config: Mapping[str, Any], state: Tensor) -> Self:
        """The encoding whose `config` and `state` these are.

        Raises:
            ValueError: The bytes are not skops', or hold a type that it does not trust.
        """
        made = cls.__new__(cls)
        made.dtype = getattr(torch, config["dtype"])
        made.columns = tuple(Column.from_config(column) for column in config["columns"])
        made._numeric, made._encoder = estimator_from_tensor(state, ())
        return made
