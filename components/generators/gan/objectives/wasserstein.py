"""The Wasserstein objective."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from adagan.components.generators.gan.objectives.objective import Objective


class Wasserstein(Objective):
    """E_model[D] − E_data[D]: over functions of slope at most 1 its minimum is −W₁(model, data), the earth mover's way.

    Without a bound on the slope there is no minimum: it goes with `GradientPenalty` (the second reference), with a
    zero-centred penalty, or with spectral normalisation, and is refused without any of them.

    References:
        Arjovsky, Chintala, Bottou, *Wasserstein GAN*, 2017, eq. 2, https://arxiv.org/abs/1701.07875

        Gulrajani et al., *Improved training of Wasserstein GANs*, 2017, eq. 3, https://arxiv.org/abs/1704.00028
    """

    needs_bounded_slope: ClassVar[bool] = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return -fake.mean()
