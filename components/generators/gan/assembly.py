"""From a GAN's choices to the training of two networks, with techniques, penalty and normalisation in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from adagan.components.generators.gan.gan_training import GANTraining, OneNumber
from adagan.components.generators.gan.spectral import normalize_spectrally
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.generators.network_start import ADVERSARY, NetworkStart
from adagan.components.training.batches import WeightedBatches
from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan import GAN


def assembled(
    gan: GAN,
    plan: NetworkPlan,
    batches: WeightedBatches,
    generator: nn.Module,
    discriminator: nn.Module,
    start: NetworkStart | None,
) -> GANTraining:
    """The training of a GAN; `batches` gives as many points from then on as the objective's share of data says.

    Args:
        gan: Holds the choices.
        plan: Sizes.
        batches: Minibatches of what the discriminator judges.
        generator: From normal numbers, completed by the conditioning, to what the discriminator judges.
        discriminator: Gives one number, shape (B,) or (B, 1), per `points_together` points.
        start: Where the networks begin.

    Raises:
        ValueError: A combination that makes no sense.
    """
    batch_size, together = batches.batch_size, gan.points_together
    if batch_size % together:
        raise UserError(
            f"batch_size: the discriminator judges {together} points together (techniques={gan.techniques}); "
            f"expected a multiple of {together}, got {batch_size}"
        )
    groups = 2 * batch_size // together
    batches.batch_size = together * min(max(round(gan.objective.data_share * groups), 1), groups - 1)
    recognises, penalty = gan.conditioning.recognises, gan.penalty
    training = GANTraining(
        generator,
        OneNumber(discriminator),
        gan.objective,
        latent_dim=gan.num_normal(plan),
        num_steps=gan.max_steps,
        num_samples=(2 * batch_size - batches.batch_size, batch_size),
        learning_rates=gan.learning_rates(plan),
        betas=gan.betas,
        schedule=gan.schedule,
        penalty=penalty.suited(plan.event_shape, recognises=recognises) if penalty else None,
        penalty_interval=gan.penalty_interval,
        discriminator_steps=gan.discriminator_steps,
        ema_decay=gan.ema_decay,
        head_start=start.head_start(gan.max_steps) if start else 0,
    )
    training.draw_latent = lambda count, real: gan.conditioning.complete(training.normal(count, real), None)
    for technique in gan.techniques:
        technique.install(training)
    if gan.spectral_normalization:
        normalize_spectrally(training.discriminator)
    if training.penalty is not None:
        training.penalty.check(training.discriminator)
    if start is not None:
        start.load(ADVERSARY, training.discriminator)
    return training
