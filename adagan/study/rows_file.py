"""The rows of a study, kept in a file as cells finish, so that a long table can be made in pieces."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.checked_reading import LARGEST_JSON, parsed_json, read_bytes
from adagan.mixtures.storage.files import write_text
from adagan.study.cells import ORACLE, identity
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
        try:
            content = parsed_json(read_bytes(path, LARGEST_JSON), path)
            self.rows = [*content["rows"], *content.get("oracle", [])]
            if not all({"method", "seed"} <= row.keys() for row in self.rows):
                raise KeyError("a row does not say whose it is")
            found = {name: content.get(name) for name in self.settings}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"--json: {path} is no file of such rows; name another file") from error
        for name, value in self.settings.items():
            if found[name] != value:
                word = name if name == "benchmark" else f"--{name}"
                told = f"holds rows of {word} {found[name]}, not {value}"
                told = told if name in content else f"does not say its {word}"
                raise UserError(f"--json: {path} {told}; go on with the same, or name another file")

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
