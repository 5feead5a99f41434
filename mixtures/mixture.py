"""The mixture: components, their weights after every round, and one sampler over all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
import torch
from torch import Tensor, nn

from adagan.mixtures.arguments import ArrayLike, as_probabilities


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

    Attributes:
        weights: Buffer of shape (K,), float64, sum 1.
        history: Buffer of shape (K, K), float64.
    """

    weights: Tensor
    history: Tensor

    def __init__(
        self, components: Iterable[Any], weights: ArrayLike | None = None, *, history: Tensor | None = None
    ) -> None:
        super().__init__()
        self._components = list(components)
        if not self._components:
            raise ValueError("components: a mixture needs at least one component, got none")
        for component in self._components:
            if not callable(getattr(component, "sample", None)):
                raise TypeError(f"components: expected objects with a sample method, got {type(component).__name__}")
        count = len(self._components)
        self.modules_ = nn.ModuleList(c for c in self._components if isinstance(c, nn.Module))
        if history is None:
            values = as_probabilities(weights, count, torch.zeros(0), "weights")
            history = torch.tril(values.expand(count, count))
            history = history / history.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
        elif history.shape != (count, count):
            raise ValueError(f"history: expected shape {(count, count)}, got {tuple(history.shape)}")
        elif not bool((history >= 0).all()) or abs(float(history[-1].sum()) - 1) > 1e-6:
            raise ValueError("history: expected non-negative weights whose last row sums to 1")
        self.register_buffer("history", history.to(torch.float64))
        self.register_buffer("weights", self.history[-1].clone())

    def append(self, component: Any, weights: ArrayLike) -> Mixture:
        """The mixture with one more component and new weights of shape (K + 1,); this one stays as it is."""
        count = len(self) + 1
        values = as_probabilities(weights, count, self.weights, "weights")
        history = self.history.new_zeros(count, count)
        history[:-1, :-1] = self.history
        history[-1] = values
        return Mixture([*self._components, component], history=history)

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
            raise TypeError("a mixture is sliced as mixture[:t], the mixture after round t; see mixture.components")
        count = len(self._components[rounds])
        if count == 0:
            raise IndexError(f"mixture[:{rounds.stop}] has no components; rounds run from 1 to {len(self)}")
        history = self.history[:count, :count].clone()
        if float(history[-1].sum()) == 0:
            raise ValueError(
                f"mixture[:{rounds.stop}] has weight zero altogether; its first components were given none"
            )
        return Mixture(self._components[:count], history=history)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Moves components and weights as torch does, but leaves the weights in float64: they are not parameters."""
        history, weights = self.history, self.weights
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.history, self.weights = history.to(self.history.device), weights.to(self.weights.device)
        return self

    @overload
    def sample(
        self, num_samples: int, generator: torch.Generator | None = None, return_component: Literal[False] = False
    ) -> Tensor: ...

    @overload
    def sample(
        self, num_samples: int, generator: torch.Generator | None = None, *, return_component: Literal[True]
    ) -> tuple[Tensor, Tensor]: ...

    def sample(
        self, num_samples: int, generator: torch.Generator | None = None, return_component: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Independent samples in random order: the first half of a draw is distributed as the second.

        The component counts are drawn once, each component with a count is called once, and its samples are scattered
        into one preallocated tensor.

        Args:
            num_samples: How many, 0 or more.
            generator: Source of randomness, on the mixture's device; ``None`` seeds a fresh one from the system.
            return_component: Also return the index of the component behind each sample, shape (num_samples,).

        Returns:
            Samples of shape (num_samples, *event), on the mixture's device.

        Raises:
            ValueError: A component returned a wrong number of samples or another shape than the components before it.
        """
        if num_samples < 0:
            raise ValueError(f"num_samples: expected 0 or more, got {num_samples}")
        if generator is None:
            generator = torch.Generator(self.device)
            generator.seed()
        if num_samples == 0:
            empty = self._draw(int(self.weights.argmax()), 0, generator)
            return (empty, torch.zeros(0, dtype=torch.int64, device=self.device)) if return_component else empty
        counts = self._component_counts(num_samples, generator)
        order = torch.randperm(num_samples, generator=generator, device=self.device)
        samples: Tensor | None = None
        used = [index for index, count in enumerate(counts) if count]
        for index, places in zip(used, torch.split(order, [counts[index] for index in used]), strict=True):
            block = self._draw(index, len(places), generator)
            if samples is None:
                samples = block.new_empty(num_samples, *block.shape[1:])
            elif block.shape[1:] != samples.shape[1:] or block.dtype != samples.dtype:
                raise ValueError(
                    f"component {index} ({type(self._components[index]).__name__}) samples shape "
                    f"{tuple(block.shape[1:])} of {block.dtype}, the components before it {tuple(samples.shape[1:])} "
                    f"of {samples.dtype}; all must agree"
                )
            samples[places] = block
        assert samples is not None  # counts sum to num_samples > 0
        if not return_component:
            return samples
        component = torch.empty(num_samples, dtype=torch.int64, device=self.device)
        component[order] = torch.repeat_interleave(torch.tensor(counts, device=self.device))
        return samples, component

    def _component_counts(self, num_samples: int, generator: torch.Generator) -> list[int]:
        seed = torch.randint(2**62, (), generator=generator, device=self.device)
        weights = self.weights.cpu().numpy()
        counts = np.random.default_rng(int(seed)).multinomial(num_samples, weights / weights.sum())
        return [int(count) for count in counts]

    @torch.no_grad()
    def _draw(self, index: int, count: int, generator: torch.Generator) -> Tensor:
        component = self._components[index]
        parts = list(component.modules()) if isinstance(component, nn.Module) else []
        modes = [part.training for part in parts]
        if any(modes):
            component.eval()
        try:
            block = component.sample(count, generator=generator)
        finally:
            for part, mode in zip(parts, modes, strict=True):
                part.training = mode
        if not isinstance(block, Tensor) or block.ndim == 0 or len(block) != count:
            got = tuple(block.shape) if isinstance(block, Tensor) else type(block).__name__
            raise ValueError(
                f"component {index} ({type(component).__name__}) was asked for {count} samples and returned {got}; "
                f"expected a tensor of shape ({count}, *event)"
            )
        return block.to(self.device)

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
                raise TypeError(
                    f"component {index} ({type(component).__name__}) has no log_prob, so neither has the mixture"
                )
            logs.append(weight.log() + component.log_prob(x))
        return torch.logsumexp(torch.stack(logs), dim=0)

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Writes weights and components to a folder: safetensors and JSON, nothing that could execute.

        Raises:
            FileExistsError: The folder holds something already and `overwrite` is not set.
            TypeError: A component cannot be stored; it is named, with what it lacks.
        """
        from adagan.mixtures.storage import save_mixture

        save_mixture(self, folder, overwrite=overwrite)

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
        from adagan.mixtures.storage import load_mixture

        return load_mixture(folder, device=device, components=components)
