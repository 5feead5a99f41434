"""One process at a time runs rounds in a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adagan.mixtures.errors import UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "run.lock"


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Holds the folder of a run in the block.

    The lock is the system's (flock) on an empty file in the folder, so that it ends with the process that holds it,
    were it killed; what such a process leaves of the file locks nobody out. On a network file system it holds as far
    as that system's flock does: NFS of Linux and SMB tell all their clients of it, unless they are mounted with
    ``nolock``, ``local_lock=flock`` or ``nobrl``, and free it some time after a machine died; without a lock service,
    and where there is no flock (Windows), runs are not kept apart.

    Raises:
        UserError: Another process holds it, or another run of this one.
    """
    if fcntl is None:
        yield
        return
    path = folder / LOCK_FILE
    descriptor = _held(path)
    try:
        yield
    finally:
        with suppress(OSError):
            if _is_at(path, descriptor):
                os.unlink(path)
        os.close(descriptor)


def _held(path: Path) -> int:
    """A descriptor of the file that stands at the path, locked; whoever held it before may have removed his."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UserError(f"{path} is no file; remove it")
            _lock(path, descriptor)
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(
            f"{path.parent}: another process runs rounds in this folder (it holds {path.name}); wait until it has "
            "ended, or choose another folder"
        ) from error
    except OSError:  # a file system without locks
        return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        found, own = os.lstat(path), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)
