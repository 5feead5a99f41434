"""Boosting for any generative model: AdaGAN in PyTorch and Lightning.

The names below load when they are first used, so that ``adagan --help`` answers at once.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adagan.boosting import AdaGAN
    from adagan.components.conformance import check_component
    from adagan.components.contract import Component
    from adagan.components.critics.critic import Critic
    from adagan.components.generators.gan.gan import GAN
    from adagan.missing.missing_mass import missing_mass
    from adagan.mixtures.errors import UserError
    from adagan.mixtures.mixture import Mixture
    from adagan.mixtures.refinement.refined import Refined
    from adagan.round import Round

__version__ = "0.1.0"
__all__ = [
    "GAN",
    "AdaGAN",
    "Component",
    "Critic",
    "Mixture",
    "Refined",
    "Round",
    "UserError",
    "check_component",
    "missing_mass",
]

_HOMES = {
    "AdaGAN": "adagan.boosting",
    "Component": "adagan.components.contract",
    "Critic": "adagan.components.critics.critic",
    "GAN": "adagan.components.generators.gan.gan",
    "Mixture": "adagan.mixtures.mixture",
    "Refined": "adagan.mixtures.refinement.refined",
    "Round": "adagan.round",
    "UserError": "adagan.mixtures.errors",
    "check_component": "adagan.components.conformance",
    "missing_mass": "adagan.missing.missing_mass",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())  # what is logged is shown by whoever wants it


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'adagan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
