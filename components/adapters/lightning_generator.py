"""Any LightningModule as a component: it trains as its author wrote it, on weighted minibatches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import torch
from torch import Tensor, nn

from adagan.components.adapters.foreign_randomness import seeded, seeded_parts
from adagan.components.checks import check_maker, keywords_only
from adagan.components.labels import as_classes, refuse_labels, shares_by_weight
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.data_sources import takes_data_sources
from adagan.components.training.diverged import TrainingDiverged
from adagan.components.training.inherited_options import inherited_options
from adagan.components.training.resumable_loader import ResumableLoader
from adagan.components.training.trainer import train
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import generator_for, inherited_seed, isolated_randomness, seed_from
from adagan.mixtures.sampling.class_allocation import as_indices

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule

Sampler: TypeAlias = Callable[..., Tensor]
"""Called with the trained module, a number of samples and a generator on the module's device."""


class LightningGenerator(ConstructorParameters, nn.Module):
    """A LightningModule with a function that samples from it.

    Lightning's trainer runs the module's own ``training_step``, optimisers, schedulers and hooks, under automatic or
    manual optimisation. The minibatches are rows drawn by the data weights, unscaled, on the data's device and in the
    module's own precision. Whatever module or sampler draw from the global generators of torch, numpy or Python, or
    from generators inside the module, is seeded too.

    Args:
        make_module: Makes a fresh module: its class, a ``functools.partial``.
        sampler: ``sampler(module, num_samples, generator)`` returns events of shape (num_samples, *event). It is tried
            on the untrained module first, so that mistakes are heard of before training.
        continues: Whether another `fit` goes on from the module's values instead of fresh ones: a newcomer of boosting
            then begins where the component before it has ended. Optimisers, and what is no state of the module, begin
            anew.
        conditional: Whether the sampler takes ``condition=`` too: a class, those of the samples, shape (num_samples,),
            or ``None`` for classes as they come. The component then learns labels and is sampled by class.
        event_shape: Whether `make_module` is given the shape of the events, as ``event_shape=``.
        max_steps: Minibatches to train on.
        epochs: In how many epochs they come, for schedules and hooks that count epochs.
        batch_size: Rows per minibatch.
        batch_form: From the minibatch, points (B, *event) or, with labels, the pair of points and labels (B,), to what
            ``training_step`` is given; ``None`` hands it on. Modules that expect labels and do not use them want
            ``lambda points: (points, None)`` or the like.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        seed: Of initialisation and training; ``None`` takes the run's, or a fresh one outside of a run.

    Attributes:
        learns_labels: Whether labels are learnt.
        module_: The trained module, in evaluation mode.
        class_shares_: The shares of the classes by weight, shape (C,), where there are labels.

    Raises:
        TypeError: `make_module` or `sampler` cannot be called, or is a module itself.

    Example:
        >>> from lightning.pytorch import LightningModule
        >>> class Shifted(LightningModule):
        ...     def __init__(self, event_shape):
        ...         super().__init__()
        ...         self.mean = torch.nn.Parameter(torch.zeros(event_shape))
        ...     def training_step(self, batch, batch_idx):
        ...         return (batch - self.mean).square().mean()
        ...     def configure_optimizers(self):
        ...         return torch.optim.Adam(self.parameters(), lr=0.1)
        >>> def sampler(module, num_samples, generator):
        ...     return module.mean + torch.randn(num_samples, *module.mean.shape, generator=generator)
        >>> component = LightningGenerator(Shifted, sampler, event_shape=True, max_steps=5, seed=0)
        >>> component.fit(torch.ones(8, 2)).sample(3).shape
        torch.Size([3, 2])
    """

    learns_labels: bool
    module_: LightningModule
    like_: Tensor
    class_shares_: Tensor

    def __init__(
        self,
        make_module: Callable[..., LightningModule],
        sampler: Sampler,
        *,
        continues: bool = False,
        conditional: bool = False,
        event_shape: bool = False,
        max_steps: int = 4_000,
        epochs: int = 1,
        batch_size: int = 256,
        batch_form: Callable[[Any], Any] | None = None,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        check_maker("make_module", make_module, "a fresh module for every fit")
        if not callable(sampler):
            raise UserTypeError(
                f"sampler: expected a function of (module, num_samples, generator), got {type(sampler).__name__}"
            )
        check_counts(max_steps=max_steps, epochs=epochs, batch_size=batch_size)
        self.make_module, self.sampler, self.continues = make_module, sampler, continues
        self.learns_labels, self._asks_event_shape = conditional, event_shape
        self.max_steps, self.epochs, self.batch_size = max_steps, epochs, batch_size
        self.batch_form = batch_form
        self.trainer_options = dict(trainer_options or {})
        self.seed = seed
        self._event_shape: tuple[int, ...] = ()

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Trains a module, a fresh one unless it continues, on data (N, *event) drawn by weights (N,), where they are.

        Args:
            data: The points.
            weights: Non-negative; ``None`` means uniform.
            labels: Classes from 0, and −1 for points without one, shape (N,), for a conditional sampler.

        Raises:
            TypeError, ValueError: Before training: the callable makes no LightningModule, the module lacks a method
                that training needs, the sampler fails or returns another shape, labels are missing or not learnt.
            TrainingDiverged: A loss, or what was trained, became NaN or infinite.
        """
        refuse_labels(self, labels)
        if not self.learns_labels:
            return self._train(data, weights, None)
        classes = as_classes(labels, len(data), type(self).__name__).to(data.device)
        self.class_shares_ = shares_by_weight(classes, as_probabilities(weights, len(data), data, "weights"))
        return self._train(data, weights, classes)

    def _train(self, data: Tensor, weights: Tensor | None, labels: Tensor | None) -> Self:
        seed = inherited_seed() if self.seed is None else self.seed
        with isolated_randomness(seed):
            self._begin(tuple(data.shape[1:]), data)
            self._check_sampler()
            loader = self._loader(data, weights, labels, seed)
            options = {"max_epochs": self.epochs, **inherited_options(), **self.trainer_options}
            try:
                with seeded_parts(self.module_, seed):
                    train(self.module_.train(), loader, "generator", data.device, options, draws_alone=True)
            except (TypeError, ValueError, AttributeError, LookupError) as error:
                error.add_note(
                    f"{type(self.module_).__name__}.training_step is given a minibatch of {self.batch_size} points of "
                    f"shape {self._event_shape}, in the form that batch_form= makes of it"
                )
                raise
        # under manual optimisation there is no loss to look at
        for name, values in self.module_.state_dict().items():
            if isinstance(values, Tensor) and not bool(torch.isfinite(values).all()):
                raise TrainingDiverged(
                    f"generator diverged: {name} of {type(self.module_).__name__} is NaN or infinite after training; "
                    "lower its learning rate"
                )
        self.eval()
        return self

    def _loader(self, data: Tensor, weights: Tensor | None, labels: Tensor | None, seed: int) -> ResumableLoader:
        precision = next((p.dtype for p in self.module_.parameters() if p.is_floating_point()), data.dtype)
        points, steps = data.to(precision), self.max_steps
        if labels is None:
            return WeightedBatches(points, weights, self.batch_size, steps, seed).loader(self.batch_form)
        form = self.batch_form or (lambda batch: batch)
        # rows are drawn rather than points, so that points and labels stay together
        rows = torch.arange(len(data), device=data.device)
        drawn = WeightedBatches(rows, weights, self.batch_size, steps, seed)
        return drawn.loader(lambda rows: form((points[rows], labels[rows])))

    def _begin(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        """A fresh module, with the values of the one before where training is to go on."""
        before = self.module_.state_dict() if self.continues and event_shape == self._event_shape else None
        self._build(event_shape, like)
        if before is not None:
            self.module_.load_state_dict(before)

    def _build(self, event_shape: tuple[int, ...], like: Tensor) -> None:
        from lightning.pytorch import LightningModule
        from lightning.pytorch.utilities.model_helpers import is_overridden

        try:
            module = self.make_module(event_shape=event_shape) if self._asks_event_shape else self.make_module()
        except TypeError as error:
            error.add_note("make_module is called without arguments; event_shape=True gives it the events' shape")
            raise
        if not isinstance(module, LightningModule):
            raise UserTypeError(
                f"make_module: expected it to make a lightning.pytorch.LightningModule, got "
                f"{type(module).__module__}.{type(module).__name__}"
            )
        for method in ("training_step", "configure_optimizers"):
            if not is_overridden(method, module):
                raise UserTypeError(
                    f"make_module: {type(module).__name__} has no method {method}, which training needs"
                )
        module.configure_model()
        self.module_ = module.to(like.device)
        self._event_shape = event_shape
        # tells where the component is and the dtype of its data, which need not be the module's
        self.register_buffer("like_", like.new_zeros(()), persistent=False)

    def _check_sampler(self) -> None:
        self.eval()
        try:
            for condition in (None, 0) if self.learns_labels else (None,):
                self.sample(2, generator=torch.Generator(self.like_.device).manual_seed(0), condition=condition)
        except Exception as error:
            error.add_note(
                "the sampler was tried on the untrained module; nothing has been trained; one that takes condition= is "
                "said by conditional=True"
            )
            raise

    @torch.no_grad()
    def sample(
        self, num_samples: int, *, generator: torch.Generator | None = None, condition: int | Tensor | None = None
    ) -> Tensor:
        """Samples of shape (num_samples, *event), with the dtype of the data and on the device of the component.

        The arguments are those of `ConditionalComponent.sample`; without a condition the sampler chooses the classes.

        Raises:
            TypeError, ValueError: The sampler returns no tensor, or one of another shape; a class, and the sampler is
                not conditional.
        """
        if not hasattr(self, "module_"):
            raise RuntimeError("this LightningGenerator is not fitted yet; call fit(data) first")
        if condition is not None and not self.learns_labels:
            raise UserTypeError("condition: this sampler takes none; one that does is said by conditional=True")
        options: dict[str, Any] = {}
        if self.learns_labels:
            options["condition"] = None
            if condition is not None:
                wanted = as_indices(condition, num_samples, len(self.class_shares_), "condition")
                options["condition"] = (
                    int(wanted) if wanted.ndim == 0 else torch.from_numpy(wanted).to(self.like_.device)
                )
        expected = (num_samples, *self._event_shape)
        if num_samples == 0:
            return self.like_.new_empty(expected)
        self.module_.to(self.like_.device)  # moved as a part of a mixture, it would not know where it is
        source = generator_for(self.like_.device, generator)
        with seeded(self.module_, seed_from(source)):
            samples = self.sampler(self.module_, num_samples, source, **options)
        if not isinstance(samples, Tensor):
            raise UserTypeError(f"sampler: expected a tensor of shape {expected}, got {type(samples).__name__}")
        if tuple(samples.shape) != expected:
            raise UserError(f"sampler: expected events of shape {expected}, got shape {tuple(samples.shape)}")
        return samples.to(self.like_)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the callables, which the user passes."""
        if not hasattr(self, "module_"):
            return {}
        return {
            "module": type(self.module_).__name__,
            "dtype": str(self.like_.dtype).removeprefix("torch."),
            "event_shape": list(self._event_shape),
            "class_shares": self.class_shares_.tolist() if self.learns_labels else None,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> LightningGenerator:
        """A component like the stored one, its state still to be loaded, made by one of the user's callables.

        Raises:
            ValueError: None of the callables makes a module of the stored class.
        """
        like = torch.empty(0, dtype=getattr(torch, config["dtype"]))
        for made in (make() for make in components if make is not cls):
            if isinstance(made, LightningGenerator):
                made._build(tuple(config["event_shape"]), like)
                if type(made.module_).__name__ == config["module"]:
                    if config["class_shares"] is not None:
                        made.class_shares_ = torch.tensor(config["class_shares"], dtype=torch.float64)
                    return made
        raise UserError(
            f"this mixture holds the LightningModule {config['module']}, which the file does not describe; pass the "
            "callable that made its component: Mixture.load(folder, components=[make_component])"
        )
