"""Foreign generators as components: anything with ``fit`` and ``sample``, whatever arrays it speaks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from adagan.components.adapters.foreign_randomness import seeded
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.contract import Component
from adagan.components.labels import as_classes, shares_by_weight
from adagan.components.training.batches import resample
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.randomness import inherited_seed, seed_from
from adagan.mixtures.sampling.class_allocation import as_indices
from adagan.mixtures.storage.components import Storable


class Wrapped:
    """An object with ``fit(data)`` and ``sample(num_samples)`` as a component.

    What it can do more is read off its signatures. Weights go to a parameter of ``fit`` called ``weights`` or
    ``sample_weight``; without one it is given as many rows, drawn by weight. Labels go to its parameter ``y``, and
    only then has this component's `fit` one. If its ``sample`` takes ``condition``, so does this component's. Whatever
    it draws from generators among its own attributes, or from the global ones of torch, numpy or Python, is seeded, and
    all states come back.

    Args:
        generator: The object, unfitted. Its samples may be an array, a tensor, a list, a table of numbers, or a tuple
            that begins with one, as scikit-learn's (points, labels).
        tensors: Whether it is given tensors, on the data's device, rather than numpy arrays; ``None`` means that torch
            modules are.
        encoding: For objects that learn a pandas DataFrame and sample one: the table's encoding. They are given
            decoded rows, and their samples are encoded.

    Attributes:
        class_shares_: The shares of the classes by weight, shape (C,), once it is fitted to labels.

    Raises:
        TypeError: The object lacks ``fit`` or ``sample``, or they cannot be called with one argument; it is named.
    """

    class_shares_: Tensor

    def __init__(self, generator: Any, *, tensors: bool | None = None, encoding: TableEncoding | None = None) -> None:
        for method, argument in (("fit", "data"), ("sample", "num_samples")):
            _check_method(generator, method, argument)
        if encoding is not None and not isinstance(encoding, TableEncoding):
            raise UserTypeError(f"encoding: expected a TableEncoding, got {type(encoding).__name__}")
        self.generator, self.encoding = generator, encoding
        self.tensors = isinstance(generator, torch.nn.Module) if tensors is None else tensors
        self._like = torch.empty(0)

    @property
    def learns_labels(self) -> bool:
        """Whether labels are learnt."""
        return "y" in _parameters(self.generator.fit)

    @property
    def fit(self) -> Callable[..., Self]:
        """``fit(data, *, weights=None)``, and with ``labels=None`` too if the object's own takes labels.

        Data are of shape (N, *event), weights and labels, with −1 for points without one, of shape (N,).
        """
        return self._fit_labelled if "y" in _parameters(self.generator.fit) else self._fit

    def _fit(self, data: Tensor, *, weights: Tensor | None = None) -> Self:
        return self._fit_labelled(data, weights=weights)

    def _fit_labelled(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        self._like = data[:0]
        seed, own = inherited_seed(), _parameters(self.generator.fit)
        named: dict[str, Tensor] = {}
        if labels is not None:
            named["y"] = as_classes(labels, len(data), type(self.generator).__name__).to(data.device)
            self.class_shares_ = shares_by_weight(named["y"], as_probabilities(weights, len(data), data, "weights"))
        elif "y" in own and own["y"].default is inspect.Parameter.empty:
            raise UserError(
                f"labels: {type(self.generator).__name__}.fit needs the label of every row; pass labels=, shape (N,)"
            )
        accepted = next((name for name in ("weights", "sample_weight") if name in own), None)
        if weights is not None and accepted is not None:
            # on the scale of counts, which is what most implementations expect of weights
            named[accepted] = weights * (len(data) / weights.sum())
        elif weights is not None:
            rows = resample(torch.arange(len(data), device=data.device), weights, seed)
            data, named = data[rows], {name: values[rows] for name, values in named.items()}
        given = self._given(data) if self.encoding is None else self.encoding.decode(data)
        with seeded(self.generator, seed):
            self.generator.fit(given, **{name: self._given(values) for name, values in named.items()})
        return self

    def _given(self, values: Tensor) -> Any:
        return values if self.tensors else values.cpu().numpy()

    @property
    def sample(self) -> Callable[..., Tensor]:
        """``sample(num_samples, *, generator=None)``, and with ``condition=None`` too if the object's own takes it.

        Samples are of shape (num_samples, *event), with the dtype and on the device of the data that were fitted; see
        `adagan.components.ConditionalComponent` for the condition. What is called raises `TypeError` or `ValueError`
        if the object returns something else than numbers, or another shape.
        """
        return self._sample_condition if "condition" in _parameters(self.generator.sample) else self._sample

    def _sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self._sample_condition(num_samples, generator=generator)

    @torch.no_grad()
    def _sample_condition(
        self, num_samples: int, *, generator: torch.Generator | None = None, condition: int | Tensor | None = None
    ) -> Tensor:
        options: dict[str, Any] = {}
        if condition is not None:
            if not hasattr(self, "class_shares_"):
                raise UserError(
                    f"condition: {type(self.generator).__name__} was fitted without labels; pass labels= to fit"
                )
            wanted = as_indices(condition, num_samples, len(self.class_shares_), "condition")
            options["condition"] = int(wanted) if wanted.ndim == 0 else self._given(torch.from_numpy(wanted))
        if num_samples == 0:
            return self._like.clone()
        with seeded(self.generator, seed_from(generator)):
            drawn = self.generator.sample(num_samples, **options)
        values = self._numbers(drawn[0] if isinstance(drawn, tuple) else drawn, num_samples)
        expected = (num_samples, *self._like.shape[1:])
        if tuple(values.shape) != expected:
            raise UserError(
                f"{type(self.generator).__name__}.sample({num_samples}) returned shape {tuple(values.shape)}; "
                f"expected {expected}"
            )
        return values.to(self._like)

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
        wrapped = found if isinstance(found, Wrapped) else cls(found)
        wrapped._like = torch.empty(0, *config["event_shape"], dtype=getattr(torch, config["dtype"]))
        if config.get("class_shares") is not None:
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


def _check_method(generator: Any, method: str, argument: str) -> None:
    name = type(generator).__name__
    if isinstance(generator, type):
        raise UserTypeError(f"{generator.__name__} is a class; wrap an object of it: Wrapped({generator.__name__}())")
    if not callable(getattr(generator, method, None)):
        raise UserTypeError(
            f"{name} cannot be wrapped: it has no method {method}; give it {method}({argument}) in a class of your own "
            "that calls what it has instead"
        )
    called: dict[str, Any] = {"y": None} if method == "fit" and "y" in _parameters(generator.fit) else {}
    try:
        inspect.signature(getattr(generator, method)).bind(argument, **called)
    except TypeError as error:
        raise UserTypeError(
            f"{name} cannot be wrapped: {method}({argument}) is how it would be called, but {error}; give it such a "
            f"method in a class of your own"
        ) from error
    except ValueError:
        return  # compiled methods do not tell their parameters


def _parameters(method: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(method).parameters
    except ValueError:  # compiled methods do not tell
        return {}


def as_component(made: Any) -> Component:
    """The object itself when its methods have the contract's parameters, a `Wrapped` around it otherwise."""
    for method in ("fit", "sample"):
        if not callable(getattr(made, method, None)):
            raise UserTypeError(
                f"component: {type(made).__name__} has no method {method}; a component has fit and sample"
            )
    fits = "weights" in _parameters(made.fit)
    samples = "generator" in _parameters(made.sample)
    component: Component = made if fits and samples else Wrapped(made)
    return component
