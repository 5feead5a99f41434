"""Files and folders that are written whole or not at all: JSON, safetensors, text, streams.

What is written stands beside its place first, under a name that nobody can guess and that is refused if it exists;
then it is flushed to the disk and takes the name. A kill at any instant leaves what was there before. Folders are held
(`adagan.mixtures.storage.held_folder`), and nothing is written, or renamed, through a symbolic link.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from adagan.mixtures.storage.held_folder import HeldFolder, held_folder
from adagan.mixtures.storage.large_tensors import are_large, safetensors_in_parts

FORMAT_VERSION = 1


@contextmanager
def written_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yields a file beside `path` to write to; on success it is flushed and takes the name, else it vanishes.

    Raises:
        UserError: A symbolic link stands in the file's place.
    """
    target = Path(path).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_of(target.name)
    with held_folder(target.parent) as folder:
        folder.refuse_link(target.name)
        with _named(path):
            descriptor = folder.create(draft)
        try:
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with _named(path):
                folder.replace(draft, target.name)
        except BaseException:
            folder.remove(draft)
            raise
        folder.sync()


@contextmanager
def written_folder(path: str | os.PathLike[str], *, overwrite: bool) -> Iterator[Path]:
    """Yields a folder beside `path` to write files to; on success it takes the name, else it vanishes.

    Raises:
        FileExistsError: Something is there, is not an empty folder, and `overwrite` is not set.
        UserError: A symbolic link stands in the folder's place.
    """
    target = Path(path).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with held_folder(target.parent) as parent:
        parent.refuse_link(target.name)
        if target.exists() and (not target.is_dir() or any(target.iterdir())) and not overwrite:
            raise FileExistsError(f"{path} exists already; choose another folder, or pass overwrite=True")
        draft = _draft_of(target.name)
        with _named(path):
            parent.make_folder(draft)
        try:
            yield target.with_name(draft)
            with held_folder(target.with_name(draft)) as own:
                own.sync()
            _take_the_name(draft, target.name, parent)
            parent.sync()
        except BaseException:
            with suppress(OSError):
                parent.remove(draft)
            raise


def _take_the_name(draft: str, name: str, parent: HeldFolder) -> None:
    """Renames a folder over what is there; what was there goes once the new one is in place."""
    if parent.lookup(name) is None:
        parent.rename(draft, name)
        return
    retired = _draft_of(name)
    parent.rename(name, retired)
    try:
        parent.rename(draft, name)
    except BaseException:
        parent.rename(retired, name)
        raise
    parent.remove(retired)


@contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    """An error of the system's names what the caller asked for, not the draft beside it."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _draft_of(name: str) -> str:
    return f".{name}.{secrets.token_hex(8)}.draft"


def remove_drafts(folder: Path, pattern: str) -> None:
    """Removes what kills have left of files whose names match a regular expression; nobody else may write them now."""
    names = [path.name for path in folder.iterdir()]
    with held_folder(folder) as held:
        for name in names:
            if re.fullmatch(rf"\.({pattern})\.[0-9a-f]{{16}}\.draft", name):
                held.remove(name)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file."""
    with written_file(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON that may hold NaN-free numbers, strings, lists and mappings only."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes tensors to a safetensors file, wherever they are."""
    if not are_large(tensors):
        write_bytes(path, as_safetensors(tensors))
        return
    with written_file(path) as file:
        for block in safetensors_in_parts(tensors):
            file.write(block)


def as_safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    """The bytes of a safetensors file."""
    from safetensors.torch import save

    return save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()})
