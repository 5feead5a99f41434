"""Historical averaging of both players' parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from adagan.components.generators.gan.techniques.technique import Technique
from adagan.mixtures.numbers import check_positive

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class HistoricalAveraging(Technique):
    """Adds factor · ‖theta − mean of theta over all steps so far‖² to the losses of both players.

    It damps the orbits on which alternating gradient steps run about an equilibrium.

    Args:
        factor: Of the term.

    References:
        Salimans et al., *Improved techniques for training GANs*, 2016, section 3.3, https://arxiv.org/abs/1606.03498
    """

    def __init__(self, factor: float = 0.1) -> None:
        check_positive(factor=factor)
        self.factor = factor

    def install(self, training: GANTraining) -> None:
        of_discriminator, of_generator = _History(training.discriminator), _History(training.generator)
        training.histories = nn.ModuleList([of_discriminator, of_generator])  # its parts are kept in checkpoints

        def term(history: _History) -> Callable[[object], Tensor]:
            def historical_averaging(batch: object) -> Tensor:
                return self.factor * history.distance(training.progress)

            return historical_averaging

        training.discriminator_terms.append(term(of_discriminator))
        training.generator_terms.append(term(of_generator))


class _History(nn.Module):
    """The running mean of a module's parameters."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.of_module, self.count = module.parameters, 0
        self.means: list[Tensor] = []
        self.progress = -1.0

    def distance(self, progress: float) -> Tensor:
        """The squared distance of the parameters from their mean, into which each step takes them once."""
        parameters = list(self.of_module())
        if progress > self.progress:
            if not self.means:
                self.means = [parameter.detach().clone() for parameter in parameters]
            self.progress, self.count = progress, self.count + 1
            torch._foreach_lerp_(self.means, [parameter.detach() for parameter in parameters], 1 / self.count)
        squares = [(value - mean).square().sum() for value, mean in zip(parameters, self.means, strict=True)]
        return torch.stack(squares).sum()
