"""Objectives: the pair of losses with which a generator and its discriminator train each other."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn.functional import softplus


class Objective(ABC):
    """The contract: a loss for each side, from the discriminator's outputs (larger means more real), shapes (N,)."""

    @abstractmethod
    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the discriminator minimises, given its outputs at data and at samples."""

    @abstractmethod
    def generator_loss(self, fake: Tensor) -> Tensor:
        """What the generator minimises, given the discriminator's outputs at samples."""

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({parameters})"


class NonSaturating(Objective):
    """Cross-entropy for the discriminator; the generator maximises log D instead of minimising log(1 − D).

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, section 3, https://arxiv.org/abs/1406.2661
    """

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()


class LeastSquares(Objective):
    """½ (D(x) − b)² at data and ½ (D(x) − a)² at samples; the generator aims at c.

    With b − c = 1 and b − a = 2 the generator minimises a Pearson chi² divergence (Mao et al., eq. 8).

    Args:
        a, b, c: Targets for samples, for data, and the generator's for samples.

    References:
        Mao et al., *Least squares generative adversarial networks*, 2017, https://arxiv.org/abs/1611.04076
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0) -> None:
        if a == b:
            raise ValueError(f"a: the targets for samples and for data must differ, both are {a}")
        self.a, self.b, self.c = a, b, c

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * ((real - self.b).square().mean() + (fake - self.a).square().mean())

    def generator_loss(self, fake: Tensor) -> Tensor:
        return 0.5 * (fake - self.c).square().mean()
