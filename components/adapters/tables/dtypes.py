"""pandas' dtypes as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from adagan.mixtures.errors import UserTypeError

ARROW_DECIMAL = re.compile(r"decimal128\((\d+), (\d+)\)\[pyarrow\]")


def dtype_to_json(dtype: Any) -> Any:
    """A name, or what text and categories need beside it.

    Raises:
        TypeError: Categories that are neither text, numbers, booleans, dates nor intervals.
    """
    import pandas as pd  # type: ignore[import-untyped]

    if isinstance(dtype, pd.StringDtype):
        return {"text": dtype.storage, "missing": "NA" if dtype.na_value is pd.NA else "nan"}
    if isinstance(dtype, pd.CategoricalDtype):
        return {"categories": index_to_json(dtype.categories), "ordered": bool(dtype.ordered)}
    return str(dtype)


def dtype_from_json(content: Any) -> Any:
    """The dtype that was written."""
    import pandas as pd

    if not isinstance(content, Mapping):
        if found := ARROW_DECIMAL.fullmatch(content):  # pandas does not read what it writes
            import pyarrow as pa  # type: ignore[import-not-found, import-untyped, unused-ignore]

            return pd.ArrowDtype(pa.decimal128(int(found[1]), int(found[2])))
        return pd.api.types.pandas_dtype(content)
    if "text" in content:
        missing = pd.NA if content["missing"] == "NA" else np.nan
        try:
            return pd.StringDtype(content["text"], na_value=missing)
        except ImportError:  # pyarrow is not installed here
            return pd.StringDtype("python", na_value=missing)
    return pd.CategoricalDtype(index_from_json(content["categories"]), ordered=content["ordered"])


def index_to_json(index: Any) -> dict[str, Any]:
    """The labels of an index, with their dtype."""
    import pandas as pd

    if isinstance(index.dtype, pd.IntervalDtype):
        left, right = index_to_json(index.left), index_to_json(index.right)
        return {"left": left, "right": right, "closed": index.closed}
    values = index.tolist()
    if index.dtype.kind in "mM":
        values = index.astype("int64").tolist()
    elif not all(isinstance(value, str | int | float | bool) for value in values):
        odd = next(value for value in values if not isinstance(value, str | int | float | bool))
        raise UserTypeError(
            f"frame: {odd!r} is a {type(odd).__name__}; expected categories and names that are text, numbers, "
            "booleans, dates or intervals; convert them, such as by astype(str)"
        )
    return {"values": values, "of": dtype_to_json(index.dtype)}


def index_from_json(content: Mapping[str, Any]) -> Any:
    """The index that was written."""
    import pandas as pd

    if "left" in content:
        left, right = index_from_json(content["left"]), index_from_json(content["right"])
        return pd.IntervalIndex.from_arrays(left, right, closed=content["closed"])
    dtype = dtype_from_json(content["of"])
    if getattr(dtype, "tz", None) is not None:
        return (
            pd.Index(content["values"], dtype="int64")
            .astype(f"datetime64[{dtype.unit}]")
            .tz_localize("UTC")
            .astype(dtype)
        )
    if getattr(dtype, "kind", "") in "mM":
        return pd.Index(content["values"], dtype="int64").astype(dtype)
    return pd.Index(content["values"], dtype=dtype)
