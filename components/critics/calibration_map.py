"""A fitted calibration: raw log ratios in, calibrated log ratios out."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CalibrationMap(nn.Module):
    r"""l_k ↦ l_k/T + b_k, then a monotone function of what all components have in common.

    The common number is c = log Σ_k s_k u_k, the log ratio of all samples together (s_k the components' shares among
    them). A monotone g moves all components alike, by g(c) − c: their ratios among themselves stay.

    Args:
        log_ratio_shares: Logarithms of the shares s_k, shape (K,).
        temperature: T, positive; shape () or, for one of every component, (K,).
        intercepts: b, shape (K,); ``None`` means zero.
        knots: Points (c, g(c)) of the piecewise linear g, shape (J, 2), both columns ascending; g is constant beyond
            them. ``None``, or no knots, means g(c) = c.
    """

    log_shares: Tensor
    temperature: Tensor
    intercepts: Tensor
    knots: Tensor

    def __init__(
        self,
        log_shares: Tensor,
        temperature: float | Tensor = 1.0,
        intercepts: Tensor | None = None,
        knots: Tensor | None = None,
    ) -> None:
        super().__init__()
        precise = log_shares.double()
        self.register_buffer("log_shares", precise)
        self.register_buffer("temperature", torch.as_tensor(temperature, dtype=torch.float64, device=precise.device))
        self.register_buffer("intercepts", torch.zeros_like(precise) if intercepts is None else intercepts)
        self.register_buffer("knots", precise.new_zeros(0, 2) if knots is None else knots)

    @classmethod
    def like(cls, num_components: int, temperature: Tensor, knots: Tensor) -> CalibrationMap:
        """A map of the same shapes, whose values are yet to be loaded."""
        return cls(knots.new_zeros(num_components), torch.ones_like(temperature), knots=torch.zeros_like(knots))

    def common(self, log_ratios: Tensor) -> Tensor:
        """The log ratio of all samples together, shape (N,)."""
        return torch.logsumexp(log_ratios + self.log_shares, dim=1)

    def forward(self, raw: Tensor) -> Tensor:
        log_ratios: Tensor = raw / self.temperature + self.intercepts
        if len(self.knots) == 0:
            return log_ratios
        common = self.common(log_ratios)
        return log_ratios + (_interpolated(common, self.knots) - common)[:, None]


def _interpolated(x: Tensor, knots: Tensor) -> Tensor:
    """The piecewise linear function through the knots, constant beyond them."""
    places, values = knots[:, 0].contiguous(), knots[:, 1]
    right = torch.searchsorted(places, x.contiguous()).clamp(1, max(len(places) - 1, 1)).clamp(max=len(places) - 1)
    left = (right - 1).clamp(min=0)
    width = places[right] - places[left]
    part = ((x - places[left]) / torch.where(width > 0, width, 1.0)).clamp(0, 1)
    return torch.lerp(values[left], values[right], part)
