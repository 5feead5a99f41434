"""A variational autoencoder as a component."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.checks import check_decays, check_is_module, check_module, check_positive
from adagan.components.generators.latent import LatentGenerator, Template
from adagan.components.networks.defaults import MLP, ConvolutionalDiscriminator, default_generator, is_image
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.loss_training import minimise
from adagan.mixtures.errors import UserError

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
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        squares = (points - self.generator.decoder(code)).square()
        shared = self.generator.variance.ndim == 0
        variance = (squares.mean() if shared else squares.mean(dim=0)) + SMALLEST_VARIANCE
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
            ``None`` chooses an MLP for vectors and a convolutional network for images (1 to 4 channels, 8 to 64
            pixels). It is given scaled data: standardised vectors, images in [−1, 1].
        decoder: A module from codes (B, latent_dim) to the means of scaled events (B, *event); ``None`` as above.
        latent_dim: Entries of a code; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default networks; ``None`` means 128 for vectors, 64 channels for images.
        beta: Factor of the divergence of the codes, after a warm-up; 1 gives the bound of the likelihood.
        max_steps: Minibatches to train on.
        batch_size: Points per step; ``None`` means 256 for vectors, 64 for images, fewer where there are fewer rows.
        learning_rate: Adam's, falling to zero along a cosine.
        ema_decay: Of the exponential average of the networks, the one that samples.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision, strategy.
        seed: Of initialisation and training; ``None`` takes torch's last manual seed.

    Attributes:
        encoder_: The trained encoder, in evaluation mode.

    References:
        See `NegativeEvidenceBound`.
    """

    networks = ("generator_", "encoder_")
    generator_: NoisyDecoder
    encoder_: nn.Module

    def __init__(
        self,
        *,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
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
        super().__init__(
            None, latent_dim=latent_dim, width=width, max_steps=max_steps, batch_size=batch_size, seed=seed
        )
        check_is_module("encoder", encoder)
        check_is_module("decoder", decoder)
        check_positive(beta=beta, learning_rate=learning_rate)
        check_decays(ema_decay=ema_decay)
        if (encoder is not None or decoder is not None) and latent_dim is None:
            raise UserError("latent_dim: expected the entries of a code beside encoder= or decoder=, got None")
        self._encoder_template, self._generator_template = Template(encoder), Template(decoder)
        self.beta, self.learning_rate, self.ema_decay = beta, learning_rate, ema_decay
        self.trainer_options = dict(trainer_options or {})

    def make_generator(self, event_shape: tuple[int, ...]) -> NoisyDecoder:
        code_size = super()._latent_dim(event_shape)
        decoder = self._generator_template.copy_or(default_generator, code_size, event_shape, self._width(event_shape))
        return NoisyDecoder(decoder, code_size, event_shape)

    def build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        super().build(event_shape, like)
        size, width = 2 * self.generator_.latent_dim, self._width(event_shape)
        self.encoder_ = self._encoder_template.copy_or(default_encoder, event_shape, size, width).to(like)

    def train_generator(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        # the codes of networks that were trained before are not empty
        warm_up = 0 if self.is_warm else round(WARM_UP * self.max_steps)
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

    def _check_generator(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        if self._generator_template.module is not None:
            inputs = (like.new_zeros(2, self.generator_.latent_dim),)
            takes = f"codes of shape (B, latent_dim={self.latent_dim})"
            check_module("decoder", self.generator_.decoder, inputs, takes, "means of events", event_shape)
        if self._encoder_template.module is not None:
            inputs, takes = (like[:2],), f"events of shape {('B', *event_shape)}"
            size = 2 * self.generator_.latent_dim
            check_module("encoder", self.encoder_, inputs, takes, "means and log variances of codes", (size,))

    def _latent_dim(self, event_shape: Sequence[int]) -> int:
        return super()._latent_dim(event_shape) + math.prod(event_shape)  # the code and the observation noise

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        own = self._encoder_template.module is not None or self._generator_template.module is not None
        return {**super().config(), "own_generator": own}


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
