"""What every component that turns latent vectors into samples shares: its network, its scaling, sampling, storage."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import check_counts, check_events, check_is_module, check_module, keywords_only
from adagan.components.generators.network_start import NetworkStart
from adagan.components.generators.scaling import Scaling
from adagan.components.labels import refuse_labels
from adagan.components.networks.defaults import default_generator, is_image
from adagan.components.training.batches import WeightedBatches, smaller_of_fewer
from adagan.components.training.trainer import TrainingDiverged
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import fresh_generator, inherited_seed, isolated_randomness
from adagan.mixtures.storage.components import made_by

BLOCK = 4_096
"""Samples that are made at once: what passes between the layers stays in the cache."""
HEAD_START = 200
"""Steps at most, and a quarter of the training at most, in which what a warm start has lost is trained alone."""


@dataclass(frozen=True)
class Template:
    """A module to copy whenever one like it is needed; no module itself, it is not stored or moved with its owner.

    Attributes:
        module: The user's own; ``None`` leaves the choice to a default.
    """

    module: nn.Module | None

    def copy_or(self, make_default: Callable[..., nn.Module], *arguments: Any) -> nn.Module:
        """A copy of the module, or what the callable makes of the arguments where there is none."""
        return make_default(*arguments) if self.module is None else copy.deepcopy(self.module)


class LatentGenerator(nn.Module, ABC):
    """The contract: a network from normal latent vectors to events, trained on weighted data, that samples in blocks.

    A subclass writes `train_generator`; fitting, scaling, sampling and storage follow. Called, the component makes
    samples of latent vectors, row by row, so that `adagan.mixtures.sampling.stacking` can run many as one.

    Args:
        generator: A module from latent vectors (B, latent_dim) to events (B, *event); ``None`` chooses an MLP for
            vectors and a small convolutional network for images (1 to 4 channels, 8 to 64 pixels). It learns scaled
            data: standardised vectors, images in [−1, 1].
        latent_dim: Entries of a latent vector; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default networks; ``None`` means 128 for vectors, 64 channels for images.
        max_steps: Minibatches to train on.
        batch_size: Points per step; ``None`` means 256 for vectors, 64 for images, fewer where there are fewer rows.
        seed: Of initialisation and training; ``None`` takes torch's last manual seed.

    Attributes:
        generator_: The trained network, in evaluation mode.
        scaling_: The scaling of the data, undone on sampling.
    """

    networks: ClassVar[tuple[str, ...]] = ("generator_",)
    """The attributes that hold what was trained, from which a warm start goes on."""
    generator_: nn.Module
    scaling_: Scaling
    event_shape_: Tensor

    def __init__(
        self,
        generator: nn.Module | None,
        *,
        latent_dim: int | None,
        width: int | None,
        max_steps: int,
        batch_size: int | None,
        seed: int | None,
    ) -> None:
        super().__init__()
        check_is_module("generator", generator)
        check_counts(latent_dim=latent_dim, width=width, max_steps=max_steps, batch_size=batch_size)
        if generator is not None and latent_dim is None:
            raise UserError("latent_dim: expected the entries of a latent vector beside generator=, got None")
        self._generator_template = Template(generator)
        self.latent_dim, self.width = latent_dim, width
        self.max_steps, self.batch_size = max_steps, batch_size
        self.seed = seed
        self._start: NetworkStart | None = None

    @abstractmethod
    def train_generator(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        """Trains `generator_` on minibatches of scaled data and returns the network that is to sample.

        Called by `fit` with `generator_` and `scaling_` in place and the global generators seeded.
        """

    def warm_start(self, previous: Self) -> Self:
        """Makes the next `fit`, and only that one, begin at the networks of `previous` and keep its scaling.

        What a fitted component no longer holds, such as a discriminator, begins anew, and is trained alone for
        `head_start` steps first, so that it does not lead the generator astray.

        Args:
            previous: A fitted component of this class, with networks of the same form.

        Raises:
            TypeError: A component of another class.
            ValueError: One that is not fitted.
        """
        self._start = NetworkStart.from_component(previous, self)
        return self

    @property
    def is_warm(self) -> bool:
        """Whether the next `fit` begins at the networks of another component."""
        return self._start is not None

    @property
    def head_start(self) -> int:
        """Steps of a warm-started training before the generator learns; 0 in a cold one."""
        return min(HEAD_START, self.max_steps // 4) if self.is_warm else 0

    @keywords_only
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Trains on data of shape (N, *event), drawn by `weights` of shape (N,), on the device where the data are.

        Raises:
            ValueError: Fewer rows than a minibatch, values that are NaN, infinite or no floating-point numbers, an
                image size that cannot be built, modules that do not fit the data.
            TrainingDiverged: A loss, or a sample of the trained network, became NaN or infinite.
        """
        refuse_labels(self, labels)
        return self._fit(data, weights, self.train_generator)

    def _fit(
        self, data: Tensor, weights: Tensor | None, train: Callable[[WeightedBatches, tuple[int, ...]], nn.Module]
    ) -> Self:
        """What `fit` does, with another way to train than `train_generator` where a subclass knows more of the data."""
        check_events(data)
        event_shape = tuple(data.shape[1:])
        batch_size = self.batch_size or smaller_of_fewer(self._batch_size(event_shape), len(data))
        if len(data) < batch_size:
            raise UserError(
                f"data: {len(data)} rows are fewer than one minibatch of batch_size={batch_size}; "
                "give more data or a smaller batch_size"
            )
        seed = inherited_seed() if self.seed is None else self.seed
        with isolated_randomness(seed):
            self.build(event_shape, data)
            self._check_generator(event_shape, data)
            self.scaling_ = self.make_scaling(data, weights)
            if self._start is not None:
                self._start.load_into(self, event_shape)
                self.scaling_ = self._start.scaling.to(data)
            batches = WeightedBatches(self.scaling_(data), weights, batch_size, self.max_steps, seed)
            self.generator_ = train(batches, event_shape).requires_grad_(False)
        self._start = None
        self.eval()
        if not bool(torch.isfinite(self.sample(64, generator=torch.Generator(data.device).manual_seed(0))).all()):
            raise TrainingDiverged("the trained generator returns NaN or infinite samples; lower the learning rate")
        return self

    def build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """Makes the untrained generator for a shape of events, with the device and dtype of `like`."""
        self.generator_ = self.make_generator(event_shape).to(like)
        shape = (1, 1, 1) if is_image(event_shape) else event_shape
        self.scaling_ = Scaling(shape).to(like)
        self._event_shape = event_shape  # beside the buffer, which is stored: no draw has to ask the device for it
        self.register_buffer("event_shape_", torch.tensor(event_shape, device=like.device))

    def make_generator(self, event_shape: tuple[int, ...]) -> nn.Module:
        """The untrained network: a copy of the user's own, or the default for events of this shape."""
        latent_dim, width = self._latent_dim(event_shape), self._width(event_shape)
        return self._generator_template.copy_or(default_generator, latent_dim, event_shape, width)

    def make_scaling(self, data: Tensor, weights: Tensor | None) -> Scaling:
        """What brings the data to the network's scale: images to [−1, 1], vectors to mean 0 and deviation 1."""
        return Scaling.symmetric(data) if is_image(data.shape[1:]) else Scaling.standard(data, weights)

    def _check_generator(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """Makes sure that a module of the user's own turns latent vectors into events, before training starts."""
        if self._generator_template.module is not None:
            latent = like.new_zeros(2, self._latent_dim(event_shape))
            takes = f"latent vectors of shape (B, latent_dim={self.latent_dim})"
            check_module("generator", self.generator_, (latent,), takes, "events", event_shape)

    def _latent_dim(self, event_shape: Sequence[int]) -> int:
        return self.latent_dim or (8 if math.prod(event_shape) <= 8 else 32)

    def _batch_size(self, event_shape: Sequence[int]) -> int:
        return 64 if is_image(event_shape) else 256

    def _width(self, event_shape: Sequence[int]) -> int:
        return self.width or (64 if is_image(event_shape) else 128)

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event), made block by block on the generator's device."""
        return self._sample(num_samples, generator, lambda latent, rows: self.forward(latent))

    @torch.no_grad()
    def _sample(
        self, num_samples: int, generator: torch.Generator | None, decode: Callable[[Tensor, slice], Tensor]
    ) -> Tensor:
        """Decodes blocks of latent vectors, given with the rows of the samples that they are to become."""
        if not hasattr(self, "generator_"):
            raise RuntimeError(f"this {type(self).__name__} is not fitted yet; call fit(data) first")
        if num_samples <= BLOCK:
            return decode(self.draw_latent(num_samples, generator=generator), slice(0, num_samples))
        like = self.scaling_.shift
        source = generator if generator is not None else fresh_generator(like.device)
        samples = torch.empty(num_samples, *self._event_shape, device=like.device, dtype=like.dtype)
        for begin in range(0, num_samples, BLOCK):
            block = samples[begin : begin + BLOCK]
            latent = self.draw_latent(len(block), generator=source)
            block.copy_(decode(latent, slice(begin, begin + len(block))))
        return samples

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Latent vectors of shape (num_samples, latent_dim), normal; the component itself makes them samples."""
        like, size = self.scaling_.shift, self._latent_dim(self._event_shape)
        source = generator if generator is not None else fresh_generator(like.device)
        return torch.randn(num_samples, size, generator=source, device=like.device, dtype=like.dtype)

    def forward(self, latent: Tensor) -> Tensor:
        samples: Tensor = self.scaling_(self.generator_(latent), inverse=True)
        return samples

    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the generator again."""
        own = self._generator_template.module is not None
        return {"latent_dim": self.latent_dim, "width": self.width, "own_generator": own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Self:
        """An unfitted component like the stored one; with a generator of the user's own, from the user's callable.

        Raises:
            ValueError: A stored network was a module of the user's own and no callable for it was passed.
        """
        if not config["own_generator"]:
            return cls(**{name: value for name, value in config.items() if name != "own_generator"})
        make = made_by(cls.__name__, [make for make in components if make is not cls])
        if make is None:
            raise UserError(
                f"this mixture's {cls.__name__} has a module of its own, which the file does not describe; "
                f"pass the callable that made it: Mixture.load(folder, components=[make_{cls.__name__.lower()}])"
            )
        made: Self = make()
        return made

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch's; builds the networks for the stored shape of events first."""
        with isolated_randomness(0):  # the initial values are overwritten at once
            self.build(tuple(state_dict["event_shape_"].tolist()), state_dict["scaling_.shift"])
        self.scaling_ = Scaling(tuple(state_dict["scaling_.shift"].shape)).to(state_dict["scaling_.shift"])
        return super().load_state_dict(state_dict, strict, assign)
