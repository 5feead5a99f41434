"""A GAN that learns classes and samples the ones that are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import check_counts, check_module, keywords_only
from adagan.components.generators.gan.class_networks import ClassChoice, ClassGenerator, ProjectionDiscriminator
from adagan.components.generators.gan.class_tags import TaggedDiscriminator, TaggedGenerator, tagged, train_by_class
from adagan.components.generators.gan.gan import GAN, OneNumber
from adagan.components.generators.gan.objectives import Objective
from adagan.components.labels import as_classes, check_num_classes, shares_by_weight
from adagan.components.training.batches import WeightedBatches
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import fresh_generator
from adagan.mixtures.sampling.class_allocation import as_indices


class ConditionalGAN(GAN):
    """A GAN whose generator and discriminator are told the class: P(x) = Σ_c P(c) P(x | c).

    Points without a class, −1, are left out of the training. Objectives, penalties and techniques are those of `GAN`,
    applied class by class; `Packing` is refused, since the points of a pack could be of different classes.

    >>> from adagan.components import ConditionalGAN
    >>> data, classes = torch.tensor([[0.0], [2.0], [7.0], [9.0]]), torch.tensor([0, 0, 1, 1])
    >>> component = ConditionalGAN(max_steps=5, batch_size=4, seed=0).fit(data, labels=classes)
    >>> component.sample(3, condition=torch.tensor([0, 1, 0])).shape
    torch.Size([3, 1])

    Args:
        objective: The pair of losses; ``None`` means NonSaturating().
        num_classes: C, if labels from C on are to be refused; ``None`` takes the largest label that occurs.
        generator: A module from latent vectors (B, latent_dim) and classes (B,) to samples (B, *event); ``None`` gives
            the class to a default network as a one-hot vector.
        discriminator: A module from points (B, *event) and classes (B,) to numbers (B,) or (B, 1); ``None`` chooses the
            projection discriminator.
        options: The other arguments of `GAN`.

    Attributes:
        class_shares_: Shares of the classes by weight, shape (C,), float64, on the CPU.

    References:
        Mirza, Osindero, *Conditional generative adversarial nets*, 2014, https://arxiv.org/abs/1411.1784

        Miyato, Koyama, *cGANs with projection discriminator*, 2018, https://arxiv.org/abs/1802.05637
    """

    learns_labels: ClassVar[bool] = True
    class_shares_: Tensor
    choice_: ClassChoice

    def __init__(
        self,
        objective: Objective | None = None,
        *,
        num_classes: int | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        **options: Any,
    ) -> None:
        super().__init__(objective, generator=generator, discriminator=discriminator, **options)
        check_counts(num_classes=num_classes)
        self.num_classes = num_classes
        for technique in self.techniques:
            if technique.points_per_output > 1:
                raise UserError(
                    f"techniques: {technique!r} judges points together, which may be of different classes; leave it "
                    "out, or wrap a GAN with it as ClassConditional(partial(GAN, techniques=[...]))"
                )

    @keywords_only
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Trains on data of shape (N, *event) with `labels` of shape (N,), drawn by `weights` of shape (N,).

        Args:
            data: The points; training takes place on their device.
            weights: Non-negative; ``None`` means uniform.
            labels: Classes from 0, and −1 for points without one.

        Raises:
            ValueError: No labels, labels outside the range, all weight on points without one, and what `GAN` refuses.
            TrainingDiverged: As `GAN`.
        """
        classes = as_classes(labels, len(data), type(self).__name__).to(data.device)
        num_classes = check_num_classes(classes, self.num_classes)
        base = as_probabilities(weights, len(data), data, "weights").masked_fill(classes < 0, 0.0)
        self.class_shares_ = shares_by_weight(classes, base, num_classes)
        return self._fit(data, base / base.sum(), partial(self._train_classes, classes))

    def sample(
        self, num_samples: int, *, generator: torch.Generator | None = None, condition: int | Tensor | None = None
    ) -> Tensor:
        """Samples of shape (num_samples, *event), made block by block on the generator's device.

        Args:
            num_samples: 0 or more.
            generator: Source of randomness; ``None`` seeds a fresh one from the system.
            condition: The class of all samples; or, shape (num_samples,), that of each in turn; ``None`` draws the
                classes by their shares.

        Raises:
            ValueError: A class that is not there, or that the data had no weight on.
        """
        if condition is None or not hasattr(self, "generator_"):
            return super().sample(num_samples, generator=generator)
        classes = torch.from_numpy(as_indices(condition, num_samples, len(self.class_shares_), "condition"))
        absent = classes[self.class_shares_[classes] == 0]
        if absent.numel():
            known = ", ".join(map(str, self.class_shares_.nonzero()[:, 0].tolist()))
            raise UserError(
                f"condition: class {int(absent[0])} had no weight in the data that this component was fitted to; it "
                f"samples the classes {known}"
            )
        each = classes.to(self.choice_.edges.device).expand(num_samples)
        return self._sample(num_samples, generator, lambda latent, rows: self._decode(latent[:, :-1], each[rows]))

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Latent vectors, normal, and a uniform number that chooses the class, shape (num_samples, latent_dim + 1)."""
        source = generator if generator is not None else fresh_generator(self.scaling_.shift.device)
        normal = super().draw_latent(num_samples, generator=source)
        chance = torch.rand(num_samples, 1, generator=source, device=normal.device, dtype=normal.dtype)
        return torch.cat([normal, chance], dim=1)

    def forward(self, latent: Tensor) -> Tensor:
        return self._decode(latent[:, :-1], self.choice_(latent[:, -1]))

    def _decode(self, latent: Tensor, classes: Tensor) -> Tensor:
        samples: Tensor = self.scaling_(self.generator_(latent, classes), inverse=True)
        return samples

    def build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """See `LatentGenerator`; takes the number of classes from `class_shares_`."""
        super().build(event_shape, like)
        self.choice_ = ClassChoice(self.class_shares_).to(like)

    def make_generator(self, event_shape: tuple[int, ...]) -> nn.Module:
        """See `LatentGenerator`."""
        size, count, width = self._latent_dim(event_shape), len(self.class_shares_), self._width(event_shape)
        return self._generator_template.copy_or(ClassGenerator, size, count, event_shape, width)

    def _train_classes(self, labels: Tensor, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        batches.data = tagged(batches.data, labels)
        training = self._assembled(batches, event_shape)
        train_by_class(training, event_shape)
        average = self._trained(training, batches)
        assert isinstance(average, TaggedGenerator)
        return average.generator

    def _networks(self, event_shape: tuple[int, ...], together: int, like: Tensor) -> tuple[nn.Module, nn.Module]:
        count, width = len(self.class_shares_), self._width(event_shape)
        discriminator = self._discriminator_template.copy_or(ProjectionDiscriminator, event_shape, count, width)
        return TaggedGenerator(self.generator_), OneNumber(TaggedDiscriminator(discriminator.to(like), event_shape))

    def _judged(self, event_shape: tuple[int, ...], together: int) -> str:
        return super()._judged(event_shape, together) + " and classes of shape (B,)"

    def _check_generator(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        if self._generator_template.module is not None:
            latent = like.new_zeros(2, self._latent_dim(event_shape))
            takes = f"latent vectors of shape (B, latent_dim={self.latent_dim}) and classes of shape (B,)"
            inputs = (latent, torch.zeros(2, dtype=torch.int64, device=like.device))
            check_module("generator", self.generator_, inputs, takes, "events", event_shape)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the component again."""
        return {**super().config(), "num_classes": self.num_classes}

    def get_extra_state(self) -> Tensor:
        """The shares, which torch stores with the networks though they stay on the CPU."""
        return self.class_shares_ if hasattr(self, "class_shares_") else torch.empty(0)

    def set_extra_state(self, state: Tensor) -> None:
        """Undoes `get_extra_state`."""
        self.class_shares_ = state.double().cpu()

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; builds the networks for the stored classes and shape of events first."""
        self.set_extra_state(state_dict["_extra_state"])
        return super().load_state_dict(state_dict, strict, assign)
