"""A limit on the memory of what is made from numbers in a file: a width of 10^9 is refused before it is made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from adagan.mixtures.errors import UserError

FACTOR = 16
"""Bytes that may be made for every byte of the file: initial values, copies, what is made by and by."""
SLACK = 2**28
"""Bytes that may be made for any file; a tensor counts as `LEAST` at least, so that their number is limited too."""
LEAST = 2**13
MAKERS = ("empty", "zeros", "ones", "full", "rand", "eye", "new_", "arange", "linspace", "repeat", "tri")
"""How the names of torch's operators begin that make tensors of a size that numbers say."""


class AllocationLimit(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what is made in the block, in this thread.

    Args:
        most: Bytes that may be made in all.

    Raises:
        UserError: More than that is asked for; nothing of it is made.
    """

    def __init__(self, most: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._left = most

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """In torch's place: what keeps its compiler away imports it first, which takes a second."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if name.startswith(MAKERS):
            self._left -= max(LEAST, 4 * max((_entries(part) for part in args), default=0))
            if self._left < 0:
                raise UserError("its settings ask for networks that are far larger than what the file holds of them")
        return func(*args, **(kwargs or {}))


def _entries(argument: Any) -> int:
    """What a size stands for; a number alone may be one (of ``arange``)."""
    if isinstance(argument, list | tuple) and all(isinstance(part, int) for part in argument):
        return math.prod(argument)
    return int(argument) if isinstance(argument, int | float) and math.isfinite(argument) else 0


@contextmanager
def limited_to(stored_bytes: int) -> Iterator[None]:
    """Refuses in the block what needs far more memory than a file of so many bytes may ask for."""
    with AllocationLimit(SLACK + FACTOR * stored_bytes):
        yield
