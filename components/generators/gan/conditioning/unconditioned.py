"""A GAN that learns the points alone."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from adagan.components.generators.gan.conditioning.conditioning import ConditionedGAN, Conditioning
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.networks.defaults import default_discriminator
from adagan.components.training.batches import WeightedBatches


class Unconditioned(Conditioning):
    """Points alone: no labels, no codes."""

    def config(self) -> dict[str, Any]:
        return {}

    def train(
        self, gan: ConditionedGAN, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None
    ) -> nn.Module:
        discriminator = plain_discriminator(gan, plan)
        return gan.run(gan.assemble(plan, batches, gan.generator_, discriminator), batches)


def plain_discriminator(gan: ConditionedGAN, plan: NetworkPlan) -> nn.Module:
    """The user's discriminator, or the default, of as many points as it is to judge together."""
    together = gan.points_together
    packing = f", packed by {gan.techniques}" if together > 1 else ""
    return gan.given_discriminator.make(
        lambda: default_discriminator(plan.event_shape, plan.width, together), plan.of_discriminator(together, packing)
    )
