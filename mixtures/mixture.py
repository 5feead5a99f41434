"""The mixture: components, their weights after every round, and one sampler over all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from adagan.mixtures.arguments import ArrayLike, as_probabilities
from adagan.mixtures.encoding import Encoding
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.numbers import check_whole
from adagan.mixtures.parameters import html_table, shown
from adagan.mixtures.randomness import generator_for, source_of_chance
from adagan.mixtures.sampling.class_allocation import allocate, as_indices, class_shares
from adagan.mixtures.sampling.sampler import Sampler
from adagan.mixtures.storage.files import written_folder
from adagan.mixtures.storage.mixture_folder import read_mixture, write_mixture
from adagan.mixtures.storage.restoring import check_saved

MOST_AT_ONCE = 2**40
"""Samples of one draw."""
SHOWN = 6
"""Components that a mixture's representation names."""


class Mixture(nn.Module):
    """Components with weights, sampled in one call on one device.

    Torch components live in a ``ModuleList`` and the weights in a buffer, so that ``.to(device)`` moves everything.
    The weights after every earlier round are kept, and ``mixture[:t]`` is the mixture after round t. A mixture holds
    components only: no samples and no data.

    Args:
        components: Fitted components: objects with ``sample(num_samples, *, generator=None)``.
        weights: Their weights, shape (K,), normalised here; ``None`` means equal.
        history: Weights after each round, shape (K, K), row t − 1 being those after round t, padded with zeros;
            ``None`` takes the prefixes of `weights`, renormalised.
        encoding: What the samples mean, if they are rows of a table or images: they are brought to the nearest encoded
            ones, and ``mixture.encoding.decode(samples)`` is the table, or the images as they came. Densities are those
            of the components, before that.

    Attributes:
        weights: Buffer of shape (K,), float64, sum 1.
        history: Buffer of shape (K, K), float64.
    """

    weights: Tensor
    history: Tensor

    def __init__(
        self,
        components: Iterable[Any],
        weights: ArrayLike | None = None,
        *,
        history: Tensor | None = None,
        encoding: Encoding | None = None,
    ) -> None:
        super().__init__()
        self.encoding = encoding
        self._components = list(components)
        if not self._components:
            raise UserError("components: a mixture needs at least one component, got none")
        for component in self._components:
            if not callable(getattr(component, "sample", None)):
                raise UserTypeError(
                    f"components: expected objects with a sample method, got {type(component).__name__}"
                )
        count = len(self._components)
        self.modules_ = nn.ModuleList(c for c in self._components if isinstance(c, nn.Module))
        if history is None:
            values = as_probabilities(weights, count, torch.zeros(0), "weights")
            history = torch.tril(values.expand(count, count))
            history = history / history.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
        elif history.shape != (count, count):
            raise UserError(f"history: expected shape {(count, count)}, got {tuple(history.shape)}")
        elif not bool((history >= 0).all()) or abs(float(history[-1].sum()) - 1) > 1e-6:
            raise UserError("history: expected non-negative weights whose last row sums to 1")
        self.register_buffer("history", history.to(torch.float64))
        self.register_buffer("weights", self.history[-1].clone())
        self._sampler = Sampler(self._components)
        self._host = _on_host(self.weights)

    def __repr__(self) -> str:
        weights = self._weights_on_host()
        made = ", ".join(f"{weight:.3f} {type(c).__name__}" for c, weight in zip(self, weights, strict=True))
        return f"Mixture({made if len(self) <= SHOWN else f'{len(self)} components'})"

    def _repr_html_(self) -> str:
        rows = {
            f"{index}. {shown(component)}": f"{weight:.3f}"
            for index, (component, weight) in enumerate(zip(self, self._weights_on_host(), strict=True), start=1)
        }
        return html_table(f"Mixture of {len(self)} on {self.device}", rows)

    def append(self, component: Any, weights: ArrayLike) -> Mixture:
        """The mixture with one more component and new weights of shape (K + 1,); this one stays as it is."""
        count = len(self) + 1
        values = as_probabilities(weights, count, self.weights, "weights")
        history = self.history.new_zeros(count, count)
        history[:-1, :-1] = self.history
        history[-1] = values
        return Mixture([*self._components, component], history=history, encoding=self.encoding)

    @property
    def components(self) -> tuple[Any, ...]:
        """The components, in the order of their rounds."""
        return tuple(self._components)

    @property
    def device(self) -> torch.device:
        """Where the weights are, and where samples are made."""
        return self.weights.device

    def __len__(self) -> int:
        return len(self._components)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._components)

    def __getitem__(self, rounds: slice) -> Mixture:
        """``mixture[:t]`` is the mixture after round t; the components are shared with this one."""
        if not isinstance(rounds, slice) or rounds.start not in (None, 0) or rounds.step not in (None, 1):
            raise UserTypeError("a mixture is sliced as mixture[:t], the mixture after round t; see mixture.components")
        count = len(self._components[rounds])
        if count == 0:
            raise IndexError(f"mixture[:{rounds.stop}] has no components; rounds run from 1 to {len(self)}")
        history = self.history[:count, :count].clone()
        if float(history[-1].sum()) == 0:
            raise UserError(f"mixture[:{rounds.stop}] has weight zero altogether; its first components were given none")
        return Mixture(self._components[:count], history=history, encoding=self.encoding)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Moves components and weights as torch does, but leaves the weights in float64: they are not parameters."""
        history, weights, values = self.history, self.weights, self._weights_on_host()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.history, self.weights = history.to(self.history.device), weights.to(self.weights.device)
        self._host = (self.weights, self.weights._version, values)
        self._sampler.forget()
        return self

    @overload
    def sample(
        self,
        num_samples: int,
        generator: torch.Generator | None = None,
        return_component: Literal[False] = False,
        *,
        component: int | Tensor | None = None,
        condition: int | Tensor | None = None,
        seed: int | None = None,
    ) -> Tensor: ...

    @overload
    def sample(
        self,
        num_samples: int,
        generator: torch.Generator | None = None,
        *,
        return_component: Literal[True],
        component: int | Tensor | None = None,
        condition: int | Tensor | None = None,
        seed: int | None = None,
    ) -> tuple[Tensor, Tensor]: ...

    def sample(
        self,
        num_samples: int,
        generator: torch.Generator | None = None,
        return_component: bool = False,
        *,
        component: int | Tensor | None = None,
        condition: int | Tensor | None = None,
        seed: int | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Independent samples in random order: the first half of a draw is distributed as the second.

        Samples are made in blocks, so that memory beyond the result does not grow with their number. In each block
        every component is called once, or all components of one make together if they are to give few samples each
        (see `adagan.mixtures.sampling.stacking`), in evaluation and inference mode; the result is a normal tensor.

        Args:
            num_samples: How many, 0 or more.
            generator: Source of randomness; one of another device seeds one of the mixture's device, ``None`` takes
                `seed`, or a fresh one from the system.
            return_component: Also return the index of the component behind each sample, shape (num_samples,).
            component: Sample this component only; or, shape (num_samples,), the component of each sample in turn.
            condition: Sample this class only; or, shape (num_samples,), the class of each sample in turn. The
                components must be conditional: ``sample(..., condition=)`` and ``class_shares_``, the shares of the
                classes among the component's samples. The components' weights are those given the class,
                P(k | class) ∝ weight_k · P_k(class).
            seed: Of the draw, instead of a generator.

        Returns:
            Samples of shape (num_samples, *event), on the mixture's device.

        Raises:
            ValueError: A component returned a wrong number of samples or another shape than the components before it;
                a component or class that is not there.
            TypeError: A class is wanted, and a component is not conditional; it is named.
        """
        if check_whole(num_samples, "num_samples") < 0:
            raise UserError(f"num_samples: expected 0 or more, got {num_samples}")
        if num_samples > MOST_AT_ONCE:
            raise UserError(f"num_samples: {num_samples} fit no memory; stream_samples writes them to a file by blocks")
        source = generator_for(self.device, source_of_chance(generator, seed, self.device))
        chosen = None if component is None else as_indices(component, num_samples, len(self), "component")
        shares = classes = None
        if condition is not None:
            shares = class_shares(self._components)
            classes = as_indices(condition, num_samples, shares.shape[1], "condition")
        allocation = allocate(
            self._weights_on_host(),
            num_samples,
            source,
            self.device,
            component=chosen,
            condition=classes,
            shares=shares,
        )
        samples, index = self._sampler.draw(
            num_samples, allocation, source, self.device, condition=classes, return_component=return_component
        )
        if self.encoding is not None:
            samples = self.encoding.nearest(samples)
        return samples if index is None else (samples, index)

    def forward(self, num_samples: int, generator: torch.Generator | None = None) -> Tensor:
        """`sample`, for tools that call a module: a generator makes samples.

        Raises:
            UserTypeError: Something else than a number of samples.
        """
        if isinstance(num_samples, bool) or not isinstance(num_samples, int):
            raise UserTypeError(f"num_samples: a mixture is called with a number of samples, got {num_samples!r:.40}")
        return self.sample(num_samples, generator)

    @property
    def class_shares_(self) -> Tensor:
        """The shares of the classes among the mixture's samples, Σ_k weight_k · P_k(class), shape (C,), on the CPU.

        Raises:
            AttributeError: A component is not conditional.
        """
        try:
            shares = class_shares(self._components)
        except TypeError as error:
            raise AttributeError(str(error)) from error
        return torch.from_numpy(self._weights_on_host() @ shares)

    def refresh(self) -> None:
        """Takes the components as they are now.

        Small draws call components of one make together, for which their values are copied once. That a component was
        trained on, fitted anew, loaded into or moved is noticed; after an exchange of tensors or modules deep inside
        one by hand call this.
        """
        self._sampler.forget()

    def _weights_on_host(self) -> NDArray[np.float64]:
        """The weights as numpy's, read from the device when they have changed only."""
        weights, version, _ = self._host
        # on the meta device the values are known here only
        if not self.weights.is_meta and (weights is not self.weights or version != self.weights._version):
            self._host = _on_host(self.weights)
        return self._host[2]

    def log_prob(self, x: Tensor) -> Tensor:
        """The log density at points of shape (N, *event), when every component has ``log_prob``.

        Raises:
            TypeError: A component with positive weight has no density; it is named.
        """
        logs = []
        for index, (component, weight) in enumerate(zip(self._components, self.weights, strict=True)):
            if float(weight) == 0:
                continue
            if not callable(getattr(component, "log_prob", None)):
                raise UserTypeError(
                    f"component {index} ({type(component).__name__}) has no log_prob, so neither has the mixture"
                )
            logs.append(weight.log() + component.log_prob(x))
        return torch.logsumexp(torch.stack(logs), dim=0)

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        components: Sequence[Callable[[], Any]] = (),
    ) -> None:
        """Writes weights and components to a folder: safetensors and JSON, nothing that could execute.

        Every component is restored first, and has to draw what this one draws.

        Args:
            folder: Where to.
            overwrite: Whether what is there may be replaced.
            components: What made the components that are not the package's own, as for `load`.

        Raises:
            FileExistsError: The folder holds something already and `overwrite` is not set.
            TypeError: A component cannot be stored; it is named, with what it lacks.
            ValueError: A component would not be the same when it is loaded; what is lost is named, with the cure.
        """
        for component in self.components:
            check_saved(component, components)
        with written_folder(folder, overwrite=overwrite) as draft:
            write_mixture(draft, self.components, self.history, self.encoding)

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        device: torch.device | str | None = None,
        components: Sequence[Callable[[], Any]] = (),
    ) -> Mixture:
        """Reads a saved mixture.

        Args:
            folder: Where `save` (or a run) wrote it.
            device: Where to put it; ``None`` means the CPU.
            components: What made the components that are not the package's own: classes or zero-argument callables,
                as they were given to ``AdaGAN``.

        Raises:
            FileNotFoundError: No mixture in the folder.
            ValueError: A corrupted or truncated file, a newer format, or an unknown class; the message says which.
        """
        stored = read_mixture(folder, components)
        return cls(stored.components, history=stored.history, encoding=stored.encoding)[: stored.kept].to(
            device or "cpu"
        )


def _on_host(weights: Tensor) -> tuple[Tensor, int, NDArray[np.float64]]:
    """The tensor, its version and its values, normalised."""
    values: NDArray[np.float64] = weights.cpu().numpy()
    return weights, weights._version, values / values.sum()
