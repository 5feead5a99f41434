"""Least-squares density-ratio estimation with Gaussian kernels, in closed form: uLSIF and RuLSIF."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from adagan.mixtures.errors import UserError

BANDWIDTHS = (0.125, 0.18, 0.25, 0.35, 0.5, 0.71, 1.0, 1.41, 2.0)
"""Candidates, in units of the median distance between points."""

RIDGES = tuple(10.0 ** (exponent / 2) for exponent in range(-10, 3))
"""Candidates for the ridge, from 1e-5 to 10."""

NUM_PARTS = 5
MEDIAN_POINTS = 500


class RelativeRatio(nn.Module):
    r"""r(x) = Σ_b θ_b exp(−‖x − c_b‖²/(2σ²)), an estimate of p/(α p + (1 − α) p'), as log p/p'.

    The ratio follows from r = u/(α u + 1 − α) as u = (1 − α) r/(1 − α r). Least squares does not know that ratios are
    positive and relative ratios at most 1/α. Estimates are raised to `smallest`, one over the number n of points, below
    which a ratio cannot be told from zero; and α r is kept below 1 − 1/√n, as an average over n points is off by about
    1/√n, and u grows without bound as α r approaches 1.

    Args:
        centres: c, shape (B, D).
        coefficients: θ, shape (B,).
        bandwidth: σ.
        alpha: α, in [0, 1).
        smallest: The lowest relative ratio, 1/n.
    """

    centres: Tensor
    coefficients: Tensor
    settings: Tensor

    def __init__(self, centres: Tensor, coefficients: Tensor, bandwidth: float, alpha: float, smallest: float) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.register_buffer("coefficients", coefficients)
        self.register_buffer("settings", centres.new_tensor([bandwidth, alpha, smallest]))

    @classmethod
    def of_shape(cls, centres: Tensor) -> RelativeRatio:
        """An estimate whose values are yet to be loaded."""
        return cls(torch.zeros_like(centres), centres.new_zeros(len(centres)), 1.0, 0.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Log p/p' at points of shape (N, *event), shape (N,)."""
        bandwidth, alpha, smallest = self.settings
        relative = gaussian_kernel(x.flatten(1).double(), self.centres, float(bandwidth)) @ self.coefficients
        relative = relative.clamp(min=float(smallest))
        if float(alpha) > 0:
            relative = relative.clamp(max=(1 - math.sqrt(float(smallest))) / float(alpha))
        log_ratio: Tensor = relative.log() + math.log1p(-float(alpha)) - (-float(alpha) * relative).log1p()
        return log_ratio


def gaussian_kernel(x: Tensor, centres: Tensor, bandwidth: float) -> Tensor:
    """exp(−‖x − c‖²/(2σ²)), shape (N, B), from points (N, D) and centres (B, D)."""
    return torch.cdist(x, centres).square().div(-2 * bandwidth**2).exp()


def fit_relative_ratio(
    numerator: Tensor,
    denominator: Tensor,
    weights: Tensor,
    *,
    alpha: float,
    num_centres: int,
    randomness: torch.Generator,
) -> RelativeRatio:
    r"""Minimises ½ E_{αp + (1−α)p'}[r²] − E_p[r] + ½ ridge ‖θ‖²: θ = (H + ridge I)⁻¹ h.

    With φ the vector of kernels, H = α E_p[φφᵀ] + (1 − α) E_{p'}[φφᵀ] and h = E_p[φ]. The bandwidth and the ridge are
    those of the least unpenalised score ½ θᵀHθ − hᵀθ by cross-validation over five parts.

    Args:
        numerator: Draws from p, shape (M, D), float64.
        denominator: Draws from p', shape (N, D), float64.
        weights: Of the denominator's points, shape (N,).
        alpha: α in [0, 1); 0 is uLSIF, and the relative ratio never exceeds 1/α.
        num_centres: Kernels, at points of the numerator.
        randomness: Of the choice of centres and parts.

    References:
        Kanamori, Hido, Sugiyama, *A least-squares approach to direct importance estimation*, 2009, equations 6 to 8,
        https://www.jmlr.org/papers/v10/kanamori09a.html (uLSIF, α = 0)

        Yamada, Suzuki, Kanamori, Hachiya, Sugiyama, *Relative density-ratio estimation for robust distribution
        comparison*, 2013, section 2.2, https://arxiv.org/abs/1106.4729 (RuLSIF)
    """
    device = numerator.device
    order, other = (torch.randperm(len(x), generator=randomness, device=device) for x in (numerator, denominator))
    numerator, denominator, weights = numerator[order], denominator[other], weights[other]
    centres = numerator[:num_centres]
    some = torch.cat([numerator[:MEDIAN_POINTS], denominator[:MEDIAN_POINTS]])
    distances = torch.pdist(some)
    if not bool((distances > 0).any()):
        raise UserError(
            "data: all points that a kernel critic looks at are equal, to each other and to the samples, so that its "
            "bandwidth would be 0; give it other data, or take Critic"
        )
    median = float(distances.median()) or float(distances[distances > 0].median())  # of points that often come twice
    best: tuple[float, float, Tensor] = (math.inf, median, torch.zeros_like(centres[:, 0]))
    for factor in BANDWIDTHS:
        upper = gaussian_kernel(numerator, centres, factor * median)
        lower = gaussian_kernel(denominator, centres, factor * median)
        sums = [_moments(upper[i::NUM_PARTS], lower[i::NUM_PARTS], weights[i::NUM_PARTS]) for i in range(NUM_PARTS)]
        total = [torch.stack(parts).sum(dim=0) for parts in zip(*sums, strict=True)]
        scores = torch.zeros(len(RIDGES), dtype=torch.float64, device=device)
        for part in sums:
            solutions = _solve(*_averaged([whole - own for whole, own in zip(total, part, strict=True)], alpha))
            second, first = _averaged(part, alpha)
            scores += 0.5 * ((solutions @ second) * solutions).sum(dim=1) - solutions @ first
        index = int(scores.argmin())
        if float(scores[index]) < best[0]:
            best = (float(scores[index]), factor * median, _solve(*_averaged(total, alpha))[index])
    return RelativeRatio(centres, best[2], best[1], alpha, 1 / (len(numerator) + len(denominator)))


def _moments(upper: Tensor, lower: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
    """Sums over points from which H and h follow, with the counts that they are to be divided by."""
    count = upper.new_tensor(float(len(upper)))
    return upper.T @ upper, upper.sum(dim=0), count, lower.T @ (weights[:, None] * lower), weights.sum()


def _averaged(sums: list[Tensor] | tuple[Tensor, ...], alpha: float) -> tuple[Tensor, Tensor]:
    """H and h."""
    upper, first, count, lower, mass = sums
    tiny = torch.finfo(torch.float64).tiny
    second = alpha * upper / count.clamp(min=1) + (1 - alpha) * lower / mass.clamp(min=tiny)
    return second, first / count.clamp(min=1)


def _solve(second: Tensor, first: Tensor) -> Tensor:
    """(H + ridge I)⁻¹ h for every ridge, shape (R, B), from one eigendecomposition."""
    values, vectors = torch.linalg.eigh(second)
    ridges = values.new_tensor(RIDGES)[:, None]
    solutions: Tensor = ((vectors.T @ first) / (values.clamp(min=0) + ridges)) @ vectors.T
    return solutions
