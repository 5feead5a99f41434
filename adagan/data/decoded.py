"""Samples as the data came: what a mixture makes, decoded block by block."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.mixtures.refinement.refined import Samples
from adagan.mixtures.sampling.sampler import device_of


class Decoded:
    """What samples images in the layout, range and type that were learnt.

    Args:
        source: Samples points, such as a mixture, plain or refined.
        encoding: What they mean.
    """

    def __init__(self, source: Samples, encoding: ImageEncoding) -> None:
        self.source, self.encoding = source, encoding

    @property
    def device(self) -> torch.device:
        """Where samples are made."""
        return device_of(self.source)

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None, **options: Any) -> Tensor:
        """Images, `num_samples` of them; the options are the source's."""
        points = self.source.sample(num_samples, generator=generator, **options)
        return self.encoding.decode(self.encoding.nearest(points))
