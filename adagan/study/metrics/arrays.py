"""Samples as the tables that metrics read."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.errors import UserError

FAR = 1e6
"""Where values that are not finite are put: far from everything, yet safe to square."""


def flat_array(samples: Tensor) -> NDArray[np.float64]:
    """Samples of shape (N, *event) as float64 rows, shape (N, D); what is not finite lies at `FAR`."""
    flat = samples.detach().cpu().flatten(1).double()
    table: NDArray[np.float64] = torch.nan_to_num(flat, nan=FAR).clamp(-FAR, FAR).numpy()
    return table


def two_tables(
    samples: Tensor, real: Tensor, *, least_samples: int = 1, least_real: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Samples and real points as rows of one width.

    Raises:
        ValueError: Fewer of either than the metric needs.
    """
    for name, points, least in (("samples", samples, least_samples), ("real", real, least_real)):
        if len(points) < least:
            raise UserError(f"{name}: expected {least} point{'s' if least > 1 else ''} or more, got {len(points)}")
    return flat_array(samples), flat_array(real)
