"""The contract of what a GAN learns beside the points: their classes, few labels, codes of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from adagan.components.generators.gan.objectives import Objective
from adagan.components.generators.gan.techniques import Technique
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.generators.scaling import Scaling
from adagan.components.networks.default_networks import DefaultNetworks
from adagan.components.networks.given_network import GivenNetwork
from adagan.components.training.batches import WeightedBatches
from adagan.mixtures.errors import UserTypeError

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class ConditionedGAN(Protocol):
    """What a conditioning sees of the GAN that holds it.

    Attributes:
        facts_: Tensors that the conditioning has learnt, by name; stored, and the GAN's attributes by these names.
        networks: What makes networks where the user gives none.
        points_together: How many points the discriminator judges together.
    """

    objective: Objective
    techniques: tuple[Technique, ...]
    latent_dim: int | None
    given_generator: GivenNetwork
    given_discriminator: GivenNetwork
    networks: DefaultNetworks
    points_together: int
    facts_: dict[str, Tensor]
    generator_: nn.Module
    scaling_: Scaling
    training_notes_: tuple[str, ...]

    def assemble(
        self, plan: NetworkPlan, batches: WeightedBatches, generator: nn.Module, discriminator: nn.Module
    ) -> GANTraining:
        """The training of two networks with all that was chosen."""
        ...

    def run(self, training: GANTraining, batches: WeightedBatches) -> nn.Module:
        """Runs a training and returns the average of its generator."""
        ...

    def check_fitted(self, call: str = ...) -> None:
        """Refuses to go on without networks."""
        ...

    def get_submodule(self, target: str) -> nn.Module:
        """The network that is held under a name."""
        ...


class Conditioning(ABC):
    """The contract: what the networks of a GAN are, how they are trained, and how it is asked for samples.

    A conditioning keeps its settings and nothing else, so that one object serves any number of GANs: what is learnt is
    the GAN's, networks and facts.

    Attributes:
        learns_labels: Whether the GAN's `fit` takes labels.
        recognises: Whether training also recognises classes or codes, beside which a discriminator has to be steeper.
        facts: Names of the tensors that it learns.
        offers: Names of its methods that the GAN offers as its own; they are given the GAN first.
        option: The argument of the GAN's `sample` by which samples of a kind are wanted; empty for none.
        num_entries: Entries of a latent vector that it takes.
    """

    learns_labels: ClassVar[bool] = False
    recognises: ClassVar[bool] = False
    facts: ClassVar[tuple[str, ...]] = ()
    offers: ClassVar[tuple[str, ...]] = ()
    option: ClassVar[str] = ""
    num_entries: int = 0

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Its arguments, as JSON has them."""

    def stored_networks(self, gan: ConditionedGAN) -> tuple[GivenNetwork, ...]:
        """The networks that the user may give, as far as they are stored."""
        return (gan.given_generator,)

    def check(self, gan: ConditionedGAN) -> None:  # noqa: B027 (some suit every GAN)
        """Refuses a GAN whose choices it does not suit.

        Raises:
            ValueError: Naming the argument, and the cure.
        """

    def read_labels(
        self, gan: ConditionedGAN, data: Tensor, weights: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor | None, Tensor]:
        """The weights to train by and the classes to train with; notes facts. For one that learns labels."""
        raise NotImplementedError(f"{type(self).__name__} learns no labels")

    def make_networks(self, gan: ConditionedGAN, plan: NetworkPlan) -> Mapping[str, nn.Module]:
        """The untrained networks that are stored, by name; ``generator_`` makes events of latent vectors."""
        return {"generator_": plain_generator(gan, plan)}

    @abstractmethod
    def train(
        self, gan: ConditionedGAN, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None
    ) -> nn.Module:
        """Trains the GAN's networks on minibatches and returns the generator that is to sample."""

    def complete(self, normal: Tensor, source: torch.Generator | None) -> Tensor:
        """Latent vectors of normal numbers; without a source it takes torch's global one."""
        return normal

    def wishing(self, gan: ConditionedGAN, wanted: Any, num_samples: int) -> Callable[[Tensor, slice], Tensor]:
        """What makes latent vectors, given with their rows among the samples, those of what is wanted.

        Raises:
            ValueError: Something that it cannot sample.
        """
        raise UserTypeError(f"condition, codes: {self!r} samples nothing in particular; leave them out")

    def renamed(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of a stored GAN by the names of today, whichever version wrote them."""
        return dict(state)

    def __repr__(self) -> str:
        chosen = {name: value for name, value in self.config().items() if value not in (None, False)}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in chosen.items())})"


def plain_generator(gan: ConditionedGAN, plan: NetworkPlan) -> nn.Module:
    """The user's generator, or the default, of latent vectors alone."""
    return gan.given_generator.make(
        lambda: gan.networks.generator(plan.latent_dim, plan.event_shape, plan.width), plan.of_generator()
    )


def plain_discriminator(gan: ConditionedGAN, plan: NetworkPlan) -> nn.Module:
    """The user's discriminator, or the default, of as many points as it is to judge together."""
    together = gan.points_together
    packing = f", packed by {gan.techniques}" if together > 1 else ""
    return gan.given_discriminator.make(
        lambda: gan.networks.discriminator(plan.event_shape, plan.width, together),
        plan.of_discriminator(together, packing),
    )
