"""The relativistic pairing objective."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from adagan.components.generators.gan.objectives.objective import Objective


class RelativisticPairing(Objective):
    """Data and samples are judged in pairs: E[log(1 + exp(−(D(x) − D(x')))], x of the data and x' of the model.

    A sample counts as bad only beside a point of the data, so that piling all samples on one mode does not pay: the
    loss has no minima with dropped modes (Sun et al.). With zero-centred penalties on both sides (R1 and R2, which is
    what ``penalty=`` of a GAN means) training converges locally (Huang et al., section 2).

    References:
        Jolicoeur-Martineau, *The relativistic discriminator: a key element missing from standard GAN*, 2018,
        https://arxiv.org/abs/1807.00734

        Sun, Fang, Schwing, *Towards a better global loss landscape of GANs*, 2020, https://arxiv.org/abs/2011.04926

        Huang, Gokaslan, Kuleshov, Tompkin, *The GAN is dead; long live the GAN! A modern GAN baseline*, 2025, eq. 2,
        https://arxiv.org/abs/2501.05441
    """

    paired: ClassVar[bool] = True

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake - real).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(real - fake).mean()
