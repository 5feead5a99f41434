"""Arguments of Lightning's trainer that hold for everything that is trained in a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_inherited: ContextVar[Mapping[str, Any] | None] = ContextVar("inherited trainer options", default=None)


@contextmanager
def inheriting_options(options: Mapping[str, Any]) -> Iterator[None]:
    """What is trained in the block has these options where it has none of its own."""
    token = _inherited.set({**inherited_options(), **options})
    try:
        yield
    finally:
        _inherited.reset(token)


def inherited_options() -> Mapping[str, Any]:
    """The options of the blocks around."""
    return _inherited.get() or {}
