"""How the peers are made; one whose package is not there says so when it is trained."""

from __future__ import annotations

from typing import Any

from adagan.components.adapters.lightning_generator import LightningGenerator
from adagan.components.adapters.wrapped import Wrapped
from adagan.components.offer import Shape


def torchcfm(shape: Shape, steps: int) -> Any:
    """A class of a user with ``fit`` and ``sample``."""
    from adagan.study.methods.peers.torchcfm_model import TorchCFM

    return Wrapped(TorchCFM(steps), tensors=True)


def forest_flow(shape: Shape, steps: int) -> Any:
    """Trees, which take the time that they take."""
    from adagan.study.methods.peers.forest_flow import ForestFlow

    return Wrapped(ForestFlow())


def dcgan(shape: Shape, steps: int) -> Any:
    """A LightningModule, which begins anew in every round."""
    from adagan.study.methods.peers.dcgan import DCGAN, sampled

    return LightningGenerator(DCGAN, sampled, event_shape=True, max_steps=steps, batch_size=64)
