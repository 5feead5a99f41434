"""What a normalising flow is made of: the default flow of zuko's, its sampling direction, its likelihood."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from adagan.components.training.ranks.shares import normal_like
from adagan.mixtures.errors import UserError, UserTypeError

COUPLING_FROM = 9
"""Vectors of so many entries are transformed in two halves: entry by entry, sampling would take as many passes."""


def spline_flow(features: int, width: int, transforms: int, bins: int) -> nn.Module:
    """A neural spline flow of zuko's, autoregressive for few features, with coupling layers for many.

    Raises:
        ImportError: zuko is not installed.
    """
    validates = Distribution._validate_args
    try:
        from zuko.flows import NSF  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise ImportError("Flow needs the package zuko: pip install 'adagan[flow]'") from error
    finally:
        # importing zuko switches the checks of all torch distributions off, those of the caller's too
        Distribution.set_default_validate_args(validates)
    coupling: dict[str, Any] = {"passes": 2, "randperm": True} if features >= COUPLING_FROM else {}
    flow: nn.Module = NSF(features, transforms=transforms, bins=bins, hidden_features=(width, width), **coupling)
    return flow


class FlowGenerator(nn.Module):
    """A flow in the direction in which it samples: normal vectors (B, D) to events (B, *event).

    Args:
        flow: A flow of zuko's; its ``transform`` maps data to the standard normal distribution.
        event_shape: Shape of an event, of D entries.

    Raises:
        TypeError: The module is no flow of zuko's.
        ValueError: Its base is not the standard normal distribution.
    """

    def __init__(self, flow: nn.Module, event_shape: tuple[int, ...]) -> None:
        super().__init__()
        transform, base = getattr(flow, "transform", None), getattr(flow, "base", None)
        if not callable(transform) or not callable(base):
            raise UserTypeError(
                f"flow: expected a flow of zuko's, with a transform and a base, got {type(flow).__name__}; "
                "for example zuko.flows.MAF(features=2)"
            )
        if not _is_standard_normal(base()):
            raise UserError(f"flow: expected a standard normal base, got {base()}")
        self.flow, self.event_shape = flow, event_shape

    def forward(self, latent: Tensor) -> Tensor:
        events: Tensor = self._transform().inv(latent)
        return events.reshape(len(latent), *self.event_shape)

    def log_prob(self, points: Tensor) -> Tensor:
        """The log density log N(f(z)) + log |det f'(z)| at scaled points of shape (B, *event), shape (B,)."""
        latent, log_determinant = self._transform().call_and_ladj(points.flatten(1))
        constant = 0.5 * math.log(2 * math.pi) * latent.shape[1]
        density: Tensor = log_determinant - 0.5 * latent.square().sum(dim=1) - constant
        return density

    def _transform(self) -> Any:
        transform: Any = self.flow.transform
        return transform()


def _is_standard_normal(base: Distribution) -> bool:
    if not isinstance(base, Independent) or not isinstance(base.base_dist, Normal):
        return False
    return bool((base.base_dist.loc == 0).all()) and bool((base.base_dist.scale == 1).all())


class NegativeLogLikelihood(nn.Module):
    """The mean of −log p over a minibatch, to whose points normal noise is added.

    Args:
        generator: The flow.
        noise: Standard deviation of the noise per entry, shape (*event).
    """

    noise: Tensor

    def __init__(self, generator: FlowGenerator, noise: Tensor) -> None:
        super().__init__()
        self.generator = generator
        self.register_buffer("noise", noise)

    def forward(self, points: Tensor) -> Tensor:
        noisy = points + self.noise * normal_like(points)
        return -self.generator.log_prob(noisy).mean()
