"""The classes that files of version 0.1 name: conditioning was a class of GAN then, not an object that it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from adagan.components.generators.gan.gan import GAN

LATENT = ("latent_dim", "width", "own_generator")


class FormerGAN:
    """A name in a stored file, which stands for a `GAN` with a conditioning; it is read, never made."""

    conditioning: ClassVar[str]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> GAN:
        """The unfitted GAN of a stored configuration; see `GAN`."""
        settings = {key: value for key, value in config.items() if key not in LATENT}
        known = {key: config[key] for key in LATENT}
        return GAN.from_config({**known, "conditioning": {"kind": cls.conditioning, **settings}}, components)


class ConditionalGAN(FormerGAN):
    """``GAN(conditioning=Classes(...))``."""

    conditioning = "Classes"


class SemiSupervisedGAN(FormerGAN):
    """``GAN(conditioning=FewLabels(...))``."""

    conditioning = "FewLabels"


class InfoGAN(FormerGAN):
    """``GAN(conditioning=Codes(...))``."""

    conditioning = "Codes"


FORMER: tuple[type[FormerGAN], ...] = (ConditionalGAN, SemiSupervisedGAN, InfoGAN)
