"""What a model may be fitted to."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.mixtures.arguments import ArrayLike, as_probabilities


def checked_data(data: ArrayLike, weights: ArrayLike | None) -> tuple[Tensor, Tensor]:
    """Training data as a floating-point tensor of shape (N, *event), and base weights of shape (N,) that sum to 1.

    Raises:
        ValueError: Another shape, NaN or infinite values (how many and where), or weights that are negative, all zero
            or of the wrong length.
    """
    values = torch.as_tensor(data)
    if values.ndim < 2 or len(values) == 0:
        raise ValueError(
            f"data: expected shape (N, *event) with N > 0, got {tuple(values.shape)}"
            + ("; one number per point has shape (N, 1)" if values.ndim == 1 else "")
        )
    if not values.is_floating_point():
        values = values.to(torch.float32)
    bad = ~torch.isfinite(values)
    if bool(bad.any()):
        rows = bad.flatten(1).any(dim=1).nonzero()[:, 0]
        raise ValueError(
            f"data: {int(bad.sum())} values in {len(rows)} of {len(values)} rows are NaN or infinite, the first in "
            f"row {int(rows[0])}; remove or fill in these rows"
        )
    return values, as_probabilities(weights, len(values), values, "weights")
