"""The rows of a study, kept in a file as cells finish, so that a long table can be made in pieces."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.checked_reading import LARGEST_JSON, parsed_json, read_bytes
from adagan.mixtures.storage.files import write_text
from adagan.study.cells import IDENTITY, ORACLE, identity
from adagan.study.task import Row


class RowsFile:
    """Rows in JSON, written as a whole and atomically after every addition.

    Args:
        path: The file; it may exist already. ``None`` keeps the rows in memory only.
        settings: What all rows of the file have in common, such as the budget.
        oracle_apart: Whether the file lists the oracle's rows under a key of their own.

    Attributes:
        rows: All rows, those that were there before included.

    Raises:
        FileNotFoundError: There is no folder for the file.
        ValueError: The file holds something else, or rows of other settings.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None, settings: Mapping[str, Any], *, oracle_apart: bool = False
    ) -> None:
        self.path, self.settings, self.oracle_apart = Path(path) if path else None, dict(settings), oracle_apart
        self.rows: list[Row] = []
        if self.path and not self.path.absolute().parent.is_dir():
            raise FileNotFoundError(f"--json: there is no folder {self.path.parent}; make it first")
        if self.path and self.path.exists():
            self._read(self.path)

    def _read(self, path: Path) -> None:
        self.rows, found = _content_of(path, "--json")
        for name, value in self.settings.items():
            if found.get(name) != value:
                word = name if name == "benchmark" else f"--{name}"
                told = f"holds rows of {word} {found.get(name)}, not {value}"
                told = told if name in found else f"does not say its {word}"
                raise UserError(f"--json: {path} {told}; go on with the same, or name another file")

    @classmethod
    def merged(cls, parts: Sequence[str | os.PathLike[str]], path: str | os.PathLike[str] | None) -> Self:
        """The rows of several files of one study in one, in the order of what they are of; parts may overlap.

        A row that failed in one part gives way to the same that did not in another.

        Args:
            parts: The files, one or more.
            path: The file to write; it may exist already, and its rows are then among the parts'.

        Raises:
            FileNotFoundError: A part is not there.
            ValueError: A part holds something else, rows of other settings, or another row of the same cell.
        """
        contents = [_content_of(Path(part), "merge") for part in parts]
        settings = contents[0][1]
        for part, (_, found) in zip(parts, contents, strict=True):
            if found != settings:
                raise UserError(
                    f"merge: {part} holds rows of {_told(found)}, {parts[0]} of {_told(settings)}; only parts of one "
                    "study are merged"
                )
        whole = cls(path, settings, oracle_apart="benchmark" in settings)
        known = _by_cell(whole.rows)
        for part, (rows, _) in zip(parts, contents, strict=True):
            for cell, own in _by_cell(rows).items():
                if not _is_done(known.get(cell, [])):
                    known[cell] = own
                elif known[cell] != own and _is_done(own):
                    raise UserError(f"merge: {part} holds other rows of {_told(_names(own[0]))}; leave one of them out")
        whole.rows = []
        whole.add([row for cell in sorted(known, key=_place) for row in known[cell]])
        return whole

    def add(self, rows: Sequence[Row]) -> None:
        """Appends the rows of a cell, in place of any that it had, and writes the file."""
        new = {identity(row) for row in rows}
        self.rows = [row for row in self.rows if identity(row) not in new] + list(rows)
        if self.path is None:
            return
        content: dict[str, Any] = {**self.settings, "rows": self.rows}
        if self.oracle_apart:
            content["rows"] = [row for row in self.rows if row["method"] != ORACLE]
            content["oracle"] = [row for row in self.rows if row["method"] == ORACLE]
        write_text(self.path, json.dumps(content, indent=1))


def _content_of(path: Path, option: str) -> tuple[list[Row], dict[str, Any]]:
    """The rows of a file, and what they have in common."""
    try:
        content = parsed_json(read_bytes(path, LARGEST_JSON), path)
        rows = [*content.pop("rows"), *content.pop("oracle", [])]
        if not all({"method", "seed"} <= row.keys() for row in rows):
            raise KeyError("a row does not say whose it is")
        return rows, dict(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{option}: {path} is no file of such rows; name another file") from error


def _told(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items()) or "nothing in particular"


def _by_cell(rows: Iterable[Row]) -> dict[tuple[object, ...], list[Row]]:
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(identity(row), []).append(row)
    return found


def _is_done(rows: Sequence[Row]) -> bool:
    return bool(rows) and not any(row.get("failure") for row in rows)


def _names(row: Row) -> Row:
    return {name: row[name] for name in IDENTITY if name in row}


def _place(cell: tuple[object, ...]) -> list[str]:
    """By which cells are in order: names by the alphabet, seeds by size."""
    return [f"{part:020d}" if isinstance(part, int) else str(part) for part in cell]
