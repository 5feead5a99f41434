"""Reads files that anybody may have written: regular ones only, within limits of size and depth, with checks."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.files import FORMAT_VERSION

LARGEST_JSON = 2**26
"""Bytes; the records of a thousand rounds take less. Reading takes about ten times as much memory."""
DEEPEST = 64
"""Lists and mappings one in another; a component of components takes about eight."""


def read_bytes(path: Path, most: int) -> bytes:
    """A regular file of at most so many bytes.

    A pipe, which would be waited for, and a device, which may have no end, are refused; so is more than `most` from
    what says that it is smaller, as files of the system do.

    Raises:
        FileNotFoundError: There is none.
        UserError: It is something else than a file, or larger.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise UserError(f"{path} is no regular file, but a pipe, a device or a folder; put a file there")
        content = b"" if found.st_size > most else file.read(most + 1) or b""
        if max(found.st_size, len(content)) > most:
            raise UserError(
                f"{path} is larger than the {most:,} bytes that such a file may have; restore it from a copy"
            )
    return content


def parsed_json(content: bytes, path: Path) -> Any:
    """What JSON of limited depth says; numbers are finite or beyond what a double holds, never NaN.

    Raises:
        UserError: It is no such JSON; `path` names the file.
    """
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # not UTF-8, no JSON, a number of thousands of digits, too deep
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise UserError(f"{path} is corrupted or truncated ({reason}); restore it from a copy") from error
    layer = [value]
    for _ in range(DEEPEST):
        parts = [one.values() if isinstance(one, dict) else one for one in layer if isinstance(one, dict | list)]
        layer = [part for each in parts for part in each]
    if layer:
        raise UserError(f"{path} is corrupted: it is nested more than {DEEPEST} deep; restore it from a copy")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def read_json(path: Path, newest: int = FORMAT_VERSION) -> dict[str, Any]:
    """Reads a JSON object and checks that its format version is at most `newest`.

    Raises:
        FileNotFoundError: There is no such file.
        UserError: The file is corrupted, truncated, too large or too deep, or of a newer format.
    """
    content = parsed_json(read_bytes(path, LARGEST_JSON), path)
    version = content.get("format_version") if isinstance(content, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise UserError(f"{path} is not a file of adagan: it lacks a format_version")
    if version > newest:
        raise UserError(
            f"{path} has format version {version}, this adagan reads up to {newest}; upgrade adagan to read it"
        )
    return dict(content)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; they take the memory that the file takes on the disk, whatever it declares.

    Raises:
        FileNotFoundError, UserError: No such file; a file that is corrupted, truncated, or not safetensors at all.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; restore it from a copy")
    try:
        return load_file(str(path))
    except (SafetensorError, ValueError, KeyError, RuntimeError, TypeError, OverflowError) as error:
        raise UserError(f"{path} is corrupted, truncated, or not a safetensors file ({error})") from error
