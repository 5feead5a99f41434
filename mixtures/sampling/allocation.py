"""Which component gives each sample of a draw: chosen by weight, or given."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.randomness import seed_from


class Allocation(ABC):
    """The contract: block by block, how many samples each component gives, and which places of the block they take."""

    @property
    @abstractmethod
    def likeliest(self) -> int:
        """A component that may be asked for samples."""

    @abstractmethod
    def block(self, begin: int, size: int) -> tuple[NDArray[np.int64], Tensor]:
        """Counts per component, shape (K,), on the host, as all counts are; and the places, shape (size,).

        The first component's places come first, then the second's, and so on.

        Args:
            begin: Number of samples in the blocks before.
            size: Number of samples in this one.
        """


class ByWeight(Allocation):
    """Every sample comes from a component drawn by weight, whatever its place: the places are a random order.

    Args:
        weights: Of the components, shape (K,), sum 1.
        generator: Source of randomness, on `device`.
        device: Of the places.
    """

    def __init__(self, weights: NDArray[np.float64], generator: torch.Generator, device: torch.device) -> None:
        self.weights, self.generator, self.device = weights, generator, device
        self._counting = np.random.default_rng(seed_from(generator))

    @property
    def likeliest(self) -> int:
        return int(self.weights.argmax())

    def block(self, begin: int, size: int) -> tuple[NDArray[np.int64], Tensor]:
        counts = self._counting.multinomial(size, self.weights)
        return counts, torch.randperm(size, generator=self.generator, device=self.device)


class AsGiven(Allocation):
    """The component of every sample is given.

    Args:
        component: Indices of components, shape (num_samples,).
        num_components: K.
    """

    def __init__(self, component: NDArray[np.int64], num_components: int) -> None:
        self.component, self.num_components = component, num_components

    @property
    def likeliest(self) -> int:
        return int(self.component[0]) if len(self.component) else 0

    def block(self, begin: int, size: int) -> tuple[NDArray[np.int64], Tensor]:
        given = self.component[begin : begin + size]
        return np.bincount(given, minlength=self.num_components), torch.from_numpy(given.argsort(kind="stable"))
