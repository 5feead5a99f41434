"""A variational autoencoder as a component."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.generators.latent import LatentGenerator
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.networks.defaults import MLP, ConvolutionalDiscriminator, default_generator, is_image
from adagan.components.networks.given_network import GivenNetwork, OwnNetwork, Trial
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.minimise import minimise
from adagan.components.training.ranks.shares import averaged, normal_like
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_positive

SMALLEST_VARIANCE = 1e-5
"""Of the observation noise, in units of the scaled data: constant data would drive it to zero and the loss to −∞."""

WARM_UP = 0.25
"""Share of the training in which the divergence's factor rises from 0: from the start it would keep codes empty."""


class NoisyDecoder(nn.Module):
    """Codes and noise (B, latent_dim + D) to events (B, *event): the decoder's mean plus observation noise.

    Without the noise the samples were means of many events: blurred.

    Args:
        decoder: Codes (B, latent_dim) to means (B, *event).
        latent_dim: Entries of a code.
        event_shape: Shape of an event, of D entries.

    Attributes:
        variance: Of the noise, set by the training: shape (*event) for vectors, one number for all pixels of images.
    """

    variance: Tensor

    def __init__(self, decoder: nn.Module, latent_dim: int, event_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.decoder, self.latent_dim, self.event_shape = decoder, latent_dim, event_shape
        self.register_buffer("variance", torch.ones(() if is_image(event_shape) else event_shape))

    def forward(self, latent: Tensor) -> Tensor:
        code, noise = latent[:, : self.latent_dim], latent[:, self.latent_dim :]
        events: Tensor = self.decoder(code) + self.variance.sqrt() * noise.reshape(-1, *self.event_shape)
        return events


class NegativeEvidenceBound(nn.Module):
    """The mean of β KL(q(z|x) ‖ p(z)) − E_q log p(x|z) over a minibatch, up to a constant, per entry of an event.

    q is normal with a diagonal covariance, p(z) standard normal, p(x|z) normal about the decoder's mean with the
    variance of the largest likelihood, which is the minibatch's mean squared error, per entry for vectors and over all
    pixels for images. The generator is handed it at every step. Beside this ``loss`` come its ``reconstruction``,
    and the ``divergence`` without its factor and for a whole event.

    Args:
        encoder: Events (B, *event) to means and log variances of their codes (B, 2 · latent_dim).
        generator: The decoder with its noise.
        beta: Factor of the divergence.
        warm_up: Calls in training over which this factor rises from 0 along a line.

    References:
        Kingma, Welling, *Auto-encoding variational Bayes*, 2014, eq. 10, https://arxiv.org/abs/1312.6114; Higgins et
        al., *beta-VAE*, 2017, eq. 4, https://openreview.net/forum?id=Sy2fzU9gl; Rybkin, Daniilidis, Levine, *Simple and
        effective VAE training with calibrated decoders*, 2021, section 3 (optimal variance),
        https://arxiv.org/abs/2006.13202; Bowman et al., *Generating sentences from a continuous space*, 2016, section
        3.1 (warm-up), https://arxiv.org/abs/1511.06349
    """

    def __init__(self, encoder: nn.Module, generator: NoisyDecoder, beta: float, warm_up: int = 0) -> None:
        super().__init__()
        self.encoder, self.generator, self.beta, self.warm_up = encoder, generator, beta, warm_up
        self.calls = 0

    def forward(self, points: Tensor) -> dict[str, Tensor]:
        mean, log_variance = self.encoder(points).chunk(2, dim=1)
        code = mean + (0.5 * log_variance).exp() * normal_like(mean)
        squares = (points - self.generator.decoder(code)).square()
        shared = self.generator.variance.ndim == 0
        variance = averaged(squares.mean() if shared else squares.mean(dim=0)) + SMALLEST_VARIANCE
        if self.training:
            self.generator.variance.copy_(variance.detach())
            self.calls += 1
        factor = self.beta * min(self.calls / self.warm_up, 1) if self.warm_up else self.beta
        reconstruction = 0.5 * variance.log().mean()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
        bound = reconstruction + factor * divergence / points[0].numel()
        return {"loss": bound, "reconstruction": reconstruction, "divergence": divergence}


class VAE(LatentGenerator):
    """A variational autoencoder with learnt observation noise, which its samples contain.

    Args:
        encoder: A module from events (B, *event) to means and log variances of their codes (B, 2 · latent_dim);
            or the two as a tuple; ``None`` chooses an MLP for vectors and a convolutional network for images (1 to 4
            channels, 8 to 64 pixels). It is given scaled data: standardised vectors, images in [−1, 1].
        decoder: A module from codes (B, latent_dim) to the means of scaled events (B, *event); ``None`` as above.
        latent_dim: Entries of a code; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default networks; ``None`` means 128 for vectors, 64 channels for images.
        beta: Factor of the divergence of the codes, after a warm-up; 1 gives the bound of the likelihood.
        max_steps: Minibatches to train on.
        batch_size: Points per step; ``None`` means 256 for vectors, 64 for images, fewer where there are fewer rows.
        learning_rate: Adam's, falling to zero along a cosine.
        ema_decay: Of the exponential average of the networks, the one that samples.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        seed: Of initialisation and training; ``None`` takes the run's, or a fresh one outside of a run.

    Attributes:
        encoder_: The trained encoder, in evaluation mode.

    References:
        See `NegativeEvidenceBound`.
    """

    taken_over = ("generator_", "encoder_")
    generator_: NoisyDecoder
    encoder_: nn.Module

    def __init__(
        self,
        *,
        encoder: OwnNetwork | None = None,
        decoder: OwnNetwork | None = None,
        latent_dim: int | None = None,
        width: int | None = None,
        beta: float = 1.0,
        max_steps: int = 4_000,
        batch_size: int | None = None,
        learning_rate: float = 3e-3,
        ema_decay: float = 0.995,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(latent_dim, width, max_steps, batch_size, learning_rate, ema_decay, trainer_options, seed)
        check_positive(beta=beta)
        self.beta = beta
        self.given_encoder, self.given_decoder = GivenNetwork("encoder", encoder), GivenNetwork("decoder", decoder)
        if (self.given_encoder.is_own or self.given_decoder.is_own) and latent_dim is None:
            raise UserError("latent_dim: expected the entries of a code beside encoder= or decoder=, got None")

    def make_networks(self, plan: NetworkPlan) -> Mapping[str, nn.Module]:
        size, shape = plan.latent_dim, plan.event_shape
        decoder = self.given_decoder.make(
            lambda: default_generator(size, shape, plan.width),
            Trial((plan.like.new_zeros(2, size),), f"codes of shape (B, latent_dim={size})", "means of events", shape),
        )
        encoder = self.given_encoder.make(
            lambda: default_encoder(shape, 2 * size, plan.width),
            Trial((plan.points(),), plan.takes(), "means and log variances of codes", (2 * size,), outputs=2),
        )
        return {"generator_": NoisyDecoder(decoder, size, shape), "encoder_": encoder}

    def own_output(self, latent: Tensor) -> tuple[nn.Module, Tensor] | None:
        """See `LatentGenerator`."""
        if not self.given_decoder.is_own:
            return None
        return self.generator_.get_submodule("decoder"), latent[:, : self.plan_.latent_dim]

    def train_networks(self, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None) -> nn.Module:
        # the codes of networks that were trained before are not empty
        warm_up = round(WARM_UP * self.max_steps) if self._start is None else 0
        loss = minimise(
            NegativeEvidenceBound(self.encoder_, self.generator_, self.beta, warm_up),
            batches,
            stage="autoencoder",
            learning_rate=self.learning_rate,
            ema_decay=self.ema_decay,
            trainer_options=self.trainer_options,
        )
        self.encoder_ = loss.encoder.requires_grad_(False)
        return loss.generator

    def num_normal(self, plan: NetworkPlan) -> int:
        return plan.latent_dim + math.prod(plan.event_shape)  # the code and the observation noise

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        own = self.given_encoder.is_own or self.given_decoder.is_own
        return {"latent_dim": self.latent_dim, "width": self.width, "own_generator": own}


def default_encoder(event_shape: Sequence[int], outputs: int, width: int) -> nn.Module:
    """A convolutional network for images, an MLP for everything else; `outputs` numbers per event.

    The second half of them, the log variances of the codes, begins at −6: codes that drown in noise at the start tell
    the decoder nothing, and both may stay at that.
    """
    if is_image(event_shape):
        encoder: nn.Module = ConvolutionalDiscriminator(event_shape, max(width // 2, 16), outputs)
    else:
        encoder = MLP(math.prod(event_shape), (outputs,), (width,) * 3)
    last = [module for module in encoder.modules() if isinstance(module, nn.Linear)][-1]
    nn.init.constant_(last.bias[outputs // 2 :], -6.0)
    return encoder
