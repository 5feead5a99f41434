"""A normalising flow as a component: exact log densities, and so exact ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.checks import (
    check_counts,
    check_decays,
    check_is_module,
    check_module,
    check_non_negative,
    check_positive,
)
from adagan.components.generators.latent import BLOCK, LatentGenerator, Template
from adagan.components.generators.scaling import Scaling
from adagan.components.networks.flow_networks import FlowGenerator, NegativeLogLikelihood, spline_flow
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.loss_training import minimise
from adagan.mixtures.errors import UserError


class Flow(LatentGenerator):
    """Maximum likelihood of a normalising flow of the package zuko, on standardised data.

    An invertible network f takes the data x, scaled to z = (x − m)/s, to a standard normal distribution N:

        log p(x) = log N(f(z)) + log |det f'(z)| − Σ log s.

    The default is a neural spline flow, autoregressive for vectors of up to 8 entries, with coupling layers beyond.

    Args:
        flow: A flow of zuko's over as many features as an event has entries, without context and with a standard normal
            base, such as ``zuko.flows.MAF(features=2)``; ``None`` chooses the neural spline flow.
        width: Of the two hidden layers of every network in it; ``None`` means 64.
        transforms: Number of its spline transformations.
        bins: Of each spline.
        flatten: Whether events of more than one dimension, such as images, may be read as vectors.
        noise: Standard deviation of normal noise that is added to training points, in standard deviations of each
            entry. Values on a grid, such as grey levels, have no density without it.
        max_steps: Minibatches to train on.
        batch_size: Points per step; ``None`` means 256 for vectors, 64 for images, fewer where there are fewer rows.
        learning_rate: Adam's, falling to zero along a cosine.
        ema_decay: Of the exponential average of the parameters, the one that samples.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision, strategy.
        seed: Of initialisation and training; ``None`` takes torch's last manual seed.

    References:
        Papamakarios et al., *Normalizing flows for probabilistic modeling and inference*, 2021, eq. 6 and 13,
        https://arxiv.org/abs/1912.02762; Durkan et al., *Neural spline flows*, 2019,
        https://arxiv.org/abs/1906.04032
    """

    generator_: FlowGenerator

    def __init__(
        self,
        flow: nn.Module | None = None,
        *,
        width: int | None = None,
        transforms: int = 3,
        bins: int = 8,
        flatten: bool = False,
        noise: float = 0.0,
        max_steps: int = 2_000,
        batch_size: int | None = None,
        learning_rate: float = 5e-3,
        ema_decay: float = 0.99,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(None, latent_dim=None, width=width, max_steps=max_steps, batch_size=batch_size, seed=seed)
        check_is_module("flow", flow)
        check_counts(transforms=transforms, bins=bins)
        check_positive(learning_rate=learning_rate)
        check_non_negative(noise=noise)
        check_decays(ema_decay=ema_decay)
        self._generator_template = Template(flow)
        self.transforms, self.bins = transforms, bins
        self.flatten, self.noise = flatten, noise
        self.learning_rate, self.ema_decay = learning_rate, ema_decay
        self.trainer_options = dict(trainer_options or {})

    def make_generator(self, event_shape: tuple[int, ...]) -> FlowGenerator:
        if len(event_shape) > 1 and not self.flatten:
            raise UserError(
                f"flatten: a flow learns vectors, and these events have the shape {event_shape}; pass "
                f"Flow(flatten=True) to read each as a vector of {math.prod(event_shape)} entries"
            )
        flow = self._generator_template.copy_or(
            spline_flow, math.prod(event_shape), self.width or 64, self.transforms, self.bins
        )
        return FlowGenerator(flow, event_shape)

    def make_scaling(self, data: Tensor, weights: Tensor | None) -> Scaling:
        return Scaling.standard(data, weights)

    def train_generator(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        # a constant entry has no density: noise takes its place, which the scaling's zero takes away from samples
        noise = torch.where(self.scaling_.scale > 0, self.noise, 1.0)
        loss = minimise(
            NegativeLogLikelihood(self.generator_, noise),
            batches,
            stage="flow",
            learning_rate=self.learning_rate,
            ema_decay=self.ema_decay,
            trainer_options=self.trainer_options,
        )
        return loss.generator

    def _check_generator(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        if self._generator_template.module is not None:
            size = self._latent_dim(event_shape)
            latent = like.new_zeros(2, size)
            check_module("flow", self.generator_, (latent,), f"vectors of {size} entries", "events", event_shape)

    @torch.no_grad()
    def log_prob(self, x: Tensor) -> Tensor:
        """Log density at points of shape (N, *event), shape (N,), float64.

        Raises:
            ValueError: An entry was constant in training, so that there is no density; points of another shape.
        """
        if not hasattr(self, "scaling_"):
            raise RuntimeError("this Flow is not fitted yet; call fit(data) first")
        if tuple(x.shape[1:]) != self._event_shape:
            raise UserError(f"x: expected points of shape (N, *{self._event_shape}), got {tuple(x.shape)}")
        scale = self.scaling_.scale.double()
        if not bool((scale > 0).all()):
            raise UserError(
                f"{int((scale == 0).sum())} entries of the training data are constant, so there is no density; "
                "leave them out of the data"
            )
        scaled = self.scaling_(x.to(self.scaling_.scale))
        blocks = [self.generator_.log_prob(block) for block in torch.split(scaled, BLOCK)]
        return torch.cat(blocks).double() - scale.log().sum()

    def _latent_dim(self, event_shape: Sequence[int]) -> int:
        return math.prod(event_shape)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            "width": self.width,
            "transforms": self.transforms,
            "bins": self.bins,
            "flatten": self.flatten,
            "own_generator": self._generator_template.module is not None,
        }
