"""The contract of everything that can be boosted, as protocols: two methods, and what may be declared beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Component(Protocol):
    """One generator of the mixture: it fits weighted data and samples.

    A class needs these two methods and no base class; deriving from this one is allowed. What else it can do, or
    cannot, it says by attributes of the class or of the object; one that is absent has its default:

    - ``takes_weights``, by default true: where it is false, `fit` is given no weights, but rows drawn by weight;
    - ``learns_labels``, by default false: where it is true, `fit` is given the labels that there are, else never;
    - ``continues``, by default whether there is a method ``warm_start``: where it is true without that method, another
      `fit` of a fitted object goes on from where it is;
    - ``length``, by default ``"max_steps"``: the name of the attribute that says how long it trains, a whole number of
      steps or epochs, by which a budget sets it; where there is no such attribute, training takes the time it takes;
    - ``patch``: a method that makes unfitted components of a quick kind for few points, for what is missing;
    - ``has_density``, by default whether there is a method ``log_prob(x)``: where it is false, that is never called.

    `fit` is given copies, to do with as it likes. Optional, and used where they are there, are the methods of
    `WarmStarting` and `ConditionalComponent`, and for run folders ``state_dict`` and ``load_state_dict`` (every torch
    module has them). A torch module with ``draw_latent(num_samples, *, generator=None)`` that samples as
    ``self(self.draw_latent(num_samples))``, row by row, is called together with others of its make where each is to
    give few samples (`adagan.mixtures.sampling.stacking`).

    `adagan.components.check_component` runs the whole contract on a class.
    """

    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Learns the weighted data, from scratch.

        Args:
            data: Shape (N, *event).
            weights: Non-negative, shape (N,), sum 1; ``None`` means uniform.
            labels: Classes from 0, and −1 for points without one, whole numbers, shape (N,).
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
class WarmStarting(Component, Protocol):
    """A component that can begin where another has ended, so that training adds up over the rounds."""

    def warm_start(self, previous: Any) -> Self:
        """Makes the next `fit`, and only that one, begin at `previous`, a fitted component of the same class."""
        ...


@runtime_checkable
class ConditionalComponent(Component, Protocol):
    """A component that learns points with their classes, 0 to C − 1, and samples the classes that are wanted.

    A mixture of such components is sampled by class too: `Mixture.sample` weighs them by how often they sample the
    class, P(k | class) ∝ weight_k · P_k(class), for which it reads their ``class_shares_``.

    Attributes:
        class_shares_: P(class), the shares of the classes among the fitted component's samples, shape (C,), sum 1, on
            the CPU. A class of share 0 is one that the component cannot sample.
    """

    class_shares_: Tensor

    def sample(
        self, num_samples: int, *, generator: torch.Generator | None = None, condition: int | Tensor | None = None
    ) -> Tensor:
        """Independent samples, shape (num_samples, *event), with the dtype of the data.

        Args:
            num_samples: 0 or more.
            generator: Source of randomness; the same state gives the same samples. ``None`` means fresh randomness.
            condition: The class of all samples; or, shape (num_samples,), that of each in turn; ``None`` draws the
                classes by their shares.

        Raises:
            ValueError: A class that is not there, or of share 0.
        """
        ...


def takes_weights(component: object) -> bool:
    """Whether a component is given weights; if not, rows drawn by weight."""
    return bool(getattr(component, "takes_weights", True))


def learns_labels(component: object) -> bool:
    """Whether a component declares that it learns from labels."""
    return bool(getattr(component, "learns_labels", False))


def continues(component: object) -> bool:
    """Whether a component's training can go on from where another's has ended."""
    return isinstance(component, WarmStarting) or bool(getattr(component, "continues", False))


def patch_of(component: object) -> Callable[[], Component] | None:
    """What makes quick components for few points, where a component says it."""
    found = getattr(component, "patch", None)
    return found if callable(found) else None


def has_density(component: object) -> bool:
    """Whether a component has a log density to call."""
    return callable(getattr(component, "log_prob", None)) and bool(getattr(component, "has_density", True))


def name_of(component: object) -> str:
    """The name of a component's class; of a wrapped object's own class."""
    return type(getattr(component, "generator", component)).__name__
