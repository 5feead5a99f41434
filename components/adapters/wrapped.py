"""Foreign generators as components: anything with ``fit`` and ``sample``, whatever arrays it speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from adagan.components.adapters.foreign_calls import refusal, seed_argument
from adagan.components.adapters.foreign_randomness import seeded
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.checks import keywords_only
from adagan.components.labels import as_classes, refuse_labels, shares_by_weight
from adagan.components.training.batches import drawn_rows
from adagan.components.training.data_sources import takes_data_sources
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.large_arrays import taken
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import inherited_seed, seed_from
from adagan.mixtures.sampling.class_allocation import as_indices
from adagan.mixtures.storage.components import Storable


class Wrapped(ConstructorParameters):
    """An object with ``fit(data)`` and ``sample(num_samples)`` as a component.

    What it can do more is said here. Whatever it draws from generators inside it, or from the global ones of torch,
    numpy or Python, is seeded, as are numbers ``random_state``, ``random_seed`` and ``seed`` among its attributes, its
    parts' and the parameters of its ``fit`` and ``sample``; all come back. It is given copies, to do with as it likes.

    Args:
        generator: The object, unfitted. Its samples may be an array, a tensor, a list, a table of numbers, or a tuple
            that begins with one, as scikit-learn's (points, labels).
        weights: The parameter of its ``fit`` that takes weights, such as ``"sample_weight"``, on the scale of counts;
            ``None`` gives it as many rows, drawn by weight.
        labels: The parameter of its ``fit`` that takes the points' classes, such as ``"y"``; ``None`` means that it
            learns none.
        condition: Whether its ``sample`` takes ``condition=``, the class that is wanted, or one for each sample.
        tensors: Whether it is given tensors, on the data's device, rather than numpy arrays; ``None`` means that torch
            modules are.
        encoding: For objects that learn a pandas DataFrame and sample one: the table's encoding. They are given
            decoded rows, and their samples are encoded.

    Attributes:
        learns_labels: Whether it learns labels.
        class_shares_: The shares of the classes by weight, shape (C,), once one that samples by class is fitted to
            labels.

    Raises:
        TypeError: The object lacks ``fit`` or ``sample``, or they cannot be called so; it is named.
    """

    learns_labels: bool
    class_shares_: Tensor

    def __init__(
        self,
        generator: Any,
        *,
        weights: str | None = None,
        labels: str | None = None,
        condition: bool = False,
        tensors: bool | None = None,
        encoding: TableEncoding | None = None,
    ) -> None:
        taken = [name for name in (weights, labels) if name is not None]
        _check_method(generator, "fit", "data", taken)
        _check_method(generator, "sample", "num_samples", ["condition"] if condition else [])
        if condition and labels is None:
            raise UserError("condition: an object that samples by class learns classes; say how, such as labels='y'")
        if encoding is not None and not isinstance(encoding, TableEncoding):
            raise UserTypeError(f"encoding: expected a TableEncoding, got {type(encoding).__name__}")
        self.generator, self.encoding = generator, encoding
        self.weights, self.labels, self.condition = weights, labels, condition
        self.learns_labels = labels is not None
        self.tensors = isinstance(generator, torch.nn.Module) if tensors is None else tensors
        self._like = torch.empty(0)

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Fits the object to copies of what is given; the arguments are those of `Component.fit`.

        Raises:
            ValueError: It needs labels, and there are none; labels that are no classes.
            TypeError: Labels, and it learns none.
        """
        refuse_labels(self, labels)
        self._like = data[:0]
        seed, name = inherited_seed(), type(self.generator).__name__
        named: dict[str, Tensor] = {}
        alone = {} if self.weights is None else {self.weights: weights}
        if labels is not None and self.labels is not None:
            named[self.labels] = classes = as_classes(labels, len(data), name).to(data.device)
            if self.condition:
                self.class_shares_ = shares_by_weight(classes, as_probabilities(weights, len(data), data, "weights"))
        elif self.labels is not None and refusal(self.generator.fit, data, **alone):
            raise UserError(f"labels: {name}.fit needs the label of every row; pass labels=, shape (N,)")
        if weights is not None and self.weights is not None:
            # on the scale of counts, which is what most implementations expect of weights
            named[self.weights] = weights * (len(data) / weights.sum())
        elif weights is not None:
            rows = drawn_rows(data, weights, seed)
            data, named = taken(data, rows), {name: values[rows] for name, values in named.items()}
        given = self._given(data) if self.encoding is None else self.encoding.decode(data)
        with seeded(self.generator, seed):
            options = {name: self._given(values) for name, values in named.items()}
            self.generator.fit(given, **options, **seed_argument(self.generator.fit, seed))
        return self

    def _given(self, values: Tensor) -> Any:
        """A copy that is the object's own."""
        return values.clone() if self.tensors else values.cpu().numpy().copy()

    @torch.no_grad()
    def sample(
        self, num_samples: int, *, generator: torch.Generator | None = None, condition: int | Tensor | None = None
    ) -> Tensor:
        """Samples of shape (num_samples, *event), with the dtype and on the device of the data that were fitted.

        The arguments are those of `ConditionalComponent.sample`.

        Raises:
            TypeError, ValueError: It samples something else than numbers, or another shape; a class, and it samples by
                none, or was fitted without labels.
        """
        options: dict[str, Any] = {}
        if condition is not None:
            options["condition"] = self._wanted(condition, num_samples)
        if num_samples == 0:
            return self._like.clone()
        seed = seed_from(generator)
        with seeded(self.generator, seed):
            drawn = self.generator.sample(num_samples, **options, **seed_argument(self.generator.sample, seed))
        values = self._numbers(drawn[0] if isinstance(drawn, tuple) else drawn, num_samples)
        expected = (num_samples, *self._like.shape[1:])
        if tuple(values.shape) != expected:
            raise UserError(
                f"{type(self.generator).__name__}.sample({num_samples}) returned shape {tuple(values.shape)}; "
                f"expected {expected}"
            )
        return values.to(self._like)

    def _wanted(self, condition: int | Tensor, num_samples: int) -> Any:
        name = type(self.generator).__name__
        if not self.condition:
            raise UserTypeError(
                f"condition: {name} samples by no class; if its sample takes condition=, say so: "
                f"Wrapped({name}(), labels=..., condition=True)"
            )
        if not hasattr(self, "class_shares_"):
            raise UserError(f"condition: {name} was fitted without labels; pass labels= to fit")
        wanted = as_indices(condition, num_samples, len(self.class_shares_), "condition")
        return int(wanted) if wanted.ndim == 0 else self._given(torch.from_numpy(wanted))

    def _numbers(self, drawn: Any, num_samples: int) -> Tensor:
        if isinstance(drawn, Tensor):
            return drawn.detach()
        if self.encoding is not None:
            return self.encoding.encode(drawn)
        array = np.array(drawn)
        if array.dtype.kind not in "buif":
            raise UserTypeError(
                f"{type(self.generator).__name__}.sample({num_samples}) returned {type(drawn).__name__} of "
                f"{array.dtype}; expected numbers; for tables with text pass encoding=TableEncoding(table)"
            )
        return torch.from_numpy(array)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs.

        Raises:
            TypeError: The object cannot be stored.
        """
        self._storable()
        return {
            "wraps": type(self.generator).__name__,
            "dtype": str(self._like.dtype).removeprefix("torch."),
            "event_shape": list(self._like.shape[1:]),
            "class_shares": self.class_shares_.tolist() if hasattr(self, "class_shares_") else None,
            "says": {"weights": self.weights, "labels": self.labels, "condition": self.condition},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Wrapped:
        """The wrapped object made again by one of the user's callables.

        Raises:
            ValueError: None of the callables makes objects of the stored class.
        """
        name = str(config["wraps"])
        made = [make() for make in components]
        objects = [one.generator if isinstance(one, Wrapped) else one for one in made]
        found = next((one for one, inner in zip(made, objects, strict=True) if type(inner).__name__ == name), None)
        if found is None:
            raise UserError(
                f"this mixture holds a generator of class {name}, which is not one of adagan's; if you trust it, pass "
                f"what makes it: Mixture.load(folder, components=[{name}])"
            )
        by_class = config.get("class_shares") is not None
        # version 0.1 wrote what was read off the object's signatures, which were called so
        says = config.get("says", {"labels": "y" if by_class else None, "condition": by_class})
        wrapped = found if isinstance(found, Wrapped) else cls(found, **says)
        wrapped._like = torch.empty(0, *config["event_shape"], dtype=getattr(torch, config["dtype"]))
        if by_class:
            wrapped.class_shares_ = torch.tensor(config["class_shares"], dtype=torch.float64)
        return wrapped

    def state_dict(self) -> Mapping[str, Tensor]:
        """The wrapped object's own state.

        Raises:
            TypeError: It has none.
        """
        return self._storable().state_dict()

    def _storable(self) -> Storable:
        if not isinstance(self.generator, Storable):
            raise UserTypeError(
                f"{type(self.generator).__name__} cannot be stored: it needs state_dict() and load_state_dict(state) "
                "with tensors as values; without a run folder it can still be boosted in memory"
            )
        return self.generator

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Hands the state to the wrapped object."""
        self.generator.load_state_dict(state)


def _check_method(generator: Any, method: str, argument: str, named: Sequence[str]) -> None:
    name = type(generator).__name__
    if isinstance(generator, type):
        raise UserTypeError(f"{generator.__name__} is a class; wrap an object of it: Wrapped({generator.__name__}())")
    called = f"{method}({', '.join([argument, *(f'{each}=...' for each in named)])})"
    if not callable(getattr(generator, method, None)):
        raise UserTypeError(
            f"{name} cannot be wrapped: it has no method {method}; give it {called} in a class of your own that calls "
            "what it has instead"
        )
    why = refusal(getattr(generator, method), argument, **dict.fromkeys(named))
    if why:
        raise UserTypeError(
            f"{name} cannot be wrapped: {called} is how it would be called, but {why}; give it such a method in a "
            "class of your own"
        )
