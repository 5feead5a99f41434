"""A generative adversarial network as a component."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from adagan.components.arguments import check_counts, check_positive
from adagan.components.batches import WeightedBatches
from adagan.components.gan_training import GANTraining
from adagan.components.networks import default_discriminator, default_generator, is_image
from adagan.components.objectives import NonSaturating, Objective
from adagan.components.scaling import Scaling
from adagan.components.training import TrainingDiverged, train
from adagan.mixtures.randomness import fresh_generator, inherited_seed, isolated_randomness
from adagan.mixtures.storage import made_by

BLOCK = 4_096
"""Samples that are made at once: what passes between the layers stays in the cache."""


class GAN(nn.Module):
    """A GAN trained by Lightning on weighted data; after `fit` it holds the averaged generator only.

    Args:
        objective: The pair of losses; ``None`` means NonSaturating().
        generator: A module from latent vectors (B, latent_dim) to samples (B, *event); ``None`` chooses an MLP for
            vectors and a small convolutional network for images (1 to 4 channels, 8 to 64 pixels). It learns scaled
            data: standardised vectors, images in [−1, 1].
        discriminator: A module from points (B, *event) to numbers (B,) or (B, 1); ``None`` chooses as above.
        latent_dim: Entries of a latent vector; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default networks; ``None`` means 128 for vectors, 64 channels for images.
        max_steps: Generator and discriminator steps.
        batch_size: Points per step; ``None`` means 256 for vectors, 64 for images.
        learning_rate: The generator's.
        discriminator_learning_rate: The discriminator's; ``None`` means the generator's.
        betas: Of Adam.
        penalty: Factor of the zero-centred gradient penalties at data and at samples; 0 turns them off.
        penalty_interval: They are applied at every so many steps, with a factor as much larger.
        discriminator_steps: Discriminator steps per generator step.
        ema_decay: Of the generator's exponential average, the one that samples.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision, strategy.
        seed: Of initialisation and training; ``None`` takes torch's last manual seed.

    Attributes:
        generator_: The averaged generator, in evaluation mode.
        scaling_: The scaling of the data, undone on sampling.

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, https://arxiv.org/abs/1406.2661
    """

    generator_: nn.Module
    scaling_: Scaling
    event_shape_: Tensor

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
        penalty: float = 0.02,
        penalty_interval: int = 4,
        discriminator_steps: int = 1,
        ema_decay: float = 0.995,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        check_counts(
            latent_dim=latent_dim,
            width=width,
            max_steps=max_steps,
            batch_size=batch_size,
            penalty_interval=penalty_interval,
            discriminator_steps=discriminator_steps,
        )
        check_positive(learning_rate=learning_rate, discriminator_learning_rate=discriminator_learning_rate)
        if not 0 <= penalty < math.inf:
            raise ValueError(f"penalty: expected 0 or more, got {penalty}")
        if not 0 <= ema_decay < 1:
            raise ValueError(f"ema_decay: expected a number in [0, 1), got {ema_decay}")
        if generator is not None and latent_dim is None:
            raise ValueError("latent_dim: expected the entries of a latent vector beside generator=, got None")
        self.objective = objective if objective is not None else NonSaturating()
        # kept out of the module tree: templates are copied by fit, and must not be stored or moved with the component
        self._templates: tuple[nn.Module | None, ...] = (generator, discriminator)
        self.latent_dim, self.width = latent_dim, width
        self.max_steps, self.batch_size = max_steps, batch_size
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.betas = betas
        self.penalty, self.penalty_interval = penalty, penalty_interval
        self.discriminator_steps, self.ema_decay = discriminator_steps, ema_decay
        self.trainer_options = dict(trainer_options or {})
        self.seed = seed

    def fit(self, data: Tensor, weights: Tensor | None = None) -> Self:
        """Trains on data of shape (N, *event), drawn by `weights` of shape (N,), on the device where the data are.

        Raises:
            ValueError: Fewer rows than a minibatch, NaN or infinite values, an image size that cannot be built, modules
                that do not fit the data.
            TrainingDiverged: A loss became NaN or infinite.
        """
        event_shape = tuple(data.shape[1:])
        batch_size = self.batch_size or (64 if is_image(event_shape) else 256)
        if len(data) < batch_size:
            raise ValueError(
                f"data: {len(data)} rows are fewer than one minibatch of batch_size={batch_size}; "
                "give more data or a smaller batch_size"
            )
        if not bool(torch.isfinite(data).all()):
            raise ValueError("data: values must be finite; remove or fill in the NaN and infinite ones")
        seed = inherited_seed() if self.seed is None else self.seed
        with isolated_randomness(seed):
            self.build(event_shape, data)
            self._check_generator(event_shape, data)
            self.scaling_ = Scaling.symmetric(data) if is_image(event_shape) else Scaling.standard(data, weights)
            template = self._templates[1]
            discriminator = (
                default_discriminator(event_shape, self._width(event_shape))
                if template is None
                else copy.deepcopy(template)
            )
            training = GANTraining(
                self.generator_,
                _OneNumber(discriminator.to(data)),
                self.objective,
                latent_dim=self._latent_dim(event_shape),
                num_steps=self.max_steps,
                learning_rate=self.learning_rate,
                discriminator_learning_rate=self.discriminator_learning_rate or self.learning_rate,
                betas=self.betas,
                penalty=self.penalty,
                penalty_interval=self.penalty_interval,
                discriminator_steps=self.discriminator_steps,
                ema_decay=self.ema_decay,
            )
            batches = WeightedBatches(self.scaling_(data), weights, batch_size, self.max_steps, seed)
            train(training, batches.loader(), "generator", data.device, self.trainer_options)
            self.generator_ = training.average.module.requires_grad_(False)
        self.eval()
        if not bool(torch.isfinite(self.sample(64, generator=torch.Generator(data.device).manual_seed(0))).all()):
            raise TrainingDiverged("the trained generator returns NaN or infinite samples; lower the learning rate")
        return self

    def build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """Makes the untrained generator for a shape of events, with the device and dtype of `like`."""
        template = self._templates[0]
        generator = (
            default_generator(self._latent_dim(event_shape), event_shape, self._width(event_shape))
            if template is None
            else copy.deepcopy(template)
        )
        self.generator_ = generator.to(like)
        shape = (1, 1, 1) if is_image(event_shape) else event_shape
        self.scaling_ = Scaling(shape).to(like)
        self._event_shape = event_shape  # beside the buffer, which is stored: no draw has to ask the device for it
        self.register_buffer("event_shape_", torch.tensor(event_shape, device=like.device))

    @torch.no_grad()
    def _check_generator(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """Makes sure that a module of the user's own turns latent vectors into events, before training starts."""
        if self._templates[0] is None:
            return
        try:
            made = copy.deepcopy(self.generator_).eval()(like.new_zeros(2, self._latent_dim(event_shape)))
        except RuntimeError as error:
            raise ValueError(
                f"generator: it does not take latent vectors of shape (B, latent_dim={self.latent_dim}): {error}"
            ) from error
        if tuple(made.shape) != (2, *event_shape):
            raise ValueError(
                f"generator: expected events of shape {event_shape}, as the data have, got {tuple(made.shape[1:])}"
            )

    def _latent_dim(self, event_shape: Sequence[int]) -> int:
        return self.latent_dim or (8 if math.prod(event_shape) <= 8 else 32)

    def _width(self, event_shape: Sequence[int]) -> int:
        return self.width or (64 if is_image(event_shape) else 128)

    @torch.no_grad()
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event), made block by block on the generator's device."""
        if not hasattr(self, "generator_"):
            raise RuntimeError("this GAN is not fitted yet; call fit(data) first")
        if num_samples <= BLOCK:
            return self.forward(self.draw_latent(num_samples, generator=generator))
        like = self.scaling_.shift
        source = generator if generator is not None else fresh_generator(like.device)
        samples = torch.empty(num_samples, *self._event_shape, device=like.device, dtype=like.dtype)
        for block in torch.split(samples, BLOCK):
            block.copy_(self.forward(self.draw_latent(len(block), generator=source)))
        return samples

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Latent vectors of shape (num_samples, latent_dim), normal; the GAN itself, called, makes them samples."""
        like, size = self.scaling_.shift, self._latent_dim(self._event_shape)
        source = generator if generator is not None else fresh_generator(like.device)
        return torch.randn(num_samples, size, generator=source, device=like.device, dtype=like.dtype)

    def forward(self, latent: Tensor) -> Tensor:
        samples: Tensor = self.scaling_(self.generator_(latent), inverse=True)
        return samples

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the generator again."""
        return {"latent_dim": self.latent_dim, "width": self.width, "own_generator": self._templates[0] is not None}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> GAN:
        """An unfitted GAN like the stored one; with a generator of the user's own, from the user's callable.

        Raises:
            ValueError: The stored generator was a module of the user's own and no callable for it was passed.
        """
        if not config["own_generator"]:
            return cls(latent_dim=config["latent_dim"], width=config["width"])
        make = made_by("GAN", [make for make in components if make is not cls])
        if make is None:
            raise ValueError(
                "this mixture's GAN has a generator module of its own, which the file does not describe; pass the "
                "callable that made it: Mixture.load(folder, components=[make_gan])"
            )
        made: GAN = make()
        return made

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; builds the networks for the stored shape of events first."""
        with isolated_randomness(0):  # the initial values are overwritten at once
            self.build(tuple(state_dict["event_shape_"].tolist()), state_dict["scaling_.shift"])
        return super().load_state_dict(state_dict, strict, assign)


class _OneNumber(nn.Module):
    """A discriminator whose outputs (B, 1) are read as (B,)."""

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, points: Tensor) -> Tensor:
        output: Tensor = self.discriminator(points)
        if output.shape not in ((len(points),), (len(points), 1)):
            raise ValueError(
                f"discriminator: expected one number per point, shape ({len(points)},) or ({len(points)}, 1), "
                f"got shape {tuple(output.shape)}"
            )
        return output.reshape(len(points))
