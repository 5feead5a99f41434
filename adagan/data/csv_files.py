"""Tables in text files: how they are written is decided from what they hold, and said; what is ambiguous is refused."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adagan.data.cells import MISSING, decimal_sign, is_number, typed
from adagan.data.limits import check_lines
from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SPACES = " "
"""Separate cells where no other sign does and nearly all of them are numbers, as ``numpy.savetxt`` writes."""
FOREIGN = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"PK\x03\x04", "zip or Excel"),
    (b"PAR1", "Parquet"),
)
MARKUP = re.compile(r"\s*(\{\s*\"|\[\s*[\[{]|<(!doctype|html|table|\?xml))", re.IGNORECASE)
_SAID = re.compile(r"sep=(.)\r?\n")
"""Excel's first line, which says what separates cells."""
LOOKED_AT = 1_000
"""Lines from which the separator and the header are told."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
Row = list[str]


@dataclass(frozen=True)
class CsvForm:
    """How a text table is written.

    Attributes:
        encoding: Of its characters.
        separator: Between cells.
        decimal: A point or a comma.
        header: Whether the first line names the columns.
        remarks: What else was decided, a few words each.
    """

    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."
    header: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What was decided, in a few words."""
        parts = ["names in the first line" if self.header else "no names in the first line, so columns are numbered"]
        parts.append(f"separated by {SEPARATORS.get(self.separator, 'spaces')}")
        if self.decimal == ",":
            parts.append("decimal commas")
        if self.encoding == "utf-16":
            parts.append("UTF-16")
        return ", ".join([*parts, *self.remarks])


def read_csv(
    path: Path, kinds: dict[Any, Any] | None = None, header: bool | None = None
) -> tuple[pd.DataFrame, CsvForm]:
    """The table in a text file, and how it was read.

    Args:
        path: The file.
        kinds: What the user says of its columns, by name.
        header: Whether the first line names the columns; ``None`` decides by what it holds.

    Raises:
        ValueError: No text, no rows, rows of different lengths, a header of another length, names that occur twice,
            numbers that can be read in two ways.
    """
    check_lines(path)
    text, encoding = _decoded(path)
    said = _SAID.match(text)
    separator = said[1] if said and said[1] in SEPARATORS else _separator(text, path)
    text = text[said.end() :] if said else text
    spaced = separator == SPACES
    if spaced:
        text, separator = _spaced(text), "\t"
    first = list(islice(_records(text, separator), LOOKED_AT))
    if not first:
        raise UserError(f"{path}: the file has no rows")
    width = _width(first, header, path)
    rows = [row + [""] * (width - len(row)) for _, row in _checked(text, separator, width, path)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    there = [[cell.strip() for cell in column[1:] if cell.strip() not in MISSING] for column in columns]
    decimal = decimal_sign(there, separator, str(path))
    named = _is_header(rows, there, decimal) if header is None else header
    names: Row = [cell.strip() for cell in rows[0]] if named else []
    if named and len(rows) == 1:
        raise UserError(f"{path}: the file has names and no rows; expected rows of values below them")
    if not named:
        there = [[cell.strip() for cell in column if cell.strip() not in MISSING] for column in columns]
        decimal = decimal_sign(there, separator, str(path))
    kept, remarks = _kept(names, columns, there, named)
    frame = _frame(
        [columns[index][1 if named else 0 :] for index in kept],
        [names[i] for i in kept] if named else None,
        path,
        decimal,
        kinds or {},
    )
    return frame, CsvForm(encoding, SPACES if spaced else separator, decimal, named, remarks)


def _decoded(path: Path) -> tuple[str, str]:
    content = path.read_bytes()
    for mark, name in FOREIGN:
        if content.startswith(mark):
            raise UserError(f"{path}: not a text file, but {name}; unpack it, or give it the suffix of what it is")
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not a text file in UTF-8 ({reason}); save it as UTF-8") from error
    if "\0" in text:
        raise UserError(f"{path}: not a text file in UTF-8: it holds zero bytes; save it as UTF-8")
    if found := MARKUP.match(text):
        what = "a web page or XML" if "<" in found[0] else "JSON"
        raise UserError(f"{path}: not a table of text, but {what}; read it by pandas and save it with to_csv")
    return text.rstrip("\x1a"), encoding.removesuffix("-sig")  # the sign by which old programs end a file


def _records(text: str, separator: str) -> Any:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))


