"""How a generator and its discriminator train each other: one Lightning module for every objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from adagan.components.generators.gan.judged_batches import GeneratedBatch, Judge, JudgedBatch
from adagan.components.generators.gan.objectives import Objective
from adagan.components.generators.gan.penalties import Penalty
from adagan.components.generators.gan.schedule import Schedule, cosine
from adagan.components.training.logged_losses import log_losses
from adagan.components.training.precision import check_average, may_be_fused
from adagan.components.training.progress import step_of
from adagan.components.training.ranks.shares import own_rows

Batch = TypeVar("Batch", JudgedBatch, GeneratedBatch)


class GANTraining(LightningModule):
    """Alternating steps: the discriminator's, then the generator's, with an exponential average of the generator.

    Techniques (`adagan.components.generators.gan.techniques`) hook themselves in: they wrap `discriminator`, change the
    points that it sees (`transforms`), add terms to the losses, or replace the generator's loss or the discriminator
    that it faces.

    Args:
        generator: Latent vectors (B, latent_dim) to samples (B, *event).
        discriminator: Points (B, *event) to numbers (B,), larger meaning more real.
        objective: The two losses.
        latent_dim: Entries of a latent vector.
        num_steps: Length of training.
        num_samples: Samples in a step of the discriminator, and in one of the generator.
        learning_rates: The generator's and the discriminator's.
        betas: Of both Adam optimisers.
        schedule: Of the learning rates; ``None`` lets them fall to zero along a cosine over the training.
        penalty: A term of the discriminator's loss, if any.
        penalty_interval: It is applied at every so many steps, with a factor as much larger.
        discriminator_steps: Discriminator steps per generator step.
        ema_decay: Of the generator's exponential average.
        head_start: Steps at the beginning in which the discriminator is trained alone.

    Attributes:
        average: The generator's exponential average.
        transforms: Applied in turn to all points, of data and of samples, before they are judged.
        discriminator_terms, generator_terms: Added to the objective's losses.
        generator_loss: Of a minibatch of the generator's; the objective's at first.
        draw_latent: Makes latent vectors, as many as wanted, with the device and dtype of the minibatch, and perhaps
            more of it; normal at first.
        look_ahead: From data and samples to the judge whom the generator is to convince; the discriminator at first.
        judges_sides_apart: Whether data and samples go through the discriminator in two passes.
        progress: Share of the training that is done, in [0, 1).
        last: The discriminator's last minibatch, outside the graph.
        gradient_clipping: See `ClipsGradients`.
        losses: Of the last minibatch, by the names under which they are logged: ``discriminator_loss``,
            ``generator_loss``, ``penalty`` with its factor, and the terms that techniques add.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        objective: Objective,
        *,
        latent_dim: int,
        num_steps: int,
        num_samples: tuple[int, int],
        learning_rates: tuple[float, float],
        betas: tuple[float, float],
        schedule: Schedule | None,
        penalty: Penalty | None,
        penalty_interval: int,
        discriminator_steps: int,
        ema_decay: float,
        head_start: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.ema_decay = ema_decay
        self.generator, self.discriminator, self.objective = generator, discriminator, objective
        average = get_ema_multi_avg_fn(ema_decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(generator, multi_avg_fn=average, use_buffers=True)
        self.latent_dim, self.num_steps, self.num_samples = latent_dim, num_steps, num_samples
        self.learning_rates, self.betas = learning_rates, betas
        self.schedule = schedule
        self.penalty, self.penalty_interval = penalty, penalty_interval
        self.discriminator_steps, self.head_start = discriminator_steps, head_start
        self.transforms: list[Callable[[Tensor], Tensor]] = []
        self.discriminator_terms: list[Callable[[JudgedBatch], Tensor]] = []
        self.generator_terms: list[Callable[[GeneratedBatch], Tensor]] = []
        self.generator_loss: Callable[[GeneratedBatch], Tensor] = self.adversarial_loss
        self.draw_latent: Callable[[int, Tensor], Tensor] = self.normal
        self.look_ahead: Callable[[Tensor, Tensor], Judge] = lambda real, fake: self.judge
        self.judges_sides_apart = False
        self.progress = 0.0
        self.last: JudgedBatch | None = None
        self.gradient_clipping: Mapping[str, Any] = {}
        self.losses: dict[str, Tensor] = {}

    def on_fit_start(self) -> None:
        check_average(self.trainer, self.ema_decay)

    def configure_optimizers(self) -> tuple[list[Optimizer], list[LRScheduler]]:
        parts = (self.generator, self.discriminator)
        optimizers: list[Optimizer] = [
            Adam(part.parameters(), lr=rate, betas=self.betas, fused=may_be_fused(self.trainer))
            for part, rate in zip(parts, self.learning_rates, strict=True)
        ]
        # the trainer may have been limited to fewer
        length = max(1, int(min(self.num_steps, self.trainer.estimated_stepping_batches)))
        schedule = self.schedule or partial(cosine, num_steps=length)
        return optimizers, [schedule(optimizer) for optimizer in optimizers]

    def training_step(self, real: Tensor, batch_idx: int) -> dict[str, Tensor]:
        optimizers: Any = self.optimizers()
        generator_optimizer, discriminator_optimizer = optimizers
        # Lightning counts the steps of all optimisers: one of two leaves it the number of minibatches
        generator_optimizer._on_before_step = generator_optimizer._on_after_step = _not_counted
        step = step_of(self)
        self.progress = step / self.num_steps
        loss = self._discriminator_step(real, step, discriminator_optimizer)
        if step >= self.head_start and (step + 1) % self.discriminator_steps == 0:
            loss = loss + self._generator_step(real, generator_optimizer)
            self.average.update_parameters(self.generator)
        schedulers: Any = self.lr_schedulers()
        for scheduler in schedulers:
            scheduler.step()
        log_losses(self, self.losses)
        return {"loss": loss}

    def judge(self, points: Tensor, parameters: Mapping[str, Tensor] | None = None) -> Tensor:
        """The discriminator's outputs at points that are transformed first, with its own parameters or with others."""
        for transform in self.transforms:
            points = transform(points)
        if parameters is None:
            outputs: Tensor = self.discriminator(points)
        else:
            outputs = functional_call(self.discriminator, dict(parameters), (points,))
        return outputs

    def judged(self, real: Tensor, fake: Tensor, judge: Judge, *, differentiable: bool = False) -> JudgedBatch:
        """Data and samples with the judge's outputs; the points require gradients if asked for."""
        points = torch.cat([real, fake])
        if differentiable:
            points.requires_grad_()
        sides = points.tensor_split([len(real)]) if self.judges_sides_apart else (points,)
        outputs = [judge(side) for side in sides]
        return JudgedBatch(points, len(real), outputs[0] if len(outputs) == 1 else torch.cat(outputs))

    def discriminator_loss(self, batch: JudgedBatch) -> Tensor:
        """The objective's loss and the terms that techniques add, without the penalty."""
        loss = self.objective.discriminator_loss(batch.at_real, batch.at_fake)
        return self._with_terms(loss, self.discriminator_terms, batch, "discriminator")

    def adversarial_loss(self, batch: GeneratedBatch) -> Tensor:
        """The objective's loss for the generator."""
        at_fake = batch.judge(batch.fake)
        at_real = batch.judge(batch.real) if self.objective.paired else at_fake.new_empty(0)
        return self.objective.generator_loss(at_real, at_fake)

    def _with_terms(self, loss: Tensor, terms: Sequence[Callable[[Batch], Tensor]], batch: Batch, side: str) -> Tensor:
        for term in terms:
            value = term(batch)
            self.losses[f"{side}_{getattr(term, '__name__', type(term).__name__)}"] = value.detach()
            loss = loss + value
        return loss

    def normal(self, count: int, like: Tensor) -> Tensor:
        """Normal numbers, shape (count, latent_dim)."""
        options: dict[str, Any] = {"device": like.device, "dtype": like.dtype}
        return own_rows(count, lambda rows: torch.randn(rows, self.latent_dim, **options))

    def _discriminator_step(self, real: Tensor, step: int, optimizer: Any) -> Tensor:
        penalty = self.penalty if step % self.penalty_interval == 0 else None
        with torch.no_grad():
            fake: Tensor = self.generator(self.draw_latent(self.num_samples[0], real))
        differentiable = penalty is not None and penalty.differentiates_points
        batch = self.judged(real, fake, self.judge, differentiable=differentiable)
        loss = self.discriminator_loss(batch)
        total = loss
        if penalty is not None:
            assert penalty.factor is not None  # it is suited to the data before training
            value = penalty(batch, self.judge)
            total = loss + penalty.factor * self.penalty_interval * value
            self.losses["penalty"] = penalty.factor * value.detach()
        self.losses["discriminator_loss"] = loss.detach()
        self._descend(total, optimizer)
        self.last = JudgedBatch(batch.points.detach(), batch.num_real, batch.outputs.detach())
        return loss.detach()

    def _generator_step(self, real: Tensor, optimizer: Any) -> Tensor:
        trainable = [value for value in self.discriminator.parameters() if value.requires_grad]
        for value in trainable:
            value.requires_grad_(False)
        latent = self.draw_latent(self.num_samples[1], real)
        fake: Tensor = self.generator(latent)
        batch = GeneratedBatch(latent, fake, real, self.look_ahead(real, fake))
        loss = self._with_terms(self.generator_loss(batch), self.generator_terms, batch, "generator")
        self.losses["generator_loss"] = loss.detach()
        self._descend(loss, optimizer)
        for value in trainable:  # and not those that the user has frozen
            value.requires_grad_(True)
        return loss.detach()

    def _descend(self, loss: Tensor, optimizer: Any) -> None:
        optimizer.zero_grad(set_to_none=True)
        self.manual_backward(loss)
        if self.gradient_clipping:
            self.clip_gradients(optimizer, **self.gradient_clipping)
        optimizer.step()


def _not_counted() -> None:
    """What Lightning does before and after a step that it does not count."""


class OneNumber(nn.Module):
    """A discriminator whose outputs (B, 1) are read as (B,)."""

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, points: Tensor) -> Tensor:
        output: Tensor = self.discriminator(points)
        return output.reshape(len(output))
