"""What every component that turns latent vectors into samples shares: its networks, scaling, sampling, storage."""

from __future__ import annotations

import copy
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from adagan.components.checks import check_events, keywords_only
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.generators.network_start import NetworkStart
from adagan.components.generators.scaling import Scaling
from adagan.components.labels import refuse_labels
from adagan.components.networks.defaults import is_image
from adagan.components.networks.output_limits import output_limits
from adagan.components.training.batches import WeightedBatches, smaller_of_fewer
from adagan.components.training.data_sources import takes_data_sources
from adagan.components.training.diverged import TrainingDiverged
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.large_arrays import filled
from adagan.mixtures.numbers import check_counts, check_fractions, check_positive
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import fresh_generator, inherited_seed, isolated_randomness
from adagan.mixtures.storage.components import made_by

PROBE = 64
"""Latent vectors by which the limits of a network's outputs are found."""
SYMMETRIC = (-1.0, 1.0)
"""What images are scaled to."""
BLOCK = 4_096
"""Samples that are made at once: what passes between the layers stays in the cache."""


class LatentGenerator(ConstructorParameters, nn.Module, ABC):
    """The contract: a network from normal latent vectors to events, trained on weighted data, that samples in blocks.

    A subclass says what its networks are and trains them; fitting, scaling, sampling and storage follow. Called, the
    component makes samples of latent vectors, row by row, so that `adagan.mixtures.sampling.stacking` can run many as
    one.

    Args:
        latent_dim: Entries of a latent vector; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default networks; ``None`` means the first of `widths` for vectors, the second for
            images.
        max_steps: Minibatches to train on.
        batch_size: Points per step; ``None`` means one of `batch_sizes` likewise, fewer where there are fewer rows.
        learning_rate: Adam's.
        ema_decay: Of the exponential average of the networks, the one that samples.
        trainer_options: Further arguments of ``lightning.Trainer``.
        seed: Of initialisation and training; ``None`` takes the run's, or a fresh one outside of a run.

    Attributes:
        generator_: The trained network, in evaluation mode.
        scaling_: The scaling of the data, undone on sampling.
    """

    widths: ClassVar[tuple[int, int]] = (128, 64)
    batch_sizes: ClassVar[tuple[int, int]] = (256, 64)
    whole_images: ClassVar[bool] = True
    """Whether all pixels of images have one scale, to [−1, 1], rather than each its own."""
    taken_over: ClassVar[tuple[str, ...]] = ("generator_",)
    """The networks with which a warm start goes on."""
    further_entries: int = 0
    """Of a latent vector, beside the default number."""

    generator_: nn.Module
    scaling_: Scaling
    event_shape_: Tensor

    def __init__(
        self,
        latent_dim: int | None,
        width: int | None,
        max_steps: int,
        batch_size: int | None,
        learning_rate: float,
        ema_decay: float,
        trainer_options: Mapping[str, Any] | None,
        seed: int | None,
    ) -> None:
        super().__init__()
        check_counts(latent_dim=latent_dim, width=width, max_steps=max_steps, batch_size=batch_size)
        check_positive(learning_rate=learning_rate)
        check_fractions(ema_decay=ema_decay)
        self.latent_dim, self.width = latent_dim, width
        self.max_steps, self.batch_size = max_steps, batch_size
        self.learning_rate, self.ema_decay = learning_rate, ema_decay
        self.trainer_options = dict(trainer_options or {})
        self.seed = seed
        self._start: NetworkStart | None = None

    @abstractmethod
    def make_networks(self, plan: NetworkPlan) -> Mapping[str, nn.Module]:
        """The untrained networks that are stored, by the attributes that are to hold them: ``generator_`` and others.

        Raises:
            ValueError: A network of the user's own that does not fit.
        """

    @abstractmethod
    def train_networks(self, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None) -> nn.Module:
        """Trains the networks on minibatches of scaled data and returns the one that is to sample.

        Called by `fit` with the networks and `scaling_` in place and the global generators seeded.
        """

    @abstractmethod
    def num_normal(self, plan: NetworkPlan) -> int:
        """Normal numbers per sample."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """What `from_config` needs to make the component again; ``own_generator`` if it has networks of the user's."""

    def read_labels(
        self, data: Tensor, weights: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """The weights to train by and the labels to train with; one that does not learn labels refuses them."""
        refuse_labels(self, labels)
        return weights, None

    def complete(self, normal: Tensor, source: torch.Generator) -> Tensor:
        """Latent vectors of normal numbers, shape (N, num_normal)."""
        return normal

    def warm_start(self, previous: Self) -> Self:
        """Makes the next `fit`, and only that one, begin at the networks of `previous` and keep its scaling.

        What a fitted component no longer holds, such as a discriminator, begins anew, and is trained alone at first,
        so that it does not lead the generator astray.

        Args:
            previous: A fitted component of this class, with networks of the same form.

        Raises:
            TypeError: A component of another class.
            ValueError: One that is not fitted.
        """
        if type(previous) is not type(self):
            raise UserTypeError(f"previous: expected a {type(self).__name__}, got a {type(previous).__name__}")
        if not hasattr(previous, "generator_"):
            raise UserError(f"previous: expected a fitted {type(previous).__name__}; call its fit(data) first")
        states = {name: copy.deepcopy(getattr(previous, name).state_dict()) for name in self.taken_over}
        shape = tuple(previous.event_shape_.tolist())
        self._start = NetworkStart({**states, **previous.kept()}, copy.deepcopy(previous.scaling_), shape)
        return self

    def kept(self) -> Mapping[str, Mapping[str, Tensor]]:
        """States of networks that do not sample, by name, which a warm start goes on with."""
        return {}

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Trains on data of shape (N, *event), or a data source, drawn by `weights` of shape (N,), where the data are.

        Args:
            data: The points; training takes place on their device.
            weights: Non-negative; ``None`` means uniform.
            labels: Classes from 0, and −1 for points without one, for a component that learns them.

        Raises:
            ValueError: Fewer rows than a minibatch, values that are NaN, infinite or no floating-point numbers, an
                image size that cannot be built, modules that do not fit the data; labels that are missing, out of
                range, or on no point with weight.
            TrainingDiverged: A loss, or a sample of the trained network, became NaN or infinite.
        """
        check_events(data)
        weights, labels = self.read_labels(data, weights, labels)
        event_shape = tuple(data.shape[1:])
        batch_size = self.batch_size or smaller_of_fewer(_of(self.batch_sizes, event_shape), len(data))
        if len(data) < batch_size:
            raise UserError(
                f"data: {len(data)} rows are fewer than one minibatch of batch_size={batch_size}; "
                "give more data or a smaller batch_size"
            )
        seed = inherited_seed() if self.seed is None else self.seed
        with isolated_randomness(seed):
            plan = self.build(event_shape, data)
            if self._start is None:
                self.scaling_ = self._make_scaling(data, weights)
            else:
                self.scaling_ = self._start.own_scaling(event_shape).to(data)
                for name in self.taken_over:
                    self._start.load(name, getattr(self, name))
            batches = WeightedBatches(filled(self.scaling_, data), weights, batch_size, self.max_steps, seed)
            self.generator_ = self.train_networks(plan, batches, labels).requires_grad_(False)
        self._start = None
        self.eval()
        if not bool(torch.isfinite(self.sample(64, generator=torch.Generator(data.device).manual_seed(0))).all()):
            raise TrainingDiverged("the trained generator returns NaN or infinite samples; lower the learning rate")
        return self

    def build(self, event_shape: tuple[int, ...], like: Tensor) -> NetworkPlan:
        """Makes the untrained networks for a shape of events, with the device and dtype of `like`."""
        latent_dim = self.latent_dim or (8 if math.prod(event_shape) <= 8 else 32) + self.further_entries
        plan = NetworkPlan(event_shape, latent_dim, self.width or _of(self.widths, event_shape), like.new_empty(0))
        for name, network in self.make_networks(plan).items():
            setattr(self, name, network.to(plan.like))
        self.scaling_ = Scaling((1, 1, 1) if is_image(event_shape) else event_shape).to(plan.like)
        self.plan_ = plan  # beside the buffer, which is stored: no draw has to ask the device for it
        self.register_buffer("event_shape_", torch.tensor(event_shape, device=like.device))
        return plan

    def own_output(self, latent: Tensor) -> tuple[nn.Module, Tensor] | None:
        """The network of the user's own whose outputs are events, and what it is given of latent vectors, (B, L)."""
        return None

    def _make_scaling(self, data: Tensor, weights: Tensor | None) -> Scaling:
        whole = self.whole_images and is_image(data.shape[1:])
        own = self.own_output(self.draw_latent(PROBE, generator=torch.Generator(data.device).manual_seed(0)))
        limits = None if own is None else output_limits(*own)
        if limits is not None and not (whole and limits == SYMMETRIC):
            each = "all pixels alike" if whole else "entry by entry"
            warnings.warn(
                f"{type(self).__name__}: the outputs of its own network lie between {limits[0]:g} and {limits[1]:g}, "
                f"so the data are scaled to that before it learns them, {each}",
                stacklevel=4,
            )
            return Scaling.within(limits, data, whole=whole)
        return Scaling.symmetric(data) if whole else Scaling.standard(data, weights)

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event), made block by block on the generator's device."""
        return self._sample(num_samples, generator)

    @torch.no_grad()
    def _sample(
        self,
        num_samples: int,
        generator: torch.Generator | None,
        change: Callable[[Tensor, slice], Tensor] | None = None,
    ) -> Tensor:
        """Decodes blocks of latent vectors, which may be changed, given with the rows that they are to become."""
        self.check_fitted()
        like = self.scaling_.shift
        source = generator if generator is not None else fresh_generator(like.device)

        def made(rows: slice) -> Tensor:
            latent = self.draw_latent(rows.stop - rows.start, generator=source)
            return self.forward(latent if change is None else change(latent, rows))

        if num_samples <= BLOCK:
            return made(slice(0, num_samples))
        samples = torch.empty(num_samples, *self.plan_.event_shape, device=like.device, dtype=like.dtype)
        for begin in range(0, num_samples, BLOCK):
            rows = slice(begin, min(begin + BLOCK, num_samples))
            samples[rows] = made(rows)
        return samples

    def check_fitted(self, call: str = "fit(data)") -> None:
        """Makes sure that there are networks.

        Raises:
            RuntimeError: `fit` was not called yet.
        """
        if not hasattr(self, "generator_"):
            raise RuntimeError(f"this {type(self).__name__} is not fitted yet; call {call} first")

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Latent vectors, shape (num_samples, L); the component itself makes them samples."""
        like, size = self.scaling_.shift, self.num_normal(self.plan_)
        source = generator if generator is not None else fresh_generator(like.device)
        return self.complete(
            torch.randn(num_samples, size, generator=source, device=like.device, dtype=like.dtype), source
        )

    def forward(self, latent: Tensor) -> Tensor:
        samples: Tensor = self.scaling_(self.generator_(latent), inverse=True)
        return samples

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Self:
        """An unfitted component like the stored one; with networks of the user's own, from the user's callable.

        Raises:
            ValueError: A stored network was the user's own and no callable for it was passed.
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
        shift = state_dict["scaling_.shift"]
        with isolated_randomness(0):  # the initial values are overwritten at once
            self.build(tuple(state_dict["event_shape_"].tolist()), shift)
        self.eval()  # as after `fit`
        self.scaling_ = Scaling(tuple(shift.shape)).to(shift)
        return super().load_state_dict(state_dict, strict, assign)


def _of(sizes: tuple[int, int], event_shape: Sequence[int]) -> int:
    return sizes[is_image(event_shape)]
