"""Cells of a text table as values: numbers as people write them, booleans, missing ones, and text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MISSING = frozenset(
    [
        "NA",
        "N/A",
        "n/a",
        "NaN",
        "nan",
        "-NaN",
        "-nan",
        "NULL",
        "null",
        "None",
        "<NA>",
        "#N/A",
        "#NA",
        "1.#IND",
        "-1.#IND",
        "1.#QNAN",
        "-1.#QNAN",
    ]
)
MISSING |= {"", "#N/A N/A"}
"""What pandas reads as missing."""
BOOLEANS = {"true": True, "false": False}
_SIGNS = "+−-"
"""Before numbers: a minus may be the typographic one."""
_BLANKS = "'’ \u00a0\u202f"
"""Between thousands, whatever stands before decimals."""


def _number(decimal: str) -> re.Pattern[str]:
    other = "," if decimal == "." else "."
    whole = rf"(\d+|[1-9]\d{{0,2}}([{other}{_BLANKS}]\d{{3}})+)"
    return re.compile(
        rf"[{_SIGNS}]?({whole}({re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+)([eE][+-]?\d+)?|[+-]?(inf|Infinity)"
    )


NUMBER = {decimal: _number(decimal) for decimal in (".", ",")}
_GROUPS_ONLY = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+)?,\d+([eE][+-]?\d+)?")
_CODE = re.compile(r"[+-]?0\d+")
MOSTLY = 0.95
"""A column with this share of numbers, and other text, is told of rather than taken for text."""


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is a number as a table with this decimal sign has them."""
    return NUMBER[decimal].fullmatch(cell) is not None


def decimal_sign(columns: Sequence[Sequence[str]], separator: str, source: str) -> str:
    """The decimal sign of a table, a comma where some number cannot be read otherwise.

    Args:
        columns: Cells that are not missing.
        separator: Of cells: where it is a comma, one inside of a number stands between thousands if it can.
        source: For the message.

    Raises:
        ValueError: All numbers with a comma can be read either way.
    """
    doubtful = ""
    for cells in columns:
        commas = [cell for cell in cells if "," in cell]
        if not commas or not all(is_number(cell, ",") or is_number(cell) for cell in cells):
            continue
        either = all(_GROUPS_ONLY.fullmatch(cell) for cell in commas)
        if not either and all(_DECIMAL_COMMA.fullmatch(cell) for cell in commas):
            return ","
        if either and all(is_number(cell, ",") for cell in cells):
            doubtful = doubtful or commas[0]
    points = any("." in cell and is_number(cell) for cells in columns for cell in cells)
    if doubtful and separator != "," and not points:
        whole, _, rest = doubtful.partition(",")
        raise UserError(
            f"{source}: {doubtful} may be {whole}.{rest} or {whole}{rest}; write its numbers with a decimal point and "
            "without a sign between thousands"
        )
    return "."


def typed(cells: pd.Series, decimal: str, source: str, kind: Any = None) -> pd.Series:
    """A column of text as pandas would type it, whole numbers and booleans also where some are missing.

    Args:
        cells: Text, shape (N,).
        decimal: Of the table.
        source: The file, for messages.
        kind: What the user says of it; categories and dates stay as they are written.

    Raises:
        ValueError: Nearly all are numbers, and the user does not say what the others are.
    """
    import pandas as pd

    stripped = cells.str.strip()
    missing = stripped.isin(MISSING)
    there = stripped[~missing]
    text = cells.mask(missing)
    if not len(there):
        return pd.Series(np.full(len(cells), np.nan), name=cells.name)
    if kind is not None and str(kind).partition(":")[0] in ("category", "text", "date"):
        return text
    lowered = there.str.lower()
    if lowered.isin(list(BOOLEANS)).all():
        values = lowered.map(BOOLEANS).astype(bool)
        return values if not missing.any() else values.astype("boolean").reindex(cells.index)
    sign = decimal if there.str.fullmatch(NUMBER[decimal].pattern).all() else "."
    numbers = there.str.fullmatch(NUMBER[sign].pattern)
    if not numbers.all():
        odd = there[~numbers]
        if kind is None and len(there) >= 20 and numbers.mean() >= MOSTLY:
            raise UserError(
                f"{source}: {len(odd)} of {len(cells)} values of column {cells.name!r} are no numbers, such as "
                f"{odd.iloc[0]!r}; leave them empty if they are missing, or say --columns {cells.name}=category"
            )
        return text
    if there.str.fullmatch(_CODE.pattern).any():  # digits that mean something as they stand, such as 01234
        return text
    there = there.str.replace("−", "-")
    plain = there.str.replace(f"[{'.' if sign == ',' else ','}{_BLANKS}]", "", regex=True).str.replace(",", ".")
    return _numbers(plain, cells.index)


def _numbers(plain: pd.Series, index: Any) -> pd.Series:
    import pandas as pd

    whole = plain.str.fullmatch(r"[+-]?\d+").all()
    if whole:
        exact = [int(cell) for cell in plain]
        dtype = "int64" if max(exact) < 2**63 else "uint64"
        if min(exact) < (-(2**63) if dtype == "int64" else 0) or max(exact) >= 2**64:
            return plain.reindex(index)  # too long for any number of a machine
        values = pd.Series(np.array(exact, dtype=dtype), index=plain.index, name=plain.name)
        return values if len(values) == len(index) else values.astype(dtype.title().replace("Ui", "UI")).reindex(index)
    floats = np.array(plain.tolist(), dtype=object).astype(np.float64)  # Python's reading, right to the last digit
    return pd.Series(floats, index=plain.index, name=plain.name).reindex(index)
