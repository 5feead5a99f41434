"""``--device``."""

from __future__ import annotations

import torch

from adagan.mixtures.errors import UserError


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` takes the accelerator if there is one.

    Raises:
        UserError: No such device on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type == "meta":
            raise RuntimeError("it holds no values; expected cpu, cuda or mps")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device: {name} is not available here ({' '.join(str(error).split())[:120]})") from error
    return device
