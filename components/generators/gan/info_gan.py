"""A GAN some of whose latent entries come to mean something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from adagan.components.checks import check_module, check_non_negative
from adagan.components.generators.gan.class_networks import default_classifier
from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.judged_batches import GeneratedBatch
from adagan.components.generators.gan.latent_codes import LatentCodes
from adagan.components.generators.gan.objectives import Objective
from adagan.components.generators.latent import BLOCK, Template
from adagan.components.training.batches import WeightedBatches
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import fresh_generator

NOTED = 0.25
"""Categorical codes that share less than this part of their entropy with the samples are noted."""


class InfoGAN(GAN):
    """A GAN that keeps codes in its latent vector recognisable from its samples, by which they come to mean something.

    A recogniser learns to tell the codes from the samples, and the generator to let it: both maximise a lower bound of
    the mutual information of codes and samples. Categorical codes tend to the data's clusters, continuous ones to their
    ways of varying, without labels. Codes of different components of a mixture are not related to each other, so that
    they are set on a component, not on a mixture.

    >>> from adagan.components import InfoGAN
    >>> data = torch.arange(18.0).reshape(9, 2)
    >>> component = InfoGAN(categorical=3, continuous=1, max_steps=5, batch_size=4, seed=0).fit(data)
    >>> component.sample(4, codes=torch.tensor([2.0, -0.5])).shape  # value 2 of the first code, −.5 of the second
    torch.Size([4, 2])
    >>> component.recognise(torch.zeros(5, 2)).shape
    torch.Size([5, 2])

    Args:
        objective: The pair of losses; ``None`` means NonSaturating().
        categorical: Values of the categorical code; a sequence for several codes, ``()`` for none.
        continuous: Number of continuous codes, in [−1, 1].
        categorical_factor: Of the categorical codes' bound in the generator's and the recogniser's loss.
        continuous_factor: Of the continuous codes' bound.
        recogniser: A module from points (B, *event) to the codes' `LatentCodes.num_outputs`: logits of the values of
            the categorical codes, then means, then log variances of the continuous ones; ``None`` chooses an MLP for
            vectors and a small convolutional network for images.
        latent_dim: Entries of a latent vector, of which the codes take one per value of a categorical code and one per
            continuous code; ``None`` leaves 8 beside the codes for vectors of up to 8 entries, else 32.
        options: The other arguments of `GAN`.

    Attributes:
        codes: How the codes lie in a latent vector.
        recogniser_: The trained recogniser's average, in evaluation mode.
        information_: The bound of each code's mutual information with the samples after training, in nats, shape
            (K,), float64; the entropies, which it cannot exceed for categorical codes, are ``codes.entropies``.

    References:
        Chen et al., *InfoGAN: Interpretable representation learning by information maximizing generative adversarial
        nets*, 2016, https://arxiv.org/abs/1606.03657
    """

    recogniser_: nn.Module
    information_: Tensor

    recognises: ClassVar[bool] = True

    def __init__(
        self,
        objective: Objective | None = None,
        *,
        categorical: int | Sequence[int] = 10,
        continuous: int = 0,
        categorical_factor: float = 1.0,
        continuous_factor: float = 0.1,
        recogniser: nn.Module | None = None,
        latent_dim: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(objective, latent_dim=latent_dim, **options)
        self.codes = _checked_codes(categorical, continuous)
        check_non_negative(categorical_factor=categorical_factor, continuous_factor=continuous_factor)
        self.categorical_factor, self.continuous_factor = categorical_factor, continuous_factor
        self._recogniser_template = Template(recogniser)
        if latent_dim is not None and latent_dim <= self.codes.size:
            raise UserError(
                f"latent_dim: categorical={self.codes.categorical} and continuous={continuous} take {self.codes.size} "
                "entries of a latent vector, and one at least must be left for the rest; expected "
                f"{self.codes.size + 1} or more, got {latent_dim}"
            )

    def sample(
        self, num_samples: int, *, generator: torch.Generator | None = None, codes: Tensor | None = None
    ) -> Tensor:
        """Samples of shape (num_samples, *event), made block by block on the generator's device.

        Args:
            num_samples: 0 or more.
            generator: Source of randomness; ``None`` seeds a fresh one from the system. What the codes do not decide is
                the same for every choice of codes.
            codes: The codes of all samples, shape (K,), or those of each in turn, (num_samples, K): the values of the
                categorical ones, from 0, then the continuous ones. NaN stands for a code that is to be drawn; ``None``
                draws all.

        Raises:
            ValueError: A wrong number of codes, or a value that a categorical code does not have.
        """
        if codes is None or not hasattr(self, "generator_"):
            return super().sample(num_samples, generator=generator)
        wanted = self._checked(codes, num_samples).to(self.scaling_.shift)

        def decode(latent: Tensor, rows: slice) -> Tensor:
            entries, noise = latent[:, : self.codes.size], latent[:, self.codes.size :]
            drawn, own = self.codes.decode(entries), wanted[rows]
            return self.forward(torch.cat([self.codes.encode(torch.where(own.isnan(), drawn, own)), noise], dim=1))

        return self._sample(num_samples, generator, decode)

    @torch.no_grad()
    def recognise(self, x: Tensor) -> Tensor:
        """The likeliest codes of points of shape (N, *event), shape (N, K), as `sample` takes them."""
        if not hasattr(self, "generator_"):
            raise RuntimeError(f"this {type(self).__name__} is not fitted yet; call fit(data) first")
        size = self.codes.size
        outputs = (
            self.recogniser_(self.scaling_(block)).reshape(len(block), self.codes.num_outputs)
            for block in torch.split(x, BLOCK)
        )
        return torch.cat([self.codes.decode(block[:, :size]) for block in outputs])

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Latent vectors, the codes first, shape (num_samples, latent_dim)."""
        like = self.scaling_.shift
        source = generator if generator is not None else fresh_generator(like.device)
        return self._latent(num_samples, like, self._latent_dim(self._event_shape), source)

    def _latent(self, count: int, like: Tensor, latent_dim: int, source: torch.Generator | None = None) -> Tensor:
        size = latent_dim - self.codes.size
        noise = torch.randn(count, size, generator=source, device=like.device, dtype=like.dtype)
        return torch.cat([self.codes.encode(self.codes.draw(count, like, source)), noise], dim=1)

    def _latent_dim(self, event_shape: Sequence[int]) -> int:
        return self.latent_dim or super()._latent_dim(event_shape) + self.codes.size

    def build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """See `LatentGenerator`; makes the recogniser too."""
        super().build(event_shape, like)
        outputs, width = self.codes.num_outputs, self._width(event_shape)
        self.recogniser_ = self._recogniser_template.copy_or(default_classifier, event_shape, outputs, width).to(like)
        self.register_buffer("information_", torch.zeros(self.codes.count, dtype=torch.float64, device=like.device))

    def train_generator(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        """See `LatentGenerator`."""
        training = self._assembled(batches, event_shape)
        split = len(self.codes.categorical)

        def uninformed(batch: GeneratedBatch) -> Tensor:
            information = self._information(training.generator, batch.fake, batch.latent)
            training.log("information", information.detach().sum())
            categorical, continuous = information[:split].sum(), information[split:].sum()
            return -self.categorical_factor * categorical - self.continuous_factor * continuous

        training.draw_latent = lambda count, real: self._latent(count, real, training.latent_dim)
        training.generator_terms.append(uninformed)
        average = self._trained(training, batches)
        assert isinstance(average, _Recognised)
        self.recogniser_ = average.recogniser.requires_grad_(False)
        self._record(average.eval(), batches.data, training.latent_dim)
        return average.generator

    @torch.no_grad()
    def _record(self, average: nn.Module, like: Tensor, latent_dim: int) -> None:
        latent = self._latent(BLOCK, like, latent_dim)
        self.information_.copy_(self._information(average, average(latent), latent))
        split = len(self.codes.categorical)
        shared, whole = float(self.information_[:split].sum()), float(self.codes.entropies[:split].sum())
        if split and shared < NOTED * whole:
            self.training_notes_ += (
                f"the samples tell {max(shared, 0):.2f} of the {whole:.2f} nats of the categorical codes; raise "
                "categorical_factor or max_steps, or lower categorical",
            )

    def _information(self, networks: nn.Module, points: Tensor, latent: Tensor) -> Tensor:
        assert isinstance(networks, _Recognised)
        outputs = networks.recogniser(points).reshape(len(points), -1)
        return self.codes.information(outputs, latent[:, : self.codes.size])

    def _networks(self, event_shape: tuple[int, ...], together: int, like: Tensor) -> tuple[nn.Module, nn.Module]:
        if self._recogniser_template.module is not None:
            shape = (self.codes.num_outputs,)
            takes = f"points of shape ({', '.join(map(str, ('B', *event_shape)))})"
            check_module("recogniser", self.recogniser_, (like[:2],), takes, "logits, means and log variances", shape)
        generator, discriminator = super()._networks(event_shape, together, like)
        return _Recognised(generator, self.recogniser_), discriminator

    def _checked(self, codes: Tensor, num_samples: int) -> Tensor:
        given, count = torch.as_tensor(codes), self.codes.count
        if given.is_complex() or given.shape not in ((count,), (num_samples, count)):
            raise UserError(
                f"codes: expected {count} numbers, shape ({count},), or ({num_samples}, {count}) for those of each "
                f"sample; got shape {tuple(given.shape)} of {given.dtype}"
            )
        for index, values in enumerate(self.codes.categorical):
            column = given[..., index].reshape(-1)
            wrong = column[~((column >= 0) & (column < values) & (column == column.floor()) | column.isnan())]
            if wrong.numel():
                raise UserError(
                    f"codes: code {index} has the values 0 to {values - 1} (or NaN, to be drawn), got "
                    f"{float(wrong[0]):g}"
                )
        if bool(given.isinf().any()):
            raise UserError("codes: expected finite numbers, or NaN for codes that are to be drawn")
        return given.expand(num_samples, count)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the component again."""
        config = super().config()
        own = config["own_generator"] or self._recogniser_template.module is not None
        codes = {"categorical": list(self.codes.categorical), "continuous": self.codes.continuous}
        return {**config, "own_generator": own, **codes}


class _Recognised(nn.Module):
    """A generator with the recogniser that is trained, and averaged, along with it."""

    def __init__(self, generator: nn.Module, recogniser: nn.Module) -> None:
        super().__init__()
        self.generator, self.recogniser = generator, recogniser

    def forward(self, latent: Tensor) -> Tensor:
        samples: Tensor = self.generator(latent)
        return samples


def _checked_codes(categorical: int | Sequence[int], continuous: int) -> LatentCodes:
    values = (categorical,) if isinstance(categorical, int) else tuple(categorical)
    for number in values:
        if number < 2:
            raise UserError(f"categorical: expected 2 or more values of a code, got {number}; pass () for none")
    if continuous < 0:
        raise UserError(f"continuous: expected 0 or more codes, got {continuous}")
    if not values and not continuous:
        raise UserError("categorical, continuous: there is no code at all; use GAN, or ask for one")
    return LatentCodes(values, continuous)
