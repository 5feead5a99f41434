"""A generator that is trained already as the component of a first round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from adagan.components.adapters.foreign_calls import refusal, seed_argument
from adagan.components.adapters.foreign_randomness import seeded
from adagan.components.checks import keywords_only
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import seed_from
from adagan.mixtures.storage.components import component_record, component_tensors, unfitted_component


class AlreadyTrained(ConstructorParameters):
    """Anything that samples, as a component that has nothing to learn.

    Args:
        source: A component, a mixture, a torch module, any object with ``sample(num_samples)``, which may take
            ``generator=`` too and return an array or a tensor.

    Raises:
        TypeError: It does not sample so.
    """

    takes_weights = False

    def __init__(self, source: Any) -> None:
        if not callable(getattr(source, "sample", None)) or isinstance(source, type):
            what = f"the class {source.__name__}" if isinstance(source, type) else type(source).__name__
            raise UserTypeError(f"first: expected a trained generator, an object with sample(num_samples), got {what}")
        self.source = source
        self._passes_generator = not refusal(source.sample, 0, generator=None)
        if not self._passes_generator and (why := refusal(source.sample, 0)):
            raise UserTypeError(f"first: sample(num_samples) is how {type(source).__name__} would be called, but {why}")
        self._like = torch.empty(0)

    @keywords_only
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Takes the shape and type of data of shape (N, *event); nothing is trained."""
        self._like = data[:0]
        return self

    @torch.no_grad()
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Samples of shape (num_samples, *event), with the dtype and on the device of the data.

        Raises:
            TypeError, ValueError: It samples something else than numbers, or another shape.
        """
        if num_samples == 0:
            return self._like.clone()
        if self._passes_generator:
            drawn = self.source.sample(num_samples, generator=generator)
        else:
            seed = seed_from(generator)
            with seeded(self.source, seed):
                drawn = self.source.sample(num_samples, **seed_argument(self.source.sample, seed))
        if isinstance(drawn, tuple):  # such as scikit-learn's (points, labels)
            drawn = drawn[0]
        if not isinstance(drawn, Tensor):
            array = np.array(drawn)
            if array.dtype.kind not in "buif":
                raise UserTypeError(f"first: {self._name}.sample returned {array.dtype}; expected numbers")
            drawn = torch.from_numpy(array)
        if tuple(drawn.shape) != (num_samples, *self._like.shape[1:]):
            raise UserError(
                f"first: {self._name}.sample({num_samples}) returned shape {tuple(drawn.shape)}; expected "
                f"{(num_samples, *self._like.shape[1:])}, as the data have"
            )
        return drawn.detach().to(self._like)

    @property
    def _name(self) -> str:
        return type(self.source).__name__

    def config(self) -> dict[str, Any]:
        """What `from_config` needs.

        Raises:
            TypeError: It cannot be stored; without a run folder it can still be boosted.
        """
        like = {"dtype": str(self._like.dtype).removeprefix("torch."), "event_shape": list(self._like.shape[1:])}
        parts = [component_record(part) for part in self._parts()]
        weights = self.source.weights.tolist() if isinstance(self.source, Mixture) else None
        return {**like, "parts": parts, "weights": weights}

    def _parts(self) -> list[Any]:
        return list(self.source.components) if isinstance(self.source, Mixture) else [self.source]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> AlreadyTrained:
        """One like the stored one; states come with `load_state_dict`.

        Raises:
            ValueError: A class that nobody vouches for.
        """
        parts = [unfitted_component("this mixture", part, components) for part in config["parts"]]
        made = cls(parts[0] if config["weights"] is None else Mixture(parts, torch.tensor(config["weights"])))
        made._like = torch.empty(0, *config["event_shape"], dtype=getattr(torch, config["dtype"]))
        return made

    def state_dict(self) -> dict[str, Tensor]:
        """The states of what it holds."""
        return {
            f"{index}.{name}": value
            for index, part in enumerate(self._parts())
            for name, value in component_tensors(part).items()
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Hands what it holds their states."""
        for index, part in enumerate(self._parts()):
            start = f"{index}."
            part.load_state_dict({n.removeprefix(start): v for n, v in state.items() if n.startswith(start)})
            if isinstance(part, torch.nn.Module):
                part.eval()
