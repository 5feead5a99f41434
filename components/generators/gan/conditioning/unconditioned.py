"""A GAN that learns the points alone."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from adagan.components.generators.gan.conditioning.conditioning import ConditionedGAN, Conditioning, plain_discriminator
from adagan.components.generators.network_plan import NetworkPlan
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
