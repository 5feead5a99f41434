"""Classes that a GAN is told, and samples as they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from adagan.components.generators.gan.conditioning.class_networks import (
    ClassGenerator,
    GeneratorByClass,
    ProjectionDiscriminator,
)
from adagan.components.generators.gan.conditioning.class_normalization import ClassNormalizedGenerator
from adagan.components.generators.gan.conditioning.class_tags import (
    TaggedDiscriminator,
    TaggedGenerator,
    tagged,
    train_by_class,
)
from adagan.components.generators.gan.conditioning.conditioning import ConditionedGAN, Conditioning
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.labels import as_classes, check_num_classes, shares_by_weight
from adagan.components.networks.given_network import Trial
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.ranks.shares import own_rows
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import filled
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.sampling.class_allocation import as_indices

SHARES = "class_shares_"


class Classes(Conditioning):
    """Generator and discriminator are told the class: P(x) = Σ_c P(c) P(x | c).

    Points without a class, −1, are left out of the training. Objectives, penalties and techniques are applied class by
    class; `Packing` is refused, since the points of a pack could be of different classes. The GAN's ``generator`` takes
    latent vectors (B, latent_dim) and classes (B,), its ``discriminator`` points (B, *event) and classes (B,).

    >>> from adagan.components import GAN, Classes
    >>> data, classes = torch.tensor([[0.0], [2.0], [7.0], [9.0]]), torch.tensor([0, 0, 1, 1])
    >>> gan = GAN(conditioning=Classes(), max_steps=5, batch_size=4, seed=0).fit(data, labels=classes)
    >>> gan.sample(3, condition=torch.tensor([0, 1, 0])).shape
    torch.Size([3, 1])
    >>> gan.class_shares_
    tensor([0.5000, 0.5000], dtype=torch.float64)

    Args:
        num_classes: C, if labels from C on are to be refused; ``None`` takes the largest label that occurs.
        normalization: Whether the class sets the scale and shift of normalised layers in the default generator, rather
            than being an input of it.

    The fitted GAN has ``class_shares_``, the shares of the classes by weight, shape (C,), float64, on the CPU.

    References:
        Mirza, Osindero, *Conditional generative adversarial nets*, 2014, https://arxiv.org/abs/1411.1784

        Miyato, Koyama, *cGANs with projection discriminator*, 2018, https://arxiv.org/abs/1802.05637
    """

    learns_labels: ClassVar[bool] = True
    facts: ClassVar[tuple[str, ...]] = (SHARES,)
    option: ClassVar[str] = "condition"

    def __init__(self, num_classes: int | None = None, *, normalization: bool = False) -> None:
        check_counts(num_classes=num_classes)
        self.num_classes, self.normalization = num_classes, normalization

    def config(self) -> dict[str, Any]:
        return {"num_classes": self.num_classes, "normalization": self.normalization}

    def check(self, gan: ConditionedGAN) -> None:
        for technique in gan.techniques:
            if technique.points_per_output > 1:
                raise UserError(
                    f"techniques: {technique!r} judges points together, which may be of different classes; leave it "
                    "out, or wrap a GAN with it as ClassConditional(partial(GAN, techniques=[...]))"
                )

    def read_labels(
        self, gan: ConditionedGAN, data: Tensor, weights: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor | None, Tensor]:
        classes = as_classes(labels, len(data), f"a GAN with {self!r}").to(data.device)
        num_classes = check_num_classes(classes, self.num_classes)
        base = as_probabilities(weights, len(data), data, "weights").masked_fill(classes < 0, 0.0)
        gan.facts_[SHARES] = shares_by_weight(classes, base, num_classes)
        return base / base.sum(), classes

    def make_networks(self, gan: ConditionedGAN, plan: NetworkPlan) -> dict[str, nn.Module]:
        shares = gan.facts_[SHARES]
        kind = ClassNormalizedGenerator if self.normalization else ClassGenerator
        generator = gan.given_generator.make(
            lambda: kind(plan.latent_dim, len(shares), plan.event_shape, plan.width, gan.networks),
            _told(plan.of_generator()),
        )
        return {"generator_": GeneratorByClass(generator, shares)}

    def train(
        self, gan: ConditionedGAN, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None
    ) -> nn.Module:
        assert labels is not None
        shape, shares = plan.event_shape, gan.facts_[SHARES]
        discriminator = gan.given_discriminator.make(
            lambda: ProjectionDiscriminator(shape, len(shares), plan.width, gan.networks),
            _told(plan.of_discriminator()),
        )
        batches.data = filled(tagged, batches.data, labels)
        generator = TaggedGenerator(cast(GeneratorByClass, gan.generator_).generator)
        training = gan.assemble(plan, batches, generator, TaggedDiscriminator(discriminator, shape))
        train_by_class(training, shape)
        average = cast(TaggedGenerator, gan.run(training, batches))
        return GeneratorByClass(average.generator, shares).to(plan.like)

    def complete(self, normal: Tensor, source: torch.Generator | None) -> Tensor:
        """With a uniform number that chooses the class."""
        options: dict[str, Any] = {"generator": source, "device": normal.device, "dtype": normal.dtype}
        chance = own_rows(len(normal), lambda count: torch.rand(count, 1, **options))
        return torch.cat([normal, chance], dim=1)

    def wishing(self, gan: ConditionedGAN, wanted: Any, num_samples: int) -> Callable[[Tensor, slice], Tensor]:
        """Latent vectors of the classes that are wanted: one for all samples, or one for each."""
        shares = gan.facts_[SHARES]
        classes = torch.from_numpy(as_indices(wanted, num_samples, len(shares), self.option))
        absent = classes[shares[classes] == 0]
        if absent.numel():
            known = ", ".join(map(str, shares.nonzero()[:, 0].tolist()))
            raise UserError(
                f"condition: class {int(absent[0])} had no weight in the data that this component was fitted to; it "
                f"samples the classes {known}"
            )
        each = classes.expand(num_samples)

        def of_class(latent: Tensor, rows: slice) -> Tensor:
            return GeneratorByClass.of_class(latent, each[rows].to(latent.device))

        return of_class

    def renamed(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Version 0.1 stored the choice of classes beside the generator, and the shares by a name of torch's."""
        if SHARES in state:
            return dict(state)
        kept = {
            name.replace("generator_.", "generator_.generator.", 1): value
            for name, value in state.items()
            if name not in ("choice_.edges", "_extra_state")
        }
        return {**kept, SHARES: state["_extra_state"].double()}


def _told(trial: Trial) -> Trial:
    """The trial of a network that is told the class too."""
    return trial.beside(torch.zeros(2, dtype=torch.int64, device=trial.inputs[0].device), "classes of shape (B,)")
