"""The hinge objective."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu

from adagan.components.generators.gan.objectives.objective import Objective


class Hinge(Objective):
    """(1 − D)₊ at data and (1 + D)₊ at samples, a maximum-margin discriminator; the generator maximises D.

    Usually with spectral normalisation (the second reference, eq. 16 and 17).

    References:
        Lim, Ye, *Geometric GAN*, 2017, eq. 13, https://arxiv.org/abs/1705.02894

        Miyato et al., *Spectral normalization for generative adversarial networks*, 2018,
        https://arxiv.org/abs/1802.05957
    """

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return -fake.mean()
