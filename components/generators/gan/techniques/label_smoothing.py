"""One-sided label smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from adagan.components.generators.gan.judged_batches import JudgedBatch
from adagan.components.generators.gan.objectives import CrossEntropy
from adagan.components.generators.gan.techniques.technique import Technique
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_share

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class LabelSmoothing(Technique):
    """The discriminator aims at 1 − epsilon at data instead of 1; at samples the target stays 0.

    The cross-entropy of target 1 − epsilon is that of target 1 plus epsilon times the output (the logit), which is
    the term that is added at data.

    Args:
        epsilon: In (0, 1).

    References:
        Salimans et al., *Improved techniques for training GANs*, 2016, section 3.4, https://arxiv.org/abs/1606.03498
    """

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = check_share(epsilon, "epsilon", upper_closed=False)

    def install(self, training: GANTraining) -> None:
        objective = training.objective
        if not isinstance(objective, CrossEntropy):
            raise UserError(
                f"techniques: LabelSmoothing smooths the labels of a cross-entropy, but {objective!r} has none; leave "
                "it out, or use NonSaturating, Minimax or GeneralizedMinimax"
            )
        factor = 2 * objective.data_share * self.epsilon

        def smoothing(batch: JudgedBatch) -> Tensor:
            return factor * batch.at_real.mean()

        training.discriminator_terms.append(smoothing)