def _separator(text: str, path: Path) -> str:
    """The separator by which nearly all lines have as many cells, the first too, and of such that of most numbers."""
    head = "".join(islice(io.StringIO(text, newline=""), LOOKED_AT))
    found: dict[str, tuple[float, bool, float]] = {}
    for separator in SEPARATORS:
        rows = [row for _, row in _records(head, separator)]
        counts = [len(row) for row in rows[1:] or rows]
        usual = Counter(counts).most_common(1)[0][0] if counts else 1
        if usual > 1:
            cells = [cell.strip() for row in rows[1:] or rows for cell in row]
            numbers = sum(is_number(cell) or is_number(cell, ",") for cell in cells)
            found[separator] = (
                round(counts.count(usual) / len(counts), 1),
                len(rows[0]) == usual,
                numbers / len(cells),
            )
    if not found:
        return SPACES if _is_spaced(head) else ","
    best = max(found.values())
    equal = [separator for separator, score in found.items() if score == best]
    if len(equal) > 1:
        raise UserError(
            f"{path}: the lines may be separated by {' or by '.join(SEPARATORS[sign] for sign in equal)}; put cells "
            "that hold such signs in quotes"
        )
    return equal[0]


def _is_spaced(head: str) -> bool:
    rows = [line.split() for line in head.splitlines() if line.strip()]
    counts = {len(row) for row in rows}
    values = [cell for row in rows[1:] for cell in row]
    return len(counts) == 1 and max(counts) > 1 and bool(values) and all(is_number(cell) for cell in values)


def _spaced(text: str) -> str:
    return "\n".join("\t".join(line.split()) for line in text.splitlines())


def _width(first: list[tuple[int, Row]], header: bool | None, path: Path) -> int:
    """How many values a row has; a header of another length is refused."""
    names = first[0][1]
    usual = Counter(len(row) for _, row in first).most_common(1)[0][0]
    if len(names) != usual and header is not False and not any(is_number(cell.strip()) for cell in names):
        raise UserError(
            f"{path}: the first line has {len(names)} names, the rows below have {usual} values; give every column one "
            "name, and take out lines above the names"
        )
    return usual


def _checked(text: str, separator: str, width: int, path: Path) -> Any:
    for number, row in _records(text, separator):
        if len(row) != width:
            hint = "; put cells that hold commas in quotes" if separator == "," and len(row) > width else ""
            raise UserError(f"{path}: line {number} has {len(row)} values, the others have {width}{hint}")
        yield number, row


def _is_header(rows: list[Row], there: list[list[str]], decimal: str) -> bool:
    """Whether the first line names the columns: text over other values, or whole numbers that are no row of these."""
    names = [cell.strip() for cell in rows[0]]
    texts = [name for name in names if name and not is_number(name, decimal)]
    if texts:
        over = [(name, cells) for name, cells in zip(names, there, strict=True) if name in texts]
        if any(cells and all(is_number(cell, decimal) for cell in cells) for _, cells in over):
            return True
        return len(set(texts)) == len(texts) and not any(name in cells for name, cells in over)
    if not all(name.isdigit() for name in names) or len(set(names)) < len(names) or len(names) < 2:
        return False
    numbers = [int(name) for name in names]
    fractions = all(sum(not cell.lstrip("+-").isdigit() for cell in cells) > len(cells) / 2 for cells in there)
    years = all(1900 <= number <= 2100 for number in numbers) and numbers == sorted(numbers)
    if years and not all(len(cell) == 4 and cell.isdigit() for cells in there for cell in cells[:LOOKED_AT]):
        return True
    counted = numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] in (0, 1)
    return counted and (fractions or len(numbers) > 3)


def _kept(names: Row, columns: list[Row], there: list[list[str]], named: bool) -> tuple[list[int], tuple[str, ...]]:
    """The columns that hold something: no empty ones without a name, and no numbers of rows without a name."""
    kept, remarks = list(range(len(columns))), []
    empty = [index for index in kept if not there[index] and (names[index] == "" if named else index == kept[-1])]
    if 0 < len(empty) < len(kept):
        which = "the empty last column" if empty == [kept[-1]] else f"empty columns without a name ({len(empty)})"
        remarks.append(f"{which} left out")
        kept = [index for index in kept if index not in empty]
    if named and not names[0] and len(kept) > 1 and columns[0][1:] == [str(row) for row in range(len(columns[0]) - 1)]:
        kept.pop(0)
        remarks.append("the row numbers in the first column left out")
    return kept, tuple(remarks)


def _frame(columns: list[Row], names: Row | None, path: Path, decimal: str, kinds: dict[Any, Any]) -> pd.DataFrame:
    import pandas as pd

    labels: list[Any] = list(range(len(columns))) if names is None else names
    for label in labels:
        if label == "":
            raise UserError(f"{path}: column {labels.index('') + 1} has no name in the first line; give it one")
        if labels.count(label) > 1:
            raise UserError(f"{path}: the name {label!r} stands over {labels.count(label)} columns; give each its own")
    said = {label: kinds.get(label, kinds.get(str(label))) for label in labels}
    cells = {label: pd.Series(column, name=label, dtype="str") for label, column in zip(labels, columns, strict=True)}
    return pd.DataFrame({label: typed(cells[label], decimal, str(path), said[label]) for label in labels})
