"""Foreign generators as components: anything with ``fit`` and ``sample``, whatever arrays it speaks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from adagan.components.batches import resample
from adagan.components.component import Component
from adagan.mixtures.randomness import inherited_seed, isolated_randomness, seed_from
from adagan.mixtures.storage import Storable


class Wrapped:
    """An object with ``fit(data)`` and ``sample(num_samples)`` as a component.

    The object is given numpy arrays. Weights go to its ``fit`` when that has a parameter called ``weights`` or
    ``sample_weight``; otherwise it is given as many rows, drawn by weight. Whatever it draws from the global generators
    of torch, numpy or Python is seeded, and the caller's states come back.

    Args:
        generator: The object, unfitted.

    Raises:
        TypeError: The object lacks ``fit`` or ``sample``; the missing method is named.
    """

    def __init__(self, generator: Any) -> None:
        for method in ("fit", "sample"):
            if not callable(getattr(generator, method, None)):
                raise TypeError(f"{type(generator).__name__} cannot be wrapped: it has no method {method}")
        self.generator = generator
        self._dtype = torch.float32
        self._event_shape: tuple[int, ...] = ()

    def fit(self, data: Tensor, weights: Tensor | None = None) -> Self:
        """Fits the object on data of shape (N, *event), by weight or on rows drawn by weight."""
        self._dtype, self._event_shape = data.dtype, tuple(data.shape[1:])
        seed = inherited_seed()
        with isolated_randomness(seed):
            accepted = set(inspect.signature(self.generator.fit).parameters) & {"weights", "sample_weight"}
            if accepted and weights is not None:
                # on the scale of counts, which is what most implementations expect of weights
                counts = (weights * (len(data) / weights.sum())).cpu().numpy()
                self.generator.fit(data.cpu().numpy(), **{accepted.pop(): counts})
            else:
                self.generator.fit(resample(data, weights, seed).cpu().numpy())
        return self

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event), with the dtype of the data that were fitted."""
        if num_samples == 0:
            return torch.empty(0, *self._event_shape, dtype=self._dtype)
        with isolated_randomness(seed_from(generator)):
            drawn = self.generator.sample(num_samples)
        values = drawn if isinstance(drawn, Tensor) else torch.from_numpy(np.array(drawn))
        if tuple(values.shape) != (num_samples, *self._event_shape):
            raise ValueError(
                f"{type(self.generator).__name__}.sample({num_samples}) returned shape {tuple(values.shape)}; "
                f"expected {(num_samples, *self._event_shape)}"
            )
        return values.to(self._dtype)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs.

        Raises:
            TypeError: The object cannot be stored.
        """
        self._storable()
        return {
            "wraps": type(self.generator).__name__,
            "dtype": str(self._dtype).removeprefix("torch."),
            "event_shape": list(self._event_shape),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Wrapped:
        """The wrapped object made again by one of the user's callables.

        Raises:
            ValueError: None of the callables makes objects of the stored class.
        """
        name = str(config["wraps"])
        made = (make() for make in components)
        objects = (one.generator if isinstance(one, Wrapped) else one for one in made)
        found = next((one for one in objects if type(one).__name__ == name), None)
        if found is None:
            raise ValueError(
                f"this mixture holds a generator of class {name}, which is not one of adagan's; if you trust it, pass "
                f"what makes it: Mixture.load(folder, components=[{name}])"
            )
        wrapped = cls(found)
        wrapped._dtype, wrapped._event_shape = getattr(torch, config["dtype"]), tuple(config["event_shape"])
        return wrapped

    def state_dict(self) -> Mapping[str, Tensor]:
        """The wrapped object's own state.

        Raises:
            TypeError: It has none.
        """
        return self._storable().state_dict()

    def _storable(self) -> Storable:
        if not isinstance(self.generator, Storable):
            raise TypeError(
                f"{type(self.generator).__name__} cannot be stored: it needs state_dict() and load_state_dict(state) "
                "with tensors as values; without a run folder it can still be boosted in memory"
            )
        return self.generator

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Hands the state to the wrapped object."""
        self.generator.load_state_dict(state)


def as_component(made: Any) -> Component:
    """The object itself when its methods have the contract's parameters, a `Wrapped` around it otherwise."""
    for method in ("fit", "sample"):
        if not callable(getattr(made, method, None)):
            raise TypeError(f"component: {type(made).__name__} has no method {method}; a component has fit and sample")
    fits = "weights" in inspect.signature(made.fit).parameters
    samples = "generator" in inspect.signature(made.sample).parameters
    component: Component = made if fits and samples else Wrapped(made)
    return component
