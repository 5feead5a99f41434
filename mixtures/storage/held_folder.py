"""A folder that is held by its real path: what is made in it stands there, whatever becomes of names meanwhile."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adagan.mixtures.errors import UserError

BY_DESCRIPTOR = {os.open, os.mkdir, os.rename, os.stat, os.unlink} <= os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether the system takes names in a folder that is open (Linux, macOS); Windows does not."""


class HeldFolder:
    """A folder, and what may be done to the names in it; nothing follows a link that stands at one of them.

    Where the system takes names relative to a descriptor, the folder is held by one. Elsewhere it is held by its real
    path, and every call makes sure that the same folder stands there still: a link that somebody puts there between
    that look and the call is seen by the next one only.

    Args:
        real: Its real path, without links.
        descriptor: Of the folder, open; ``None`` where the system does not take one.
    """

    def __init__(self, real: str, descriptor: int | None) -> None:
        self.real, self._descriptor = real, descriptor
        self._identity = self._seen()

    def lookup(self, name: str) -> os.stat_result | None:
        """What stands at a name, a link as itself; ``None`` for nothing."""
        with suppress(FileNotFoundError):
            if self._descriptor is not None:
                return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            return os.lstat(self._path(name))
        return None

    def refuse_link(self, name: str) -> None:
        """Makes sure that no link stands at a name.

        Raises:
            UserError: One does.
        """
        found = self.lookup(name)
        if found is not None and stat.S_ISLNK(found.st_mode):
            place = os.path.join(self.real, name)
            raise UserError(f"{place} is a symbolic link; name what it points to, or remove the link")

    def create(self, name: str) -> int:
        """A descriptor of a new file to write.

        Raises:
            FileExistsError: Something stands there, were it a link to nothing.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        if self._descriptor is not None:
            return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=self._descriptor)
        # beside O_EXCL no system follows a link that stands at the name itself
        return os.open(self._path(name), flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0), 0o666)

    def make_folder(self, name: str) -> None:
        """A new folder."""
        if self._descriptor is not None:
            os.mkdir(name, dir_fd=self._descriptor)
        else:
            os.mkdir(self._path(name))

    def replace(self, old: str, new: str) -> None:
        """Gives a file another name, in the place of what is there, were it a link."""
        if self._descriptor is not None:
            os.replace(old, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        else:
            os.replace(self._path(old), self._path(new))

    def rename(self, old: str, new: str) -> None:
        """Gives a folder a name that is free."""
        if self._descriptor is not None:
            os.rename(old, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        else:
            os.rename(self._path(old), self._path(new))

    def remove(self, name: str) -> None:
        """Removes what stands at a name: a file, a link, a folder with all that is in it."""
        found = self.lookup(name)
        if found is None:
            return
        if stat.S_ISDIR(found.st_mode):
            if self._descriptor is not None:
                shutil.rmtree(name, dir_fd=self._descriptor)
            else:
                shutil.rmtree(self._path(name))
        elif self._descriptor is not None:
            os.unlink(name, dir_fd=self._descriptor)
        else:
            os.unlink(self._path(name))

    def sync(self) -> None:
        """Flushes the names to the disk, where the system can."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def _path(self, name: str) -> str:
        if self._seen() != self._identity:
            raise UserError(f"{self.real} is not the folder that it was a moment ago; somebody has exchanged it")
        return os.path.join(self.real, name)

    def _seen(self) -> tuple[int, int]:
        found = os.lstat(self.real) if self._descriptor is None else os.fstat(self._descriptor)
        return found.st_dev, found.st_ino


@contextmanager
def held_folder(path: Path) -> Iterator[HeldFolder]:
    """Holds a folder in the block; links on the way to it are followed now, and never again."""
    real = os.path.realpath(path, strict=True)
    if not BY_DESCRIPTOR:
        yield HeldFolder(real, None)
        return
    descriptor = os.open(real, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield HeldFolder(real, descriptor)
    finally:
        os.close(descriptor)
