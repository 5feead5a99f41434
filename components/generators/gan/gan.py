"""A generative adversarial network as a component."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import check_kind
from adagan.components.generators.gan.conditioning import CONDITIONINGS, Conditioning, Unconditioned
from adagan.components.generators.gan.objectives import NonSaturating, Objective
from adagan.components.generators.gan.penalties import Penalty, as_penalty
from adagan.components.generators.gan.schedule import Schedule
from adagan.components.generators.gan.techniques import Technique
from adagan.components.generators.gan.techniques.technique import checked_techniques
from adagan.components.generators.latent import LatentGenerator
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.generators.network_start import ADVERSARY
from adagan.components.networks.default_networks import LEARNING_RATE, STRIDED, UPSAMPLING, networks_named
from adagan.components.networks.given_network import GivenNetwork, OwnNetwork
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.trainer import train
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.numbers import check_counts, check_positive

# what stands under TYPE_CHECKING the command line imports when it reads the options, and Lightning would come with it
MYPY = False
if MYPY:
    from adagan.components.generators.gan.gan_training import GANTraining

KEPT = f"{ADVERSARY}."
"""Before the names of a kept discriminator's values among those that are stored."""


class GAN(LatentGenerator):
    """A GAN trained by Lightning on weighted data; after `fit` it holds the averaged generator, not the discriminator.

    Objective, conditioning, penalty, spectral normalisation, techniques and what concerns the optimisers are chosen
    independently of one another; a combination that makes no sense is refused by name before training starts.

    A network of one's own is given as an object or as a callable without arguments that makes one. Of an object every
    training takes a copy with fresh values, by the ``reset_parameters`` of its modules; frozen parameters keep theirs.
    Of a tuple that a network returns the first counts.

    Args:
        objective: The pair of losses; ``None`` means NonSaturating().
        conditioning: What is learnt beside the points: ``Classes()``, ``FewLabels()`` or ``Codes()``, each of which
            says what it adds to the GAN; ``None`` learns the points alone.
        generator: A module from latent vectors (B, latent_dim) to samples (B, *event); ``None`` chooses an MLP for
            vectors and images of 8 pixels, and strided convolutions for larger ones (1 to 4 channels, up to 64 pixels).
            It learns scaled data: standardised vectors, images in [−1, 1]; one that ends in a sigmoid, or of vectors in
            tanh, data that are scaled to what it can make.
        discriminator: A module from points (B, *event) to numbers (B,) or (B, 1); ``None`` chooses as above.
        latent_dim: Entries of a latent vector; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default networks; ``None`` means 128 for vectors, 64 channels for images.
        max_steps: Generator and discriminator steps.
        batch_size: Points per step; ``None`` means 256 for vectors, 32 for images, fewer where there are fewer rows.
        learning_rate: The generator's; ``None`` means 0.001, and 0.003 for the default networks for images.
        discriminator_learning_rate: The discriminator's; ``None`` means the generator's.
        betas: Of Adam.
        schedule: Makes a torch scheduler for an optimiser, such as ``partial(StepLR, step_size=1000)``, to be stepped
            once per minibatch; ``None`` lets the rates fall to zero along a cosine over `max_steps`.
        penalty: A penalty on the discriminator's slope; a number is the factor of the zero-centred one at data and at
            samples, 0 turns it off; ``None`` leaves the factor to the shape of the data.
        penalty_interval: It is applied at every so many steps, with a factor as much larger; ``None`` means the
            penalty's own `interval`, 4 for the zero-centred one and 1 for `GradientPenalty`.
        spectral_normalization: Whether the discriminator's layers are divided by their largest singular values.
        techniques: Such as ``[InstanceNoise(0.3), Packing(2)]``; see `adagan.components.generators.gan.techniques`.
        discriminator_steps: Discriminator steps per generator step.
        ema_decay: Of the generator's exponential average, the one that samples.
        keep_discriminator: Whether the discriminator's values are kept, and stored, beside the generator's, so that a
            warm start goes on with both: without them it has to learn anew what the generator is to be told.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        seed: Of initialisation and training; ``None`` takes the run's, or a fresh one outside of a run.

    Attributes:
        generator_: The averaged generator, in evaluation mode.
        scaling_: The scaling of the data, undone on sampling.
        training_notes_: What was wrong for long in the last training, one sentence each: cause, arguments, cure.
        facts_: Tensors that the conditioning has learnt, by name; they are attributes by these names too.

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, https://arxiv.org/abs/1406.2661
    """

    batch_sizes: ClassVar[tuple[int, int]] = (256, 32)

    training_notes_: tuple[str, ...]

    def __init__(
        self,
        objective: Objective | None = None,
        *,
        conditioning: Conditioning | None = None,
        generator: OwnNetwork | None = None,
        discriminator: OwnNetwork | None = None,
        latent_dim: int | None = None,
        width: int | None = None,
        max_steps: int = 4_000,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        discriminator_learning_rate: float | None = None,
        betas: tuple[float, float] = (0.0, 0.99),
        schedule: Schedule | None = None,
        penalty: float | Penalty | None = None,
        penalty_interval: int | None = None,
        spectral_normalization: bool = False,
        techniques: Sequence[Technique] = (),
        discriminator_steps: int = 1,
        ema_decay: float = 0.995,
        keep_discriminator: bool = False,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        rate = LEARNING_RATE if learning_rate is None else learning_rate
        super().__init__(latent_dim, width, max_steps, batch_size, rate, ema_decay, trainer_options, seed)
        check_counts(penalty_interval=penalty_interval, discriminator_steps=discriminator_steps)
        check_positive(discriminator_learning_rate=discriminator_learning_rate)
        check_kind("objective", objective, Objective, "NonSaturating()")
        check_kind("conditioning", conditioning, Conditioning, "Classes()")
        if schedule is not None and not callable(schedule):
            raise UserTypeError(
                f"schedule: expected a callable that makes a scheduler for an optimiser, got {schedule!r}"
            )
        self.objective = objective if objective is not None else NonSaturating()
        self.conditioning = conditioning if conditioning is not None else Unconditioned()
        self.given_generator = GivenNetwork("generator", generator)
        self.given_discriminator = GivenNetwork("discriminator", discriminator)
        self.rate_is_chosen, self.discriminator_learning_rate = learning_rate is not None, discriminator_learning_rate
        self.betas, self.schedule = betas, schedule
        self.penalty = as_penalty(penalty)
        self.penalty_interval = penalty_interval or (self.penalty.interval if self.penalty else 1)
        self.networks, self.spectral_normalization = STRIDED, spectral_normalization
        self.techniques = checked_techniques(techniques)
        self.points_together = math.prod(technique.points_per_output for technique in self.techniques)
        self.discriminator_steps, self.keep_discriminator = discriminator_steps, keep_discriminator
        self.learns_labels, self.further_entries = self.conditioning.learns_labels, self.conditioning.num_entries
        self.facts_: dict[str, Tensor] = {}
        self._discriminator: dict[str, Tensor] = {}
        if self.given_generator.is_own and latent_dim is None:
            raise UserError("latent_dim: expected the entries of a latent vector beside generator=, got None")
        if self.objective.needs_bounded_slope and self.penalty is None and not spectral_normalization:
            raise UserError(
                f"penalty: the loss of {self.objective!r} has no minimum unless the discriminator's slope is bounded; "
                "pass penalty=GradientPenalty(), a number above 0, or spectral_normalization=True"
            )
        self.conditioning.check(self)

    def __getattr__(self, name: str) -> Any:
        """What the conditioning has learnt and offers, beside what every module has."""
        own = self.__dict__
        if name in own.get("facts_", ()):
            return own["facts_"][name]
        if "conditioning" in own and name in own["conditioning"].offers:
            return partial(getattr(own["conditioning"], name), self)
        return super().__getattr__(name)

    def read_labels(
        self, data: Tensor, weights: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """See `LatentGenerator`."""
        self.facts_ = {}
        if not self.learns_labels:
            return super().read_labels(data, weights, labels)
        return self.conditioning.read_labels(self, data, weights, labels)

    def sample(
        self,
        num_samples: int,
        *,
        generator: torch.Generator | None = None,
        condition: int | Tensor | None = None,
        codes: Tensor | None = None,
    ) -> Tensor:
        """Samples of shape (num_samples, *event), made block by block on the generator's device.

        Args:
            num_samples: 0 or more.
            generator: Source of randomness; ``None`` seeds a fresh one from the system. What `condition` or `codes` do
                not decide is the same for every choice of them.
            condition: For `Classes`: the class of all samples; or, shape (num_samples,), that of each in turn; ``None``
                draws the classes by their shares.
            codes: For `Codes`: the codes of all samples, shape (K,), or those of each in turn, (num_samples, K): the
                values of the categorical ones, from 0, then the continuous ones. NaN stands for a code that is to be
                drawn; ``None`` draws all.

        Raises:
            ValueError: A class that is not there, or that the data had no weight on; a wrong number of codes, or a
                value that a categorical code does not have.
            TypeError: This GAN's conditioning knows nothing of that.
        """
        self.check_fitted()
        wanted = {name: value for name, value in (("condition", condition), ("codes", codes)) if value is not None}
        for name in wanted:
            if name != self.conditioning.option:
                raise UserTypeError(
                    f"{name}: samples of one kind are not for a GAN with conditioning={self.conditioning!r} to choose; "
                    f"leave {name} out, or fit GAN(conditioning={'Classes' if name == 'condition' else 'Codes'}())"
                )
        change = None
        for value in wanted.values():
            change = self.conditioning.wishing(self, value, num_samples)
        return self._sample(num_samples, generator, change)

    def complete(self, normal: Tensor, source: torch.Generator) -> Tensor:
        """See `LatentGenerator`."""
        return self.conditioning.complete(normal, source)

    def num_normal(self, plan: NetworkPlan) -> int:
        """See `LatentGenerator`."""
        return plan.latent_dim - self.further_entries

    def make_networks(self, plan: NetworkPlan) -> Mapping[str, nn.Module]:
        """See `LatentGenerator`."""
        return self.conditioning.make_networks(self, plan)

    def own_output(self, latent: Tensor) -> tuple[nn.Module, Tensor] | None:
        """See `LatentGenerator`."""
        return (self.generator_, latent) if self.given_generator.is_own else None

    def train_networks(self, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None) -> nn.Module:
        """See `LatentGenerator`."""
        return self.conditioning.train(self, plan, batches, labels)

    def learning_rates(self, plan: NetworkPlan) -> tuple[float, float]:
        """The generator's and the discriminator's."""
        is_left_open = not (self.rate_is_chosen or self.given_generator.is_own or self.given_discriminator.is_own)
        rate = self.networks.learning_rate(plan.event_shape) if is_left_open else self.learning_rate
        return rate, self.discriminator_learning_rate or rate

    def warm_start(self, previous: Self) -> Self:
        """See `LatentGenerator`; the default networks are those of `previous`, whichever version made them."""
        super().warm_start(previous)
        self.networks = previous.networks
        return self

    def kept(self) -> Mapping[str, Mapping[str, Tensor]]:
        """See `LatentGenerator`."""
        return {ADVERSARY: self._discriminator} if self._discriminator else {}

    def run(self, training: GANTraining, batches: WeightedBatches) -> nn.Module:
        """Runs a training and returns the average of its generator."""
        from adagan.components.generators.gan.diagnosis import Diagnosis

        diagnosis = Diagnosis()
        train(training, batches.loader(), "generator", batches.data.device, self.trainer_options, callbacks=[diagnosis])
        self.training_notes_ = diagnosis.notes()
        final = training.discriminator.state_dict() if self.keep_discriminator else {}
        self._discriminator = {name: value.clone() for name, value in final.items()}
        average: nn.Module = training.average.module
        return average

    def assemble(
        self, plan: NetworkPlan, batches: WeightedBatches, generator: nn.Module, discriminator: nn.Module
    ) -> GANTraining:
        """The training with all that was chosen; see `assembled`."""
        from adagan.components.generators.gan.assembly import assembled

        return assembled(self, plan, batches, generator, discriminator, self._start)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the component again."""
        # a conditioning of the user's own comes back as their networks do, from their callable
        own = type(self.conditioning) not in (Unconditioned, *CONDITIONINGS)
        own = own or any(network.is_own for network in self.conditioning.stored_networks(self))
        sizes = {"latent_dim": self.latent_dim, "width": self.width}
        config = {**sizes, "networks": self.networks.name, "own_generator": own}
        if isinstance(self.conditioning, Unconditioned):
            return config
        return {**config, "conditioning": {"kind": type(self.conditioning).__name__, **self.conditioning.config()}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Self:
        """See `LatentGenerator`."""
        known = dict(config)
        networks = networks_named(known.pop("networks", UPSAMPLING.name))
        conditioning = dict(known.pop("conditioning", {}))
        if conditioning and not config["own_generator"]:
            kinds = {kind.__name__: kind for kind in CONDITIONINGS}
            known["conditioning"] = kinds[conditioning.pop("kind")](**conditioning)
        made = super().from_config(known, components)
        made.networks = networks
        return made

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination.update({f"{prefix}{name}": value for name, value in self.facts_.items()})
        destination.update({f"{prefix}{KEPT}{name}": value for name, value in self._discriminator.items()})

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; a kept discriminator comes as values only, its form is that of the next training's."""
        state = self.conditioning.renamed(state_dict)
        self._discriminator = {name[len(KEPT) :]: state.pop(name) for name in list(state) if name.startswith(KEPT)}
        self.facts_ = {name: state.pop(name).cpu() for name in self.conditioning.facts}
        return super().load_state_dict(state, strict, assign)
