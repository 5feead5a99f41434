"""Feature matching in place of the generator's adversarial loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from adagan.components.generators.gan.judged_batches import GeneratedBatch, Judge
from adagan.components.generators.gan.techniques.last_layer import last_linear_layer
from adagan.components.generators.gan.techniques.technique import Technique
from adagan.components.training.ranks.shares import averaged
from adagan.mixtures.numbers import check_positive

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class FeatureMatching(Technique):
    """The generator minimises factor · ‖E_data[f(x)] − E_model[f(x)]‖², f the discriminator's last hidden layer.

    It takes the place of the objective's loss for the generator; the discriminator keeps its own.

    Args:
        factor: Of the loss.

    References:
        Salimans et al., *Improved techniques for training GANs*, 2016, section 3.1, https://arxiv.org/abs/1606.03498
    """

    def __init__(self, factor: float = 1.0) -> None:
        check_positive(factor=factor)
        self.factor = factor

    def install(self, training: GANTraining) -> None:
        _, layer = last_linear_layer(training.discriminator, "FeatureMatching")
        features = _InputOf(layer)

        def loss(batch: GeneratedBatch) -> Tensor:
            sides = (batch.real, batch.fake)
            of_data, of_samples = (averaged(features(batch.judge, points).mean(dim=0)) for points in sides)
            return self.factor * (of_data - of_samples).square().sum()

        training.generator_loss = loss


class _InputOf:
    """What enters a layer while points are judged."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer

    def __call__(self, judge: Judge, points: Tensor) -> Tensor:
        seen: list[Tensor] = []

        def keep(_: nn.Module, arguments: tuple[Any, ...]) -> None:
            seen.append(arguments[0])

        hook = self.layer.register_forward_pre_hook(keep)
        try:
            judge(points)
        finally:
            hook.remove()
        return seen[-1].flatten(1)
