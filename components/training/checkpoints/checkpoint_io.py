"""How Lightning writes and reads the checkpoint of a training here: without pickle, and whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from lightning.fabric.plugins import CheckpointIO

LEFT_OUT = ("hyper_parameters", "hparams_name", "hparams_type")
"""What a module was made with: what resumes has made it already."""


class OwnFile(CheckpointIO):
    """Takes one path, and leaves all others, such as a user's ``ModelCheckpoint`` writes, to whoever had them.

    Args:
        path: Of the one file.
        write: Writes it.
        read: Reads it.
        inner: For all others.
    """

    def __init__(
        self,
        path: str,
        write: Callable[[Mapping[str, Any]], None],
        read: Callable[[], dict[str, Any]],
        inner: CheckpointIO,
    ) -> None:
        self.path, self.write, self.read, self.inner = path, write, read, inner

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """See `CheckpointIO`."""
        if os.fspath(path) == self.path:
            self.write({name: part for name, part in checkpoint.items() if name not in LEFT_OUT})
        else:
            self.inner.save_checkpoint(checkpoint, path, storage_options)

    def load_checkpoint(self, path: Any, map_location: Any | None = None, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """See `CheckpointIO`."""
        if os.fspath(path) == self.path:
            return self.read()
        return self.inner.load_checkpoint(path, map_location, **options)

    def remove_checkpoint(self, path: Any) -> None:
        """See `CheckpointIO`."""
        self.inner.remove_checkpoint(path)
