"""A generative adversarial network as a component."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import check_counts, check_decays, check_is_module, check_positive
from adagan.components.generators.gan.diagnosis import Diagnosis
from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.generators.gan.objectives import NonSaturating, Objective
from adagan.components.generators.gan.penalties import Penalty, as_penalty
from adagan.components.generators.gan.schedule import Schedule
from adagan.components.generators.gan.spectral import normalize_spectrally
from adagan.components.generators.gan.techniques import Technique
from adagan.components.generators.latent import LatentGenerator, Template
from adagan.components.networks.defaults import default_discriminator
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.trainer import train
from adagan.mixtures.errors import UserError, UserTypeError

KEPT = "discriminator."
"""Before the names of a kept discriminator's values among those that are stored."""


class GAN(LatentGenerator):
    """A GAN trained by Lightning on weighted data; after `fit` it holds the averaged generator only.

    Objective, penalty, spectral normalisation, techniques and what concerns the optimisers are chosen independently of
    one another; a combination that makes no sense is refused by name before training starts.

    Args:
        objective: The pair of losses; ``None`` means NonSaturating().
        generator: A module from latent vectors (B, latent_dim) to samples (B, *event); ``None`` chooses an MLP for
            vectors and a small convolutional network for images (1 to 4 channels, 8 to 64 pixels). It learns scaled
            data: standardised vectors, images in [−1, 1].
        discriminator: A module from points (B, *event) to numbers (B,) or (B, 1); ``None`` chooses as above.
        latent_dim: Entries of a latent vector; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default networks; ``None`` means 128 for vectors, 64 channels for images.
        max_steps: Generator and discriminator steps.
        batch_size: Points per step; ``None`` means 256 for vectors, 64 for images, fewer where there are fewer rows.
        learning_rate: The generator's.
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
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision, strategy.
        seed: Of initialisation and training; ``None`` takes torch's last manual seed.

    Attributes:
        generator_: The averaged generator, in evaluation mode.
        scaling_: The scaling of the data, undone on sampling.
        training_notes_: What was wrong for long in the last training, one sentence each: cause, arguments, cure.

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, https://arxiv.org/abs/1406.2661
    """

    recognises: ClassVar[bool] = False
    """Whether training also recognises classes or codes."""

    training_notes_: tuple[str, ...]

    def __init__(
        self,
        objective: Objective | None = None,
        *,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        latent_dim: int | None = None,
        width: int | None = None,
        max_steps: int = 4_000,
        batch_size: int | None = None,
        learning_rate: float = 1e-3,
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
        super().__init__(
            generator, latent_dim=latent_dim, width=width, max_steps=max_steps, batch_size=batch_size, seed=seed
        )
        check_is_module("discriminator", discriminator)
        check_counts(penalty_interval=penalty_interval, discriminator_steps=discriminator_steps)
        check_positive(learning_rate=learning_rate, discriminator_learning_rate=discriminator_learning_rate)
        check_decays(ema_decay=ema_decay)
        if schedule is not None and not callable(schedule):
            raise UserTypeError(
                f"schedule: expected a callable that makes a scheduler for an optimiser, got {schedule!r}"
            )
        self.objective = _checked_objective(objective if objective is not None else NonSaturating())
        self._discriminator_template = Template(discriminator)
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.betas, self.schedule = betas, schedule
        self.penalty = as_penalty(penalty)
        self.penalty_interval = penalty_interval or (self.penalty.interval if self.penalty else 1)
        self.spectral_normalization = spectral_normalization
        self.techniques = _checked_techniques(techniques)
        self.discriminator_steps, self.ema_decay = discriminator_steps, ema_decay
        self.keep_discriminator = keep_discriminator
        self._kept: dict[str, Tensor] = {}
        self._opponent: dict[str, Tensor] = {}
        self.trainer_options = dict(trainer_options or {})
        if self.objective.needs_bounded_slope and self.penalty is None and not spectral_normalization:
            raise UserError(
                f"penalty: the loss of {self.objective!r} has no minimum unless the discriminator's slope is bounded; "
                "pass penalty=GradientPenalty(), a number above 0, or spectral_normalization=True"
            )

    def warm_start(self, previous: Self) -> Self:
        """See `LatentGenerator`; a discriminator that `previous` has kept goes on too, without a head start."""
        super().warm_start(previous)
        self._opponent = previous._kept
        return self

    @property
    def head_start(self) -> int:
        """See `LatentGenerator`."""
        return 0 if self._opponent else super().head_start

    def train_generator(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        """See `LatentGenerator`."""
        return self._trained(self._assembled(batches, event_shape), batches)

    def _trained(self, training: GANTraining, batches: WeightedBatches) -> nn.Module:
        """Runs a training and returns the average of its generator."""
        diagnosis = Diagnosis()
        device, options = batches.data.device, self.trainer_options
        train(training, batches.loader(), "generator", device, options, callbacks=[diagnosis])
        self.training_notes_ = diagnosis.notes()
        final = training.discriminator.state_dict() if self.keep_discriminator else {}
        self._kept = {name: value.clone() for name, value in final.items()}
        average: nn.Module = training.average.module
        return average

    def _assembled(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> GANTraining:
        """The training with all that was chosen; `batches` gives as many points as the objective's share of data says.

        Raises:
            ValueError: A combination that makes no sense, or modules that do not fit.
        """
        batch_size, together = batches.batch_size, math.prod(t.points_per_output for t in self.techniques)
        if batch_size % together:
            raise UserError(
                f"batch_size: the discriminator judges {together} points together (techniques={self.techniques}); "
                f"expected a multiple of {together}, got {batch_size}"
            )
        groups = 2 * batch_size // together
        batches.batch_size = together * min(max(round(self.objective.data_share * groups), 1), groups - 1)
        training = GANTraining(
            *self._networks(event_shape, together, batches.data),
            self.objective,
            latent_dim=self._latent_dim(event_shape),
            num_steps=self.max_steps,
            num_samples=(2 * batch_size - batches.batch_size, batch_size),
            learning_rates=(self.learning_rate, self.discriminator_learning_rate or self.learning_rate),
            betas=self.betas,
            schedule=self.schedule,
            penalty=self.penalty.suited(event_shape, recognises=self.recognises) if self.penalty else None,
            penalty_interval=self.penalty_interval,
            discriminator_steps=self.discriminator_steps,
            ema_decay=self.ema_decay,
            head_start=self.head_start,
        )
        for technique in self.techniques:
            technique.install(training)
        if self.spectral_normalization:
            normalize_spectrally(training.discriminator)
        if training.penalty is not None:
            training.penalty.check(training.discriminator)
        self._check_discriminator(training, batches.data, 2 * batch_size, self._judged(event_shape, together))
        if self._opponent:
            try:
                training.discriminator.load_state_dict(self._opponent)
            except RuntimeError as error:
                raise UserError(
                    "previous: a warm start needs a discriminator of the same form; make both components alike: "
                    f"{error}"
                ) from error
            self._opponent = {}
        return training

    def _networks(self, event_shape: tuple[int, ...], together: int, like: Tensor) -> tuple[nn.Module, nn.Module]:
        """What is trained: the generator, and a discriminator with one number, shape (B,), per `together` points."""
        width = self._width(event_shape)
        discriminator = self._discriminator_template.copy_or(default_discriminator, event_shape, width, together)
        return self.generator_, OneNumber(discriminator.to(like))

    def _judged(self, event_shape: tuple[int, ...], together: int) -> str:
        """What the discriminator is given, in words."""
        shape = ", ".join(["B", *map(str, (together * event_shape[0], *event_shape[1:]))])
        packed = f", packed by {self.techniques}" if together > 1 else ""
        return f"points of shape ({shape}){packed}"

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination.update({f"{prefix}{KEPT}{name}": value for name, value in self._kept.items()})

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; a kept discriminator comes as values only, its form is that of the next training's."""
        self._kept = {name.removeprefix(KEPT): value for name, value in state_dict.items() if name.startswith(KEPT)}
        own = {name: value for name, value in state_dict.items() if not name.startswith(KEPT)}
        return super().load_state_dict(own, strict, assign)

    @torch.no_grad()
    def _check_discriminator(self, training: GANTraining, like: Tensor, count: int, takes: str) -> None:
        """Makes sure that a module of the user's own takes the points that it is to judge, before training starts."""
        if self._discriminator_template.module is None:
            return
        try:
            copy.deepcopy(training.discriminator).eval()(like.new_zeros(count, *like.shape[1:]))
        except (RuntimeError, TypeError) as error:
            raise UserError(f"discriminator: it does not take {takes}: {error}") from error


def _checked_objective(objective: Objective) -> Objective:
    if not isinstance(objective, Objective):
        raise UserTypeError(f"objective: expected an Objective object such as NonSaturating(), got {objective!r}")
    return objective


def _checked_techniques(techniques: Sequence[Technique]) -> tuple[Technique, ...]:
    if isinstance(techniques, Technique):
        raise UserTypeError(f"techniques: expected a list, got {techniques!r} alone; write [{techniques!r}]")
    for technique in techniques:
        if not isinstance(technique, Technique):
            raise UserTypeError(f"techniques: expected objects such as InstanceNoise(), got {technique!r}")
    kinds = [type(technique).__name__ for technique in techniques]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise UserError(f"techniques: {kind} is given {kinds.count(kind)} times; once is enough")
    return tuple(techniques)


class OneNumber(nn.Module):
    """A discriminator whose outputs (B, 1) are read as (B,)."""

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, points: Tensor) -> Tensor:
        output: Tensor = self.discriminator(points)
        if output.shape not in ((len(points),), (len(points), 1)):
            raise UserError(
                f"discriminator: expected one number per point, shape ({len(points)},) or ({len(points)}, 1), "
                f"got shape {tuple(output.shape)}"
            )
        return output.reshape(len(points))
