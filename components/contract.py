"""The contract of everything that can be boosted."""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Component(Protocol):
    """One generator of the mixture: it fits weighted data and samples.

    A class needs these two methods and no base class; deriving from this one is allowed. ``log_prob(x)`` is optional
    and is used where it is there. To be stored in a run folder a component also needs ``state_dict`` and
    ``load_state_dict`` (every torch module has them). `check_component` runs the whole contract on a class.

    Two offers to a mixture's sampler are optional. A torch module with ``draw_latent(num_samples, *, generator=None)``
    that samples as ``self(self.draw_latent(num_samples))``, row by row, is called together with others of its make
    where each is to give few samples (`adagan.mixtures.sampling.stacking`). A component that learns classes is
    conditional (`adagan.components.ConditionalComponent`).
    """

    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Learns the weighted data, from scratch.

        Args:
            data: Shape (N, *event).
            weights: Non-negative, shape (N,), sum 1; ``None`` means uniform.
            labels: Classes from 0, and −1 for points without one, shape (N,); only given to a component that declares
                ``learns_labels = True``.
        """
        ...

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Independent samples, shape (num_samples, *event), with the dtype of the data.

        Args:
            num_samples: 0 or more.
            generator: Source of randomness; the same state gives the same samples. ``None`` means fresh randomness.
        """
        ...


@runtime_checkable
class WarmStartingComponent(Component, Protocol):
    """A component that can begin where another has ended, so that training adds up over the rounds."""

    def warm_start(self, previous: Any) -> Self:
        """Makes the next `fit`, and only that one, begin at `previous`, a fitted component of the same class."""
        ...
