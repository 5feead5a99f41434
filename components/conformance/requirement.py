"""What the checks of the contract are written in."""

from __future__ import annotations

import torch


def require(holds: bool, message: str) -> None:
    """Raises AssertionError with the message unless something holds, under ``python -O`` too."""
    if not holds:
        raise AssertionError(message)


def seeded(seed: int) -> torch.Generator:
    """A generator with a given seed."""
    return torch.Generator().manual_seed(seed)
