"""Objectives whose discriminator is a classifier trained by cross-entropy: the original GAN and what stems from it."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from adagan.components.generators.gan.objectives.objective import Objective
from adagan.mixtures.numbers import check_share


class CrossEntropy(Objective):
    """The contract of objectives whose discriminator D = sigmoid(output) minimises its cross-entropy.

    −2 pi E_data[log D] − 2 (1 − pi) E_model[log(1 − D)], with pi the `data_share`; at one half both factors are 1.
    """

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        share = self.data_share
        return 2 * share * softplus(-real).mean() + 2 * (1 - share) * softplus(fake).mean()


class NonSaturating(CrossEntropy):
    """The generator maximises log D at its samples instead of minimising log(1 − D), whose gradient vanishes early on.

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, section 3, https://arxiv.org/abs/1406.2661
    """

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()


class Minimax(CrossEntropy):
    """The generator minimises E_model[log(1 − D)], the discriminator's own loss with the sign changed.

    At the optimal discriminator, D = p_data/(p_data + p_model), minus the discriminator's loss is
    2 JS(model, data) − 2 log 2 (Goodfellow et al., Theorem 1), with JS as in `adagan.mixtures.JensenShannon`.

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, eq. 1, https://arxiv.org/abs/1406.2661
    """

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return -softplus(fake).mean()


class GeneralizedMinimax(CrossEntropy):
    """Minimax with a discriminator trained on a share pi of data and 1 − pi of samples: a dial between the two KLs.

    At the optimal discriminator the generator descends the generalised Jensen-Shannon divergence of share pi,
    `adagan.mixtures.GeneralizedJensenShannon`: towards KL(data ‖ model), which covers, as pi → 0, and towards
    KL(model ‖ data), which is realistic, as pi → 1. One half is `Minimax`.

    Args:
        pi: The share of data, in (0, 1). Shares near the ends leave few points of one side in a minibatch.

    References:
        Huszár, *How (not) to train your generative model: scheduled sampling, likelihood, adversary?*, 2015,
        section 3.1, https://arxiv.org/abs/1511.05101
    """

    def __init__(self, pi: float) -> None:
        self.pi = check_share(pi, "pi", upper_closed=False)

    @property
    def data_share(self) -> float:
        return self.pi

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return -2 * (1 - self.pi) * softplus(fake).mean()
