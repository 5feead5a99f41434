"""Penalties on the slope of a discriminator."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from adagan.components.generators.gan.judged_batches import Judge, JudgedBatch
from adagan.components.networks.defaults import is_image, is_long
from adagan.components.training.ranks.shares import own_rows
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.numbers import check_positive
from adagan.mixtures.parameters import Parameters


class Penalty(Parameters, ABC):
    """The contract: a term of the discriminator's loss.

    Attributes:
        factor: By which the term is multiplied; ``None`` leaves it to the shape of the data.
        differentiates_points: Whether the minibatch's points must require gradients before they are judged.
        interval: At every so many steps it is applied unless told otherwise.
    """

    differentiates_points: ClassVar[bool] = False
    interval: ClassVar[int] = 4

    def __init__(self, factor: float | None) -> None:
        check_positive(factor=factor)
        self.factor = factor

    def default_factor(self, event_shape: Sequence[int], *, recognises: bool) -> float:
        """What suits most data, for a penalty that may be made without a factor; arguments as of `suited`."""
        raise NotImplementedError(f"{type(self).__name__} has no default factor: pass one")

    def suited(self, event_shape: Sequence[int], *, recognises: bool = False) -> Self:
        """The penalty with a factor: its own, or the one for the discriminator and its data.

        Args:
            event_shape: Of the data.
            recognises: Whether training also recognises classes or codes, beside which the slope has to be steeper.
        """
        made = copy.copy(self)
        if self.factor is None:
            made.factor = self.default_factor(event_shape, recognises=recognises)
        return made

    @abstractmethod
    def __call__(self, batch: JudgedBatch, judge: Judge) -> Tensor:
        """The term, without its factor.

        Args:
            batch: The minibatch, judged.
            judge: The discriminator, to judge other points.
        """

    def check(self, discriminator: nn.Module) -> None:
        """Refuses a discriminator that the penalty does not suit."""


class ZeroCenteredPenalty(Penalty):
    """factor/2 · E‖∇D‖², at data (R1), at samples (R2), or at both, which is the default.

    In many dimensions a discriminator that may be steep separates the generator's clusters from all others, which then
    never attract it.

    Args:
        factor: The references' gamma; ``None`` means 1 for images, 0.02 for vectors of up to 8 entries and 10 for
            longer ones; where training also recognises classes or codes, 0.02 for images and 2 for long vectors.
        at_data: Whether the slope at data is penalised.
        at_samples: Whether the slope at samples is.

    References:
        Mescheder, Geiger, Nowozin, *Which training methods for GANs do actually converge?*, 2018, eq. 9 (R1) and 10
        (R2), https://arxiv.org/abs/1801.04406

        Roth et al., *Stabilizing training of generative adversarial networks through regularization*, 2017,
        https://arxiv.org/abs/1705.09367
    """

    differentiates_points: ClassVar[bool] = True

    def __init__(self, factor: float | None = None, *, at_data: bool = True, at_samples: bool = True) -> None:
        super().__init__(factor)
        if not (at_data or at_samples):
            raise UserError("at_data, at_samples: one of them must be True, or nothing is penalised")
        self.at_data, self.at_samples = at_data, at_samples

    def default_factor(self, event_shape: Sequence[int], *, recognises: bool) -> float:
        if is_long(event_shape):
            return 2.0 if recognises else 10.0
        return 1.0 if is_image(event_shape) and not recognises else 0.02

    def __call__(self, batch: JudgedBatch, judge: Judge) -> Tensor:
        (gradient,) = torch.autograd.grad(batch.outputs.sum(), batch.points, create_graph=True)
        squares = gradient.flatten(1).square().sum(dim=1)
        if self.at_data and self.at_samples and 2 * batch.num_real == len(squares):
            return squares.mean()
        real, fake = squares[: batch.num_real], squares[batch.num_real :]
        return 0.5 * (self.at_data * real.mean() + self.at_samples * fake.mean())


class GradientPenalty(Penalty):
    """factor · E[(‖∇D(x)‖ − 1)²] at random points x between data and samples: slopes of one, for `Wasserstein`.

    It is applied at every step, since `Wasserstein` has nothing else that holds the discriminator between two of them.

    Args:
        factor: The reference's lambda; ``None`` means 1 for vectors of up to 8 entries, else the reference's 10, with
            which the discriminator is too smooth for fine structure in the plane.

    References:
        Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, *Improved training of Wasserstein GANs*, 2017, eq. 3,
        https://arxiv.org/abs/1704.00028
    """

    interval: ClassVar[int] = 1

    def __init__(self, factor: float | None = None) -> None:
        super().__init__(factor)

    def default_factor(self, event_shape: Sequence[int], *, recognises: bool) -> float:
        return 10.0 if is_image(event_shape) or is_long(event_shape) else 1.0

    def __call__(self, batch: JudgedBatch, judge: Judge) -> Tensor:
        count = min(batch.num_real, len(batch.points) - batch.num_real)
        real, fake = batch.real[:count].detach(), batch.fake[:count].detach()
        ones = [1] * (real.ndim - 1)
        share = own_rows(count, lambda rows: torch.rand(rows, *ones, dtype=real.dtype, device=real.device))
        between = torch.lerp(fake, real, share).requires_grad_()
        outputs = judge(between)
        (gradient,) = torch.autograd.grad(outputs.sum(), between, create_graph=True)
        # points that are judged together have one slope; the norm's own gradient at zero is taken as zero, not as NaN
        slopes: Tensor = torch.linalg.vector_norm(gradient.reshape(len(outputs), -1), dim=1)
        return (slopes - 1).square().mean()

    def check(self, discriminator: nn.Module) -> None:
        for name, module in discriminator.named_modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                raise UserError(
                    f"penalty: GradientPenalty bounds the slope at each point, but the discriminator's layer {name} "
                    f"({type(module).__name__}) mixes the points of a minibatch; use LayerNorm, or another penalty"
                )


PENALTIES: tuple[type[Penalty], ...] = (ZeroCenteredPenalty, GradientPenalty)
"""Every penalty; the command line reads this list."""


def as_penalty(penalty: float | Penalty | None) -> Penalty | None:
    """A penalty as it is; a number is the factor of the zero-centred one at data and samples, 0 none at all.

    ``None`` is that penalty too, with the factor that suits the data.

    Raises:
        ValueError: A negative, infinite or NaN factor.
        TypeError: Something else.
    """
    if isinstance(penalty, Penalty):
        return penalty
    if penalty is None:
        return ZeroCenteredPenalty()
    if isinstance(penalty, bool) or not isinstance(penalty, int | float):
        raise UserTypeError(
            f"penalty: expected a number or a Penalty object such as GradientPenalty(), got {penalty!r}"
        )
    if not 0 <= penalty < float("inf"):
        raise UserError(f"penalty: expected 0 or more, got {penalty}")
    return ZeroCenteredPenalty(penalty) if penalty else None
