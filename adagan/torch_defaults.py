"""What a run gives does not depend on the defaults that its process has set for new tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch


@contextmanager
def torch_defaults() -> Iterator[None]:
    """Within the block new tensors are single precision and on the CPU where nobody says otherwise, as torch begins.

    The caller's own defaults come back afterwards. The precision is one for all threads of a process.
    """
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    try:
        with nullcontext() if device.type == "cpu" else torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(dtype)
