"""One component per class: any generator becomes a conditional one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from adagan.components.adapters.as_component import as_component
from adagan.components.checks import check_maker, keywords_only
from adagan.components.contract import Component, has_density, name_of
from adagan.components.fit_component import fit_component
from adagan.components.labels import as_classes, check_num_classes, shares_by_weight
from adagan.components.training.data_sources import takes_data_sources
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import inherited_seed, isolated_randomness
from adagan.mixtures.sampling.class_allocation import as_indices
from adagan.mixtures.storage.components import component_record, unfitted_component


class ClassConditional(ConstructorParameters, nn.Module):
    """P(x) = Σ_c P(c) P(x | c): a component for every class, fitted to the points of that class alone.

    Points without a label, −1, are left out: neither the components nor the classes' shares learn from them. A class
    whose points have no weight in a round gets no component and the share 0; other components of a boosted mixture,
    which were given it, sample it then.

    >>> from adagan.components import ClassConditional, Gaussian
    >>> data, classes = torch.tensor([[0.0], [2.0], [7.0], [9.0]]), torch.tensor([0, 0, 1, 1])
    >>> component = ClassConditional(Gaussian).fit(data, labels=classes)
    >>> component.sample(3, condition=torch.tensor([0, 1, 0])).shape
    torch.Size([3, 1])

    Args:
        make_component: Makes an unfitted component: a class, a ``functools.partial``, any callable without arguments.
        num_classes: C, if labels from C on are to be refused; ``None`` takes the largest label that occurs.

    Attributes:
        class_shares_: Shares of the classes by weight, shape (C,), float64, on the CPU wherever the components are.
        classes_: The classes that have a component, in order.
        mixture_: Their components.
    """

    learns_labels: ClassVar[bool] = True
    class_shares_: Tensor
    classes_: tuple[int, ...]
    mixture_: Mixture

    def __init__(self, make_component: Callable[[], Any], num_classes: int | None = None) -> None:
        super().__init__()
        check_maker("make_component", make_component, "a fresh component for every class")
        check_counts(num_classes=num_classes)
        self.make_component, self.num_classes = make_component, num_classes

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Fits a fresh component to each class.

        Args:
            data: Shape (N, *event).
            weights: Shape (N,), non-negative; ``None`` means uniform.
            labels: Classes from 0, and −1 for points without one, shape (N,).

        Raises:
            ValueError: No labels, labels outside the range, all weight on points without one, or data of a class that
                its component refuses, with the class.
        """
        known = as_classes(labels, len(data), type(self).__name__).to(data.device)
        num_classes = check_num_classes(known, self.num_classes)
        base = as_probabilities(weights, len(data), data, "weights")
        shares = shares_by_weight(known, base, num_classes)
        classes = tuple(shares.nonzero()[:, 0].tolist())
        seed = inherited_seed()
        components = [self._fitted(label, data, base, known == label, seed) for label in classes]
        self._take(components, classes, shares)
        return self

    def _fitted(self, label: int, data: Tensor, base: Tensor, rows: Tensor, seed: int) -> Component:
        own = base[rows]
        with isolated_randomness(int(np.random.default_rng([seed, label]).integers(2**62))):
            try:
                return fit_component(as_component(self.make_component()), data[rows], weights=own / own.sum())
            except ValueError as error:
                kind = type(error) if isinstance(error, UserError) else ValueError
                raise kind(f"class {label}, {int(rows.sum())} points: {error}") from error

    def _take(self, components: Sequence[Any], classes: Sequence[int], shares: Tensor) -> None:
        self.classes_, self.class_shares_ = tuple(classes), shares
        self.mixture_ = Mixture(components, shares[list(classes)])

    def sample(
        self, num_samples: int, *, generator: torch.Generator | None = None, condition: int | Tensor | None = None
    ) -> Tensor:
        """Samples of shape (num_samples, *event).

        Args:
            num_samples: 0 or more.
            generator: Source of randomness; ``None`` seeds a fresh one from the system.
            condition: The class of all samples; or, shape (num_samples,), that of each in turn; ``None`` draws the
                classes by their shares.

        Raises:
            ValueError: A class that is not there, or that the data had no weight on.
        """
        if not hasattr(self, "mixture_"):
            raise RuntimeError("this ClassConditional is not fitted yet; call fit(data, labels=classes) first")
        if condition is None:
            return self.mixture_.sample(num_samples, generator)
        wanted = as_indices(condition, num_samples, len(self.class_shares_), "condition")
        places = np.full(len(self.class_shares_), -1)
        places[list(self.classes_)] = np.arange(len(self.classes_))
        component = places[wanted]
        if (component < 0).any():
            raise UserError(
                f"condition: class {wanted[component < 0][0]} had no weight in the data that this component was "
                f"fitted to; it samples the classes {', '.join(map(str, self.classes_))}"
            )
        return self.mixture_.sample(num_samples, generator, component=torch.as_tensor(component))

    @property
    def has_density(self) -> bool:
        """Whether all components have a density; of an unfitted one, whether those would that it makes."""
        if hasattr(self, "mixture_"):
            return all(map(has_density, self.mixture_))
        with isolated_randomness(0):
            return has_density(as_component(self.make_component()))

    def log_prob(self, x: Tensor) -> Tensor:
        """Log Σ_c P(c) P(x | c) at points of shape (N, *event), shape (N,).

        Raises:
            TypeError: The component of a class has no density.
        """
        for label, component in zip(self.classes_, self.mixture_, strict=True):
            if not has_density(component):
                raise UserTypeError(f"the component of class {label} ({name_of(component)}) has no log_prob")
        return self.mixture_.log_prob(x)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs.

        Raises:
            TypeError: The components cannot be stored; they are named.
        """
        fitted = hasattr(self, "mixture_")
        return {
            "num_classes": self.num_classes,
            "makes": component_record(as_component(self.make_component())),
            "classes": list(self.classes_) if fitted else [],
            "components": [component_record(component) for component in self.mixture_] if fitted else [],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Self:
        """An unfitted component like the stored one, whose classes' components are made already.

        Raises:
            ValueError: The classes' components are of a class that nobody vouches for.
        """
        # the user vouches for what makes this component, and with it for what makes its parts
        outer = [make() for make in components if not isinstance(make, type)]
        makers = [*components, *(one.make_component for one in outer if isinstance(one, ClassConditional))]
        made = cls(partial(unfitted_component, cls.__name__, config["makes"], makers), config["num_classes"])
        if config["classes"]:
            parts = [unfitted_component(cls.__name__, record, makers) for record in config["components"]]
            made._take(parts, config["classes"], _equal_shares(config["classes"]))
        return made

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        """The shares and the states of all components, torch modules or not; as torch's inside a larger module."""
        if arguments or options or not hasattr(self, "mixture_"):
            return super().state_dict(*arguments, **options)
        states = [component.state_dict() for component in self.mixture_]
        parts = {f"components.{i}.{name}": value for i, state in enumerate(states) for name, value in state.items()}
        return {"class_shares_": self.class_shares_, **parts}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> None:
        """Hands every component its state."""
        components = list(self.mixture_)
        for index, component in enumerate(components):
            start = f"components.{index}."
            component.load_state_dict({k.removeprefix(start): v for k, v in state_dict.items() if k.startswith(start)})
        self._take(components, self.classes_, state_dict["class_shares_"].double().cpu())


def _equal_shares(classes: Sequence[int]) -> Tensor:
    shares = torch.zeros(max(classes) + 1, dtype=torch.float64)
    shares[list(classes)] = 1 / len(classes)
    return shares
