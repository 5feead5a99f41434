"""The columns of a table: of which dtype, and whether numbers or categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from adagan.mixtures.errors import UserError, UserTypeError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]


def import_pandas() -> Any:
    """The package pandas.

    Raises:
        ImportError: It is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("tables need pandas: pip install 'adagan[table]'") from error
    return pandas


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its name, text or a whole number.
        dtype: pandas' dtype.
        is_category: Whether its values are categories.
        limits: The smallest and the largest value of whole numbers; ``None`` for others.
    """

    name: str | int
    dtype: Any
    is_category: bool
    limits: tuple[int, int] | None = None

    @classmethod
    def of(cls, series: pd.Series, is_category: bool) -> Self:
        """The column of these values; text, booleans and pandas' categories are categories anyway.

        Raises:
            TypeError, ValueError: What it holds is of another kind, or numbers are missing.
        """
        name, dtype, types = series.name, series.dtype, import_pandas().api.types
        if not isinstance(name, str | int):
            raise UserTypeError(f"frame: expected columns called by text or whole numbers, got {name!r}")
        is_number = types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype)
        if types.is_complex_dtype(dtype) or not (
            is_number or types.is_bool_dtype(dtype) or _is_text(dtype) or isinstance(dtype, _categorical())
        ):
            raise UserTypeError(
                f"frame: column {name!r} is of dtype {dtype}; expected numbers, booleans, text or categories; make "
                "numbers of it first, such as days since a date, or drop it"
            )
        if is_category or not is_number:
            kinds = sorted({type(value).__name__ for value in series.dropna().tolist()})
            if len(kinds) > 1 or (kinds and kinds[0] not in ("str", "int", "float", "bool")):
                raise UserTypeError(
                    f"frame: column {name!r} holds {' and '.join(kinds)}; categories are all text, all numbers or all "
                    "booleans; convert it first, such as by astype(str)"
                )
            return cls(name, dtype, True)
        column = cls(name, dtype, False)
        values = column.as_numbers(series)
        whole = types.is_integer_dtype(dtype)
        return cls(name, dtype, False, (int(values.min()), int(values.max())) if whole else None)

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers, not categories."""
        return self.limits is not None

    def as_numbers(self, series: pd.Series) -> NDArray[np.float64]:
        """The values as float64, shape (N,).

        Raises:
            ValueError: Some are missing or infinite, or no numbers.
        """
        try:
            values: NDArray[np.float64] = series.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise UserError(f"frame: column {self.name!r} is of numbers, got {series.dtype}: {error}") from error
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise UserError(
                f"frame: column {self.name!r} has {bad} of {len(values)} numbers missing or infinite; fill them in or "
                "drop these rows"
            )
        return values

    def as_objects(self, series: pd.Series) -> NDArray[np.object_]:
        """The values as Python's objects, those missing as ``None``, shape (N,)."""
        values: NDArray[np.object_] = series.astype(object).to_numpy().copy()
        values[series.isna().to_numpy()] = None
        return values

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Whole numbers rounded and kept within the limits, others as they are, shape (N,)."""
        return values if self.limits is None else np.clip(np.rint(values), *self.limits)

    def restored(self, values: NDArray[Any]) -> pd.Series:
        """Decoded values (N,) as a column with its name and dtype."""
        content = list(values) if self.is_category else self.rounded(values)
        return (
            import_pandas()
            .Series(content, name=self.name, dtype=object if self.is_category else None)
            .astype(self.dtype)
        )

    def config(self) -> dict[str, Any]:
        """For JSON."""
        dtype: Any = str(self.dtype)
        if isinstance(self.dtype, _categorical()):
            values = self.dtype.categories
            dtype = {"categories": values.tolist(), "of": str(values.dtype), "ordered": bool(self.dtype.ordered)}
        limits = None if self.limits is None else list(self.limits)
        return {"name": self.name, "dtype": dtype, "is_category": self.is_category, "limits": limits}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The column whose `config` this is."""
        pandas, dtype = import_pandas(), config["dtype"]
        if isinstance(dtype, Mapping):
            values = pandas.Index(dtype["categories"], dtype=dtype["of"])
            dtype = pandas.CategoricalDtype(values, ordered=dtype["ordered"])
        limits = None if config["limits"] is None else (config["limits"][0], config["limits"][1])
        return cls(config["name"], pandas.api.types.pandas_dtype(dtype), config["is_category"], limits)


def _categorical() -> Any:
    return import_pandas().CategoricalDtype


def _is_text(dtype: Any) -> bool:
    pandas = import_pandas()
    return isinstance(dtype, pandas.StringDtype) or bool(pandas.api.types.is_object_dtype(dtype))
