"""A scikit-learn estimator as a tensor of bytes, by skops: no pickle, and only types that are trusted by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from adagan.mixtures.errors import UserError


def estimator_to_tensor(estimator: Any) -> Tensor:
    """The estimator as skops' bytes, uint8."""
    import skops.io  # type: ignore[import-untyped]

    return torch.frombuffer(bytearray(skops.io.dumps(estimator)), dtype=torch.uint8)


def untrusted_types(stored: Tensor, trusted: Sequence[str]) -> list[str]:
    """Names of the types in a stored estimator that neither skops nor `trusted` vouches for."""
    import skops.io

    return sorted(set(skops.io.get_untrusted_types(data=_content(stored))) - set(trusted))


def estimator_from_tensor(stored: Tensor, trusted: Sequence[str]) -> Any:
    """The stored estimator.

    Raises:
        ValueError: The bytes are not skops', or hold a type that nobody vouches for.
    """
    import skops.io

    try:
        return skops.io.loads(_content(stored), trusted=list(trusted))
    except Exception as error:
        raise UserError(f"the stored estimator is refused: {error}") from error


def _content(stored: Tensor) -> bytes:
    return bytes(stored.cpu().numpy().tobytes())
