"""Any component as a generator of a table's rows: its samples are vectors that stand for a row exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from adagan.components.adapters.as_component import as_component
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.checks import check_maker, keywords_only
from adagan.components.contract import Component
from adagan.components.fit_component import fit_component
from adagan.components.labels import refuse_labels
from adagan.components.training.data_sources import takes_data_sources
from adagan.mixtures.errors import UserTypeError
from adagan.mixtures.numbers import check_non_negative
from adagan.mixtures.parameters import ConstructorParameters
from adagan.mixtures.randomness import inherited_seed
from adagan.mixtures.storage.components import component_record, unfitted_component


class Tabular(ConstructorParameters, nn.Module):
    """A component that learns encoded rows of a table and samples none that is not one.

    A row has a single one in a category's block and whole numbers in a column of such, a generator's output only nearly
    so: a critic would tell them apart by that alone. Here samples are moved to the nearest encoded row, and the
    component learns from rows blurred by as much as this undoes, so that its own adversary, or its density, does not
    run into that difference either.

    Args:
        make_component: Makes the component for vectors (N, D): a class, a ``functools.partial``.
        encoding: The table's.
        noise: Standard deviation of the normal noise on the entries of categories, 0 or more; whole numbers are moved
            by up to half of their distance, evenly, unless it is 0.

    Attributes:
        component_: The component, fitted.

    References:
        Xu et al., *Modeling tabular data using conditional GAN*, 2019, https://arxiv.org/abs/1907.00503, on what makes
        tables hard for generators.
    """

    component_: Component
    encoding: TableEncoding

    def __init__(self, make_component: Callable[[], Any], encoding: TableEncoding, *, noise: float = 0.1) -> None:
        super().__init__()
        check_maker("make_component", make_component, "a fresh component")
        if not isinstance(encoding, TableEncoding):
            raise UserTypeError(f"encoding: expected a TableEncoding, got {type(encoding).__name__}")
        check_non_negative(noise=noise)
        self.make_component, self.encoding, self.noise = make_component, encoding, noise
        self._columns: Mapping[str, Any] = encoding.config()

    @keywords_only
    @takes_data_sources
    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Self:
        """Fits a fresh component to encoded rows (N, D), by weights (N,).

        Raises:
            ValueError: The data are not of this encoding's width.
        """
        refuse_labels(self, labels)
        randomness = torch.Generator(data.device).manual_seed(inherited_seed())
        blurred = self.encoding.blurred(data, self.noise, randomness)
        self.component_ = fit_component(as_component(self.make_component()), blurred, weights=weights)
        return self

    @torch.no_grad()
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Encoded rows, shape (num_samples, D)."""
        if not hasattr(self, "component_"):
            raise RuntimeError("this Tabular is not fitted yet; call fit(data) first")
        return self.encoding.nearest(self.component_.sample(num_samples, generator=generator))

    def config(self) -> dict[str, Any]:
        """What `from_config` needs.

        Raises:
            TypeError: The component cannot be stored.
        """
        component = self.component_ if hasattr(self, "component_") else as_component(self.make_component())
        return {"noise": self.noise, "encoding": self._columns, "component": component_record(component)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Callable[[], Any]] = ()) -> Tabular:
        """A component like the stored one; transformers and state come with `load_state_dict`.

        Raises:
            ValueError: A component of a class that nobody vouches for.
        """
        # the user vouches for what makes this component, and with it for what makes its part
        outer = [make() for make in components if not isinstance(make, type)]
        users = [one.make_component for one in outer if isinstance(one, cls)]
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        made.noise, made._columns = config["noise"], config["encoding"]
        made.component_ = unfitted_component("this mixture", config["component"], [*users, *components])
        return made

    def state_dict(self, *arguments: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """The component's state and the encoding's transformers; as torch's inside a larger module."""
        if arguments or options or not hasattr(self, "component_"):
            whole: dict[str, Any] = super().state_dict(*arguments, **options)
            return whole
        component: Any = self.component_
        own = {f"component.{name}": value for name, value in component.state_dict().items()}
        return {"encoding": self.encoding.state(), **own}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> None:
        """Restores the encoding and hands the component its state.

        Raises:
            ValueError: The encoding's bytes are not skops', or hold a type that it does not trust.
        """
        self.encoding = TableEncoding.restored(self._columns, state_dict["encoding"])
        start, component = "component.", cast(Any, self.component_)
        component.load_state_dict({k.removeprefix(start): v for k, v in state_dict.items() if k.startswith(start)})
