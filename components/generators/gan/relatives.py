"""GANs that learn more than points, by the names of their papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adagan.components.generators.gan.conditioning import Classes, Codes, FewLabels
from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.objectives import Objective
from adagan.components.networks.given_network import OwnNetwork


def ConditionalGAN(  # noqa: N802 (named like the class that it stands for)
    objective: Objective | None = None, *, num_classes: int | None = None, normalization: bool = False, **options: Any
) -> GAN:
    """``GAN(conditioning=Classes(...))``: learns classes and samples the ones that are wanted. See `Classes`.

    >>> from adagan.components import ConditionalGAN
    >>> ConditionalGAN(num_classes=3).conditioning
    Classes(num_classes=3)

    Args:
        objective: The pair of losses; ``None`` means NonSaturating().
        num_classes, normalization: As of `Classes`.
        options: The other arguments of `GAN`.
    """
    return GAN(objective, conditioning=Classes(num_classes, normalization=normalization), **options)


def SemiSupervisedGAN(  # noqa: N802
    objective: Objective | None = None, *, num_classes: int | None = None, supervision: float = 1.0, **options: Any
) -> GAN:
    """``GAN(conditioning=FewLabels(...))``: its discriminator classifies, and learns to from few labels.

    See `FewLabels`.

    Args:
        objective: One whose discriminator minimises a cross-entropy; ``None`` means NonSaturating().
        num_classes, supervision: As of `FewLabels`.
        options: The other arguments of `GAN`.
    """
    return GAN(objective, conditioning=FewLabels(num_classes, supervision=supervision), **options)


def InfoGAN(  # noqa: N802
    objective: Objective | None = None,
    *,
    categorical: int | Sequence[int] = 10,
    continuous: int = 0,
    categorical_factor: float = 1.0,
    continuous_factor: float = 0.1,
    recogniser: OwnNetwork | None = None,
    **options: Any,
) -> GAN:
    """``GAN(conditioning=Codes(...))``: some of its latent entries come to mean something. See `Codes`.

    Args:
        objective: The pair of losses; ``None`` means NonSaturating().
        categorical, continuous, categorical_factor, continuous_factor, recogniser: As of `Codes`.
        options: The other arguments of `GAN`.
    """
    codes = Codes(
        categorical,
        continuous,
        categorical_factor=categorical_factor,
        continuous_factor=continuous_factor,
        recogniser=recogniser,
    )
    return GAN(objective, conditioning=codes, **options)
