"""Makes arrays of a few rows count as larger than memory."""

from __future__ import annotations

import sys

import pytest

NAMES = {"LARGE": 100, "PART": 512, "MOST_LOOKED_AT": 500}


def shrink_memory(patched: pytest.MonkeyPatch) -> None:
    """Lets every module of the package believe that memory holds a hundred rows, and that critics look at 500."""
    for module in [module for name, module in sys.modules.items() if name.startswith("adagan.")]:
        for name, value in NAMES.items():
            if isinstance(getattr(module, name, None), int):
                patched.setattr(module, name, value)
