"""Codes: latent entries of a GAN that come to mean something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from adagan.components.generators.gan.conditioning.conditioning import (
    ConditionedGAN,
    Conditioning,
    plain_discriminator,
    plain_generator,
)
from adagan.components.generators.gan.conditioning.latent_codes import LatentCodes
from adagan.components.generators.gan.judged_batches import GeneratedBatch
from adagan.components.generators.latent import BLOCK
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.networks.given_network import GivenNetwork, OwnNetwork, Trial
from adagan.components.training.batches import WeightedBatches
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_non_negative

INFORMATION, RECOGNISER = "information_", "recogniser_"
NOTED = 0.25
"""Categorical codes that share less than this part of their entropy with the samples are noted."""


class Codes(Conditioning):
    """Codes in the latent vector are kept recognisable from the samples, by which they come to mean something.

    A recogniser learns to tell the codes from the samples, and the generator to let it: both maximise a lower bound of
    the mutual information of codes and samples. Categorical codes tend to the data's clusters, continuous ones to their
    ways of varying, without labels. Codes of different components of a mixture are not related to each other, so that
    they are set on a component, not on a mixture.

    A GAN's ``latent_dim`` counts the codes' entries, one per value of a categorical code and one per continuous code;
    ``None`` leaves 8 beside the codes for vectors of up to 8 entries, else 32.

    >>> from adagan.components import GAN, Codes
    >>> data = torch.arange(18.0).reshape(9, 2)
    >>> gan = GAN(conditioning=Codes(categorical=3, continuous=1), max_steps=5, batch_size=4, seed=0).fit(data)
    >>> gan.sample(4, codes=torch.tensor([2.0, -0.5])).shape  # value 2 of the first code, −.5 of the second
    torch.Size([4, 2])
    >>> gan.recognise(torch.zeros(5, 2)).shape
    torch.Size([5, 2])

    Args:
        categorical: Values of the categorical code; a sequence for several codes, ``()`` for none.
        continuous: Number of continuous codes, in [−1, 1].
        categorical_factor: Of the categorical codes' bound in the generator's and the recogniser's loss.
        continuous_factor: Of the continuous codes' bound.
        recogniser: A module from points (B, *event) to the codes' `LatentCodes.num_outputs`: logits of the values of
            the categorical codes, then means, then log variances of the continuous ones; or a callable that makes one;
            ``None`` chooses an MLP for vectors and a small convolutional network for images.

    Attributes:
        codes: How the codes lie in a latent vector.

    The fitted GAN has ``recogniser_``, the trained recogniser's average, in evaluation mode; ``recognise``; and
    ``information_``, the bound of each code's mutual information with the samples after training, in nats, shape (K,),
    float64; the entropies, which it cannot exceed for categorical codes, are ``codes.entropies``.

    References:
        Chen et al., *InfoGAN: Interpretable representation learning by information maximizing generative adversarial
        nets*, 2016, https://arxiv.org/abs/1606.03657
    """

    recognises: ClassVar[bool] = True
    facts: ClassVar[tuple[str, ...]] = (INFORMATION,)
    offers: ClassVar[tuple[str, ...]] = ("recognise",)
    option: ClassVar[str] = "codes"

    def __init__(
        self,
        categorical: int | Sequence[int] = 10,
        continuous: int = 0,
        *,
        categorical_factor: float = 1.0,
        continuous_factor: float = 0.1,
        recogniser: OwnNetwork | None = None,
    ) -> None:
        self.codes = _checked_codes(categorical, continuous)
        self.num_entries = self.codes.size
        check_non_negative(categorical_factor=categorical_factor, continuous_factor=continuous_factor)
        self.categorical_factor, self.continuous_factor = categorical_factor, continuous_factor
        self.recogniser = GivenNetwork("recogniser", recogniser)

    def config(self) -> dict[str, Any]:
        return {
            "categorical": list(self.codes.categorical),
            "continuous": self.codes.continuous,
            "categorical_factor": self.categorical_factor,
            "continuous_factor": self.continuous_factor,
        }

    def stored_networks(self, gan: ConditionedGAN) -> tuple[GivenNetwork, ...]:
        return gan.given_generator, self.recogniser

    def check(self, gan: ConditionedGAN) -> None:
        if gan.latent_dim is not None and gan.latent_dim <= self.codes.size:
            raise UserError(
                f"latent_dim: categorical={self.codes.categorical} and continuous={self.codes.continuous} take "
                f"{self.codes.size} entries of a latent vector, and one at least must be left for the rest; expected "
                f"{self.codes.size + 1} or more, got {gan.latent_dim}"
            )

    def make_networks(self, gan: ConditionedGAN, plan: NetworkPlan) -> dict[str, nn.Module]:
        outputs = self.codes.num_outputs
        recogniser = self.recogniser.make(
            lambda: gan.networks.classifier(plan.event_shape, outputs, plan.width),
            Trial((plan.points(),), plan.takes(), "logits, means and log variances", (outputs,)),
        )
        return {"generator_": plain_generator(gan, plan), RECOGNISER: recogniser}

    def train(
        self, gan: ConditionedGAN, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None
    ) -> nn.Module:
        generator = Recognised(gan.generator_, gan.get_submodule(RECOGNISER))
        training = gan.assemble(plan, batches, generator, plain_discriminator(gan, plan))
        split = len(self.codes.categorical)

        def uninformed(batch: GeneratedBatch) -> Tensor:
            information = self._information(generator, batch.fake, batch.latent)
            training.losses["information"] = information.detach().sum()
            categorical, continuous = information[:split].sum(), information[split:].sum()
            return -self.categorical_factor * categorical - self.continuous_factor * continuous

        training.generator_terms.append(uninformed)
        average = cast(Recognised, gan.run(training, batches)).eval()
        setattr(gan, RECOGNISER, average.recogniser.requires_grad_(False))
        with torch.no_grad():
            latent = training.draw_latent(BLOCK, batches.data)
            gan.facts_[INFORMATION] = self._information(average, average(latent), latent).double().cpu()
        self._note(gan)
        return average.generator

    def _note(self, gan: ConditionedGAN) -> None:
        split = len(self.codes.categorical)
        shared = float(gan.facts_[INFORMATION][:split].sum())
        whole = float(self.codes.entropies[:split].sum())
        if split and shared < NOTED * whole:
            gan.training_notes_ += (
                f"the samples tell {max(shared, 0):.2f} of the {whole:.2f} nats of the categorical codes; raise "
                "categorical_factor or max_steps, or lower categorical",
            )

    def _information(self, networks: Recognised, points: Tensor, latent: Tensor) -> Tensor:
        outputs = networks.recogniser(points).reshape(len(points), -1)
        return self.codes.information(outputs, latent[:, : self.codes.size])

    def complete(self, normal: Tensor, source: torch.Generator | None) -> Tensor:
        """With codes at random before them."""
        return torch.cat([self.codes.encode(self.codes.draw(len(normal), normal, source)), normal], dim=1)

    def wishing(self, gan: ConditionedGAN, wanted: Any, num_samples: int) -> Callable[[Tensor, slice], Tensor]:
        """Latent vectors with codes of one's choice, shape (K,), or (num_samples, K); NaN is for those to be drawn."""
        each, size = self._checked(torch.as_tensor(wanted), num_samples), self.codes.size

        def with_codes(latent: Tensor, rows: slice) -> Tensor:
            drawn, own = self.codes.decode(latent[:, :size]), each[rows].to(latent)
            return torch.cat([self.codes.encode(torch.where(own.isnan(), drawn, own)), latent[:, size:]], dim=1)

        return with_codes

    @torch.no_grad()
    def recognise(self, gan: ConditionedGAN, x: Tensor) -> Tensor:
        """The likeliest codes of points of shape (N, *event), shape (N, K), as `sample` takes them."""
        gan.check_fitted()
        recogniser, outputs = gan.get_submodule(RECOGNISER), self.codes.num_outputs
        found = [recogniser(gan.scaling_(block)).reshape(len(block), outputs) for block in torch.split(x, BLOCK)]
        return self.codes.decode(torch.cat(found)[:, : self.codes.size])

    def _checked(self, given: Tensor, num_samples: int) -> Tensor:
        count = self.codes.count
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


class Recognised(nn.Module):
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
        raise UserError("categorical, continuous: there is no code at all; leave the conditioning out, or ask for one")
    return LatentCodes(values, continuous)
