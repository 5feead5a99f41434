"""What a GAN learns beside the points, each a small object: ``GAN(conditioning=Classes())``."""

from adagan.components.generators.gan.conditioning.classes import Classes
from adagan.components.generators.gan.conditioning.codes import Codes
from adagan.components.generators.gan.conditioning.conditioning import Conditioning
from adagan.components.generators.gan.conditioning.few_labels import FewLabels
from adagan.components.generators.gan.conditioning.unconditioned import Unconditioned

__all__ = ["Classes", "Codes", "Conditioning", "FewLabels", "Unconditioned"]

CONDITIONINGS: tuple[type[Conditioning], ...] = (Classes, Codes, FewLabels)
"""Those that a stored GAN may name."""
