"""A file of rows that grows while a table is made, so that a long one can be made in pieces."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adagan.mixtures.errors import UserError


class RowsFile:
    """Rows in JSON, written as a whole and atomically after every addition.

    Args:
        path: The file; it may exist already.
        settings: What all rows of the file have in common, such as the budget.

    Attributes:
        rows: All rows, those that were there before included.

    Raises:
        FileNotFoundError: There is no folder for the file.
        ValueError: The file holds something else, or rows of other settings.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Mapping[str, Any]) -> None:
        self.path, self.settings = Path(path), dict(settings)
        self.rows: list[dict[str, Any]] = []
        if not self.path.absolute().parent.is_dir():
            raise FileNotFoundError(f"--json: there is no folder {self.path.parent}; make it first")
        if self.path.exists():
            self._read()

    def _read(self) -> None:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            found, self.rows = {name: content[name] for name in self.settings}, list(content["rows"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"--json: {self.path} is no file of such rows; name another file") from error
        for name, value in self.settings.items():
            if found[name] != value:
                raise UserError(
                    f"--json: {self.path} holds rows of --{name} {found[name]}, not {value}; go on with the same, or "
                    "name another file"
                )

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Appends rows and writes the file."""
        self.rows.extend(rows)
        write_json_atomically(self.path, {**self.settings, "rows": self.rows})


def write_json_atomically(path: Path, content: Mapping[str, Any]) -> None:
    """Writes beside and renames, so that the file is always whole."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(draft, path)
