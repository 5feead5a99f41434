"""Samples as the tables that metrics read."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FAR = 1e6
"""Where values that are not finite are put: far from everything, yet safe to square."""


def flat_array(samples: Tensor) -> NDArray[np.float64]:
    """Samples of shape (N, *event) as float64 rows, shape (N, D); what is not finite lies at `FAR`."""
    flat = samples.detach().cpu().flatten(1).double()
    table: NDArray[np.float64] = torch.nan_to_num(flat, nan=FAR).clamp(-FAR, FAR).numpy()
    return table
