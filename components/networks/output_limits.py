"""Between which values a network's outputs lie, whatever it learns: those of a sigmoid, of tanh, of a clamp."""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn

from adagan.components.networks.fresh_values import copied
from adagan.mixtures.randomness import isolated_randomness

GROWN = (1e2, 1e4)
"""Factors of the parameters: what is bounded is at its limits then."""
AT_LIMIT = 0.9
"""Share of the outputs that is at one of the two limits, or nearly so."""
NEARLY = 1e-3
"""Part of the distance between the limits."""
MOST_EXACTLY = 2 * 10**7
"""Parameters up to which a network is tried in double precision, where many layers do not overflow."""


@torch.no_grad()
def output_limits(network: nn.Module, inputs: Tensor) -> tuple[float, float] | None:
    """The limits of a network's outputs, or ``None`` where it has none that are found.

    A copy with parameters that are far too large is called: an output that ends in a bounded function is then at its
    limits, and no other is.

    Args:
        network: Takes one tensor, makes one.
        inputs: Such as it will be given, shape (B, ...).
    """
    if inputs.is_meta or any(value.is_meta for value in chain(network.parameters(), network.buffers())):
        return None
    size = sum(value.numel() for value in network.parameters())
    precision = torch.float64 if size <= MOST_EXACTLY else torch.float32
    found = []
    try:
        with isolated_randomness(0):
            for factor in GROWN:
                probe = copied(network).to("cpu", precision).eval()
                for value in probe.parameters():
                    value.mul_(factor)
                found.append(probe(inputs.to("cpu", precision)))
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return None  # what works on its own device or in its own precision only is not tried
    if not all(isinstance(made, Tensor) and bool(torch.isfinite(made).all()) for made in found):
        return None
    (low, high), (lower, higher) = ((float(limit) for limit in made.aminmax()) for made in found)
    distance = high - low
    if not distance > 0 or max(abs(low - lower), abs(high - higher)) > NEARLY * distance:
        return None
    near = ((found[1] - low).abs() < NEARLY * distance) | ((found[1] - high).abs() < NEARLY * distance)
    if float(near.double().mean()) < AT_LIMIT:
        return None
    return round(low, 3), round(high, 3)
