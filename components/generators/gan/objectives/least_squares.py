"""The least-squares objective."""

from __future__ import annotations

import math

from torch import Tensor

from adagan.components.generators.gan.objectives.objective import Objective
from adagan.mixtures.errors import UserError


class LeastSquares(Objective):
    """½ (D(x) − b)² at data and ½ (D(x) − a)² at samples; the generator aims at c.

    With b − c = 1 and b − a = 2 the generator minimises a Pearson chi² divergence (Mao et al., eq. 8).

    Args:
        a, b, c: Targets for samples, for data, and the generator's for samples.

    References:
        Mao et al., *Least squares generative adversarial networks*, 2017, eq. 2, https://arxiv.org/abs/1611.04076
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0) -> None:
        if not all(math.isfinite(target) for target in (a, b, c)):
            raise UserError(f"a, b, c: expected finite targets, got {a}, {b} and {c}")
        if a == b:
            raise UserError(f"a: the targets for samples and for data must differ, both are {a}")
        self.a, self.b, self.c = a, b, c

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * ((real - self.b).square().mean() + (fake - self.a).square().mean())

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * (fake - self.c).square().mean()
