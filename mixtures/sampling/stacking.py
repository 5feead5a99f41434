"""Stacking: components of one make run in one call, however few samples each of them is to give.

A mixture of a hundred generators that is asked for 64 samples wants one sample from most of them: one by one they
would take a hundred times as long as one generator. Components that are the same modules with other values are
therefore stacked, and one pass through the layers gives every sample the values of its own component.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter, is_
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import generator_for
from adagan.mixtures.sampling.stacked_layers import Rows, for_rows, stacked

logger = logging.getLogger(__name__)

MAX_BYTES = 2**29
"""Components that hold more than this together are not stacked: a stack is a copy of them."""


class Pushforward(Protocol):
    """What a torch component offers in order to be stacked: ``sample(n)`` is ``self(self.draw_latent(n))``.

    Each row of the result must depend on its own latent vector only, in evaluation mode and without further randomness.
    """

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor: ...

    def __call__(self, latent: Tensor) -> Tensor: ...


def alike(first: nn.Module, other: nn.Module, *, settings: bool = False) -> bool:
    """Whether two modules differ in nothing but the values of their tensors.

    Args:
        first, other: The modules.
        settings: Whether plain attributes of the outermost modules must be equal too; those of the inner ones must.
    """
    if type(first) is not type(other) or list(first._modules) != list(other._modules):
        return False
    for mine, theirs in ((first._parameters, other._parameters), (first._buffers, other._buffers)):
        if [(name, _form(tensor)) for name, tensor in mine.items()] != [(n, _form(t)) for n, t in theirs.items()]:
            return False
    if settings:
        mine, theirs = ({k: v for k, v in vars(m).items() if k not in _TREE} for m in (first, other))
        if list(mine) != list(theirs) or not all(_same(mine[name], theirs[name]) for name in mine):
            return False
    children = zip(first._modules.values(), other._modules.values(), strict=True)
    return all(a is b if a is None or b is None else alike(a, b, settings=True) for a, b in children)


_TREE = {"training", "_parameters", "_buffers", "_modules", "_made_with"}
_PLAIN = (bool, int, float, str, bytes, type(None), type, torch.dtype, torch.device, torch.Size)


def _form(tensor: Tensor | None) -> tuple[Any, ...] | None:
    return None if tensor is None else (tensor.shape, tensor.dtype, tensor.device)


def _same(first: Any, other: Any) -> bool:
    if isinstance(first, partial) and isinstance(other, partial):  # two of them are never equal
        parts = ((part.func, part.args, part.keywords) for part in (first, other))
        return all(map(_same, *parts))
    return first is other or (_plain(first) and _plain(other) and bool(first == other))


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_plain, value)) and all(map(_plain, value.values()))
    return isinstance(value, _PLAIN) or (isinstance(value, tuple | list | set) and all(map(_plain, value)))


class _Marks:
    """Remembers a component, so that training it, loading into it, fitting it anew or moving it is noticed.

    Not noticed are inner modules or tensors that somebody exchanges by hand: to look for these would cost more than
    the draw. `Mixture.refresh` is there for that.
    """

    def __init__(self, component: nn.Module) -> None:
        self.modules, self.children = component._modules, list(component._modules.values())
        tensors = chain(component.parameters(), component.buffers())
        self.tensors = [tensor for tensor in tensors if tensor.is_floating_point()] or [torch.empty(0)]
        # versions only grow, so that an equal sum means equal versions
        self.version = sum(map(_version, self.tensors))
        self.first, self.address = self.tensors[0], self.tensors[0].data_ptr()


_version = attrgetter("_version")


def _hold(marks: Sequence[_Marks]) -> bool:
    """Whether the components are as they were, at the price of very few steps each."""
    together = chain.from_iterable
    return (
        sum(map(_version, together([mark.tensors for mark in marks]))) == sum([mark.version for mark in marks])
        and [mark.first.data_ptr() for mark in marks] == [mark.address for mark in marks]
        and all(map(is_, together([m.modules.values() for m in marks]), together([m.children for m in marks])))
    )


class Stack:
    """Components of one make, stacked.

    Args:
        members: Their indices in the mixture.
        components: The components at these indices.

    Raises:
        ValueError: Stacked they do not give what each gives alone; the message says what was seen.
    """

    def __init__(self, members: Sequence[int], components: Sequence[Any]) -> None:
        self.members = tuple(members)
        self.place = {member: place for place, member in enumerate(members)}
        self._latent: Callable[..., Tensor] = components[0].draw_latent
        self._marks = [_Marks(component) for component in components]
        self._module = stacked(components)
        self._check(components)
        if not self.fresh(members):
            raise UserError(f"{type(components[0]).__name__} changes its own values as it samples")

    @torch.no_grad()
    def _check(self, components: Sequence[Any]) -> None:
        """Two latent vectors of each component's, decoded alone and together."""
        device = next(chain(components[0].parameters(), components[0].buffers())).device

        def seeded(seed: int) -> torch.Generator:
            return generator_for(device, torch.Generator().manual_seed(seed))

        places = range(len(components))
        latents = [component.draw_latent(2, generator=seeded(place)) for place, component in enumerate(components)]
        rows = Rows(
            torch.arange(len(components), device=device).repeat_interleave(2), tuple(places), (2,) * len(places)
        )
        with for_rows(rows):
            together = self._module(torch.cat(latents)).split(2)
        for place, (component, made) in enumerate(zip(components, together, strict=True)):
            alone, drawn = component(latents[place]), component.sample(2, generator=seeded(place))
            same = torch.equal(latents[place], self._latent(2, generator=seeded(place))) if not made.is_meta else True
            if not same or not _close(made, alone) or not _close(drawn, alone):
                raise UserError(f"{type(component).__name__} samples otherwise than it decodes its latent vectors")

    def fresh(self, members: Iterable[int]) -> bool:
        """Whether these components still hold the values that were stacked."""
        return _hold([self._marks[self.place[member]] for member in members])

    def sample(self, members: Sequence[int], counts: Sequence[int], generator: torch.Generator) -> Tensor:
        """Samples of shape (sum of counts, *event): the first member's, then the second's, and so on."""
        used = tuple(self.place[member] for member in members)
        latent = self._latent(sum(counts), generator=generator)
        component = torch.from_numpy(np.repeat(used, counts)).to(latent.device)
        with for_rows(Rows(component, used, tuple(counts))):
            samples: Tensor = self._module(latent)
        return samples


def _close(first: Tensor, other: Tensor) -> bool:
    if first.is_meta or first.shape != other.shape:
        return first.shape == other.shape
    return torch.allclose(first, other, rtol=1e-3, atol=1e-3 * float(other.abs().max()))


def stacks(components: Sequence[Any]) -> list[Stack]:
    """A stack for every make that two or more of the components share, as far as they can be stacked at all."""
    makes: list[list[int]] = []
    for index, component in enumerate(components):
        if isinstance(component, nn.Module) and callable(getattr(component, "draw_latent", None)):
            make = next((make for make in makes if alike(components[make[0]], component)), None)
            makes.append([index]) if make is None else make.append(index)
    found = []
    for make in makes:
        members = [components[index] for index in make]
        tensors = [t for m in members for t in (*m.parameters(), *m.buffers())]
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        if len(make) > 1 and size <= MAX_BYTES and not any(tensor.is_inference() for tensor in tensors):
            try:
                found.append(Stack(make, members))
            except Exception as error:  # whatever a module of the user's raises: alone it may well run
                logger.debug("components %s run one by one, they cannot be stacked: %s", make, error)
    return found
