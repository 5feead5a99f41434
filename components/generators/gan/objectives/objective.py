"""The contract of adversarial objectives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from adagan.mixtures.parameters import Parameters


class Objective(Parameters, ABC):
    """The contract: a loss for each side, from the discriminator's outputs (larger means more real).

    Attributes:
        paired: Whether the generator's loss looks at the outputs at data; the others are spared that pass.
        needs_bounded_slope: Whether the discriminator's loss has no minimum unless a penalty or spectral normalisation
            bounds the discriminator's slope.
    """

    paired: ClassVar[bool] = False
    needs_bounded_slope: ClassVar[bool] = False

    @property
    def data_share(self) -> float:
        """The share of data among the points that the discriminator is trained on."""
        return 0.5

    @abstractmethod
    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the discriminator minimises, given its outputs at data, shape (N,), and at samples, shape (M,)."""

    @abstractmethod
    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the generator minimises, given the discriminator's outputs at samples, shape (M,).

        Args:
            real: Outputs at data, shape (M,), for a `paired` objective; shape (0,) for any other.
            fake: Outputs at samples.
        """
