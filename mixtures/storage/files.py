"""Files and folders that are written whole or not at all, and read with checks: JSON, safetensors, text, streams.

What is written stands beside its place first, under a name that nobody can guess and that is refused if it exists;
then it is flushed to the disk and takes the name. A kill at any instant leaves what was there before. Folders are held
by descriptors of their real paths, and nothing is written, or renamed, through a symbolic link.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from adagan.mixtures.errors import UserError

FORMAT_VERSION = 1


@contextmanager
def written_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yields a file beside `path` to write to; on success it is flushed and takes the name, else it vanishes.

    Raises:
        UserError: A symbolic link stands in the file's place.
    """
    target = Path(path).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft, flags = _draft_of(target.name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with _opened(target.parent) as folder:
        _refuse_link(target, folder)
        with _named(path):
            descriptor = os.open(draft, flags, 0o666, dir_fd=folder)
        try:
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, target.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=folder)
            raise
        os.fsync(folder)


@contextmanager
def written_folder(path: str | os.PathLike[str], *, overwrite: bool) -> Iterator[Path]:
    """Yields a folder beside `path` to write files to; on success it takes the name, else it vanishes.

    Raises:
        FileExistsError: Something is there, is not an empty folder, and `overwrite` is not set.
        UserError: A symbolic link stands in the folder's place.
    """
    target = Path(path).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _opened(target.parent) as parent:
        _refuse_link(target, parent)
        if target.exists() and (not target.is_dir() or any(target.iterdir())) and not overwrite:
            raise FileExistsError(f"{path} exists already; choose another folder, or pass overwrite=True")
        draft = target.with_name(_draft_of(target.name))
        with _named(path):
            os.mkdir(draft.name, dir_fd=parent)
        try:
            yield draft
            with _opened(draft) as own:
                os.fsync(own)
            _take_the_name(draft, target, parent)
            os.fsync(parent)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _take_the_name(draft: Path, target: Path, parent: int) -> None:
    """Renames a folder over what is there; what was there goes once the new one is in place."""

    def rename(old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=parent, dst_dir_fd=parent)

    if not target.exists():
        rename(draft.name, target.name)
        return
    retired = _draft_of(target.name)
    rename(target.name, retired)
    try:
        rename(draft.name, target.name)
    except BaseException:
        rename(retired, target.name)
        raise
    if stat.S_ISDIR(os.stat(retired, dir_fd=parent, follow_symlinks=False).st_mode):
        shutil.rmtree(target.with_name(retired))
    else:
        os.unlink(retired, dir_fd=parent)


@contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    """An error of the system's names what the caller asked for, not the draft beside it."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def _draft_of(name: str) -> str:
    return f".{name}.{secrets.token_hex(8)}.draft"


def remove_drafts(folder: Path, pattern: str) -> None:
    """Removes what kills have left of files whose names match a regular expression; nobody else may write them now."""
    for path in folder.iterdir():
        if re.fullmatch(rf"\.({pattern})\.[0-9a-f]{{16}}\.draft", path.name):
            path.unlink()


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """A descriptor of a folder by its real path: what becomes of the name meanwhile does not matter."""
    real = os.path.realpath(folder, strict=True)
    descriptor = os.open(real, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_link(target: Path, folder: int) -> None:
    with suppress(FileNotFoundError):
        if stat.S_ISLNK(os.stat(target.name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise UserError(f"{target} is a symbolic link; name what it points to, or remove the link")


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
    write_bytes(path, as_safetensors(tensors))


def as_safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    """The bytes of a safetensors file."""
    from safetensors.torch import save

    return save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()})


def read_json(path: Path, newest: int = FORMAT_VERSION) -> dict[str, Any]:
    """Reads a JSON object and checks that its format version is at most `newest`.

    Raises:
        ValueError: The file is corrupted, truncated, or of a newer format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is corrupted or truncated ({error}); restore it from a copy") from error
    if not isinstance(content, dict) or not isinstance(content.get("format_version"), int):
        raise UserError(f"{path} is not a file of adagan: it lacks a format_version")
    if content["format_version"] > newest:
        raise UserError(
            f"{path} has format version {content['format_version']}, this adagan reads up to {newest}; "
            "upgrade adagan to read it"
        )
    return content


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        FileNotFoundError, ValueError: No such file; a file that is corrupted, truncated, or not safetensors at all.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; restore it from a copy")
    try:
        return load_file(str(path))
    except SafetensorError as error:
        raise UserError(f"{path} is corrupted, truncated, or not a safetensors file ({error})") from error
