"""Realism and balance in one number: what lies in the cores of known modes, as far as it is expected there."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.data.built_in import KnownModes
from adagan.study.metrics.known_modes import nearest_modes, radius

CORE = 0.9
"""Share of a mode inside the circle."""


def core_quality(samples: Tensor, modes: KnownModes) -> float:
    """Σ_modes min(expected, samples in the mode's 90 % ball)/n: one number for realism and balance.

    A perfect model scores .900, less a little where modes expect few samples.

    Args:
        samples: Shape (n, D).
        modes: The modes.

    References:
        Neunhoeffer, Wu, Dwork, *Private post-GAN boosting*, 2021, https://arxiv.org/abs/2007.11934
    """
    _, distance, mode = nearest_modes(samples, modes)
    core = distance < radius(CORE, modes.centres.shape[1]) * modes.std
    counts = torch.bincount(mode[core], minlength=len(modes.centres)).double()
    return float(torch.minimum(counts / len(samples), modes.probabilities.double()).sum())
