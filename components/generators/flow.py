"""A normalising flow as a component: exact log densities, and so exact ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.generators.latent import BLOCK, LatentGenerator
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.networks.flow_networks import FlowGenerator, NegativeLogLikelihood, spline_flow
from adagan.components.networks.given_network import GivenNetwork, OwnNetwork, Trial
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.minimise import minimise
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_counts, check_non_negative


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
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        seed: Of initialisation and training; ``None`` takes the run's, or a fresh one outside of a run.

    References:
        Papamakarios et al., *Normalizing flows for probabilistic modeling and inference*, 2021, eq. 6 and 13,
        https://arxiv.org/abs/1912.02762; Durkan et al., *Neural spline flows*, 2019,
        https://arxiv.org/abs/1906.04032
    """

    widths = (64, 64)
    whole_images = False
    generator_: FlowGenerator

    def __init__(
        self,
        flow: OwnNetwork | None = None,
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
        super().__init__(None, width, max_steps, batch_size, learning_rate, ema_decay, trainer_options, seed)
        check_counts(transforms=transforms, bins=bins)
        check_non_negative(noise=noise)
        self.given_flow = GivenNetwork("flow", flow)
        self.transforms, self.bins = transforms, bins
        self.flatten, self.noise = flatten, noise

    def make_networks(self, plan: NetworkPlan) -> Mapping[str, nn.Module]:
        size = math.prod(plan.event_shape)
        if len(plan.event_shape) > 1 and not self.flatten:
            raise UserError(
                f"flatten: a flow learns vectors, and these events have the shape {plan.event_shape}; pass "
                f"Flow(flatten=True) to read each as a vector of {size} entries"
            )

        def generator(flow: nn.Module) -> FlowGenerator:
            return FlowGenerator(flow, plan.event_shape)

        latent = plan.like.new_zeros(2, size)
        flow = self.given_flow.make(
            lambda: spline_flow(size, plan.width, self.transforms, self.bins),
            Trial((latent,), f"vectors of {size} entries", "events", plan.event_shape, within=generator),
        )
        return {"generator_": generator(flow)}

    def train_networks(self, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None) -> nn.Module:
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

    def num_normal(self, plan: NetworkPlan) -> int:
        return math.prod(plan.event_shape)

    @torch.no_grad()
    def log_prob(self, x: Tensor) -> Tensor:
        """Log density at points of shape (N, *event), shape (N,), float64.

        Raises:
            ValueError: An entry was constant in training, so that there is no density; points of another shape.
        """
        if not hasattr(self, "scaling_"):
            raise RuntimeError("this Flow is not fitted yet; call fit(data) first")
        if tuple(x.shape[1:]) != self.plan_.event_shape:
            raise UserError(f"x: expected points of shape (N, *{self.plan_.event_shape}), got {tuple(x.shape)}")
        scale = self.scaling_.scale.double()
        if not bool((scale > 0).all()):
            raise UserError(
                f"{int((scale == 0).sum())} entries of the training data are constant, so there is no density; "
                "leave them out of the data"
            )
        scaled = self.scaling_(x.to(self.scaling_.scale))
        blocks = [self.generator_.log_prob(block) for block in torch.split(scaled, BLOCK)]
        return torch.cat(blocks).double() - scale.log().sum()

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            "width": self.width,
            "transforms": self.transforms,
            "bins": self.bins,
            "flatten": self.flatten,
            "own_generator": self.given_flow.is_own,
        }
