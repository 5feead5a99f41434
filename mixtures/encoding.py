"""What the samples of a mixture mean, where they are no numbers of their own."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor


class Encoding(Protocol):
    """The contract: a table's rows as vectors (N, D), or images in any layout as points (N, C, H, W), and back.

    `TableEncoding` and `ImageEncoding` in ``adagan.components`` are such. It is stored with a mixture as its class and
    its ``config()``; ``from_config(config, components)`` makes it again.
    """

    def nearest(self, vectors: Tensor) -> Tensor:
        """The encoded rows or images that are nearest to vectors (N, *event)."""

    def decode(self, vectors: Tensor, start: int = 0) -> Any:
        """The table or the images of vectors (N, *event); `start` rows stand before them."""

    def config(self) -> dict[str, Any]:
        """All of it, for JSON."""
