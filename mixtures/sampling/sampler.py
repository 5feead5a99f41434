"""Drawing from several components into one tensor, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from adagan.mixtures.errors import UserError
from adagan.mixtures.sampling.allocation import Allocation
from adagan.mixtures.sampling.class_allocation import as_option
from adagan.mixtures.sampling.stacking import Stack, stacks

FIRST_BLOCK = 16_384
"""Samples of the first block, before the size of an event is known."""

MAX_BLOCK, MIN_BLOCK, BLOCK_ENTRIES = 65_536, 1_024, 2**24
"""A later block has as many samples as there is room for in this many entries, within these limits."""

FEW = 16
"""Components that are to give no more than this many samples each, on average, are called together."""


def block_size(sample: Tensor | None) -> int:
    """Samples of the next block, from a sample so far: so that memory does not grow with the number of samples."""
    if sample is None:
        return FIRST_BLOCK
    return max(MIN_BLOCK, min(MAX_BLOCK, BLOCK_ENTRIES // max(math.prod(sample.shape[1:]), 1)))


@contextmanager
def evaluating(*parts: Any) -> Iterator[None]:
    """Puts modules into evaluation mode inside the block and gives every part of them its own mode back."""
    modes = [(module, module.training) for part in parts if isinstance(part, nn.Module) for module in part.modules()]
    if any(mode for _, mode in modes):
        for part in parts:
            if isinstance(part, nn.Module):
                part.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def new_samples(num_samples: int, like: Tensor) -> Tensor:
    """Memory for samples with the event, dtype and device of `like`: a normal tensor, in inference mode too."""
    with torch.inference_mode(False):
        return torch.empty(num_samples, *like.shape[1:], dtype=like.dtype, device=like.device)


def device_of(*parts: Any) -> torch.device:
    """Where the first of some objects says that it is, or has its first tensor; the CPU if none of them has any."""
    for part in parts:
        device = getattr(part, "device", None)
        if isinstance(device, torch.device):
            return device
        if isinstance(part, nn.Module):
            for tensor in chain(part.parameters(), part.buffers()):
                return tensor.device
    return torch.device("cpu")


class Sampler:
    """Draws from components by their weights; components of one make that give few samples each are called together.

    Args:
        components: What samples.
    """

    def __init__(self, components: Sequence[Any]) -> None:
        self.components = components
        self._stacks: list[Stack] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"components": self.components, "_stacks": None}

    def forget(self) -> None:
        """Lets go of what was stacked."""
        self._stacks = None

    @torch.inference_mode()
    def draw(
        self,
        num_samples: int,
        allocation: Allocation,
        generator: torch.Generator,
        device: torch.device,
        *,
        condition: NDArray[np.int64] | None = None,
        return_component: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Samples and, if wanted, the components behind them.

        Args:
            num_samples: 0 or more.
            allocation: The component of each sample.
            generator: Source of randomness, on `device`.
            device: Where the samples are put together.
            condition: A class, shape (), or that of each sample, shape (num_samples,), for conditional components.
            return_component: Whether the components are wanted.

        Returns:
            Samples of shape (num_samples, *event), and indices of shape (num_samples,) if they are wanted.
        """
        index = new_samples(num_samples, torch.empty(1, dtype=torch.int64, device=device)) if return_component else None
        samples: Tensor | None = None
        begin = 0
        while begin < num_samples:
            size = min(block_size(samples), num_samples - begin)
            rows = slice(begin, begin + size)
            counts, order = allocation.block(begin, size)
            classes = _classes(condition, rows, order)
            order = order.to(device)
            used = np.flatnonzero(counts)
            sizes = counts[used]
            if index is not None:
                index[rows][order] = torch.from_numpy(np.repeat(used, sizes)).to(device)
            for first, places, part in self._parts(used.tolist(), sizes.tolist(), order, generator, classes):
                if samples is None:
                    samples = new_samples(num_samples, part.to(device))
                elif part.shape[1:] != samples.shape[1:] or part.dtype != samples.dtype:
                    raise UserError(
                        f"component {first} ({type(self.components[first]).__name__}) samples shape "
                        f"{tuple(part.shape[1:])} of {part.dtype}, the components before it {tuple(samples.shape[1:])} "
                        f"of {samples.dtype}; all must agree"
                    )
                samples[rows].index_copy_(0, places, part.to(device))
            begin += size
        if samples is None:
            nothing = self._call(allocation.likeliest, 0, generator, _classes(condition, slice(0), torch.arange(0)))
            samples = new_samples(0, nothing.to(device))
        return samples, index

    def _parts(
        self, used: list[int], sizes: list[int], order: Tensor, generator: torch.Generator, classes: int | Tensor | None
    ) -> Iterator[tuple[int, Tensor, Tensor]]:
        """The first component of each call, the places that its samples take, and the samples."""
        together = len(used) > 1 and len(order) <= FEW * len(used) and classes is None
        shared = self._stacked(used) if together else []
        if shared and len(shared[0][1]) == len(used):
            yield used[0], order, shared[0][0].sample(used, sizes, generator)
            return
        places = dict(zip(used, torch.split(order, sizes), strict=True))
        for stack, members in shared:
            theirs = [places.pop(member) for member in members]
            counts = [len(where) for where in theirs]
            yield members[0], torch.cat(theirs), stack.sample(members, counts, generator)
        own = torch.split(classes, sizes) if isinstance(classes, Tensor) else [classes] * len(used)
        wanted = dict(zip(used, own, strict=True))
        for component, where in places.items():
            yield component, where, self._call(component, len(where), generator, wanted[component])

    def _stacked(self, used: list[int]) -> list[tuple[Stack, list[int]]]:
        """The stacks that hold two or more of the components, and these components; stacked anew if they changed."""
        if self._stacks is None:
            with evaluating(*self.components):
                self._stacks = stacks(self.components)
        shared = [(stack, [index for index in used if index in stack.place]) for stack in self._stacks]
        shared = [(stack, members) for stack, members in shared if len(members) > 1]
        if not all(stack.fresh(members) for stack, members in shared):
            self._stacks = None
            return self._stacked(used)
        return shared

    def _call(self, index: int, count: int, generator: torch.Generator, classes: int | Tensor | None) -> Tensor:
        component = self.components[index]
        with evaluating(component):
            part = component.sample(count, generator=generator, **as_option(classes))
        if not isinstance(part, Tensor) or part.ndim == 0 or len(part) != count:
            got = tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__
            raise UserError(
                f"component {index} ({type(component).__name__}) was asked for {count} samples and returned {got}; "
                f"expected a tensor of shape ({count}, *event)"
            )
        return part


def _classes(condition: NDArray[np.int64] | None, rows: slice, order: Tensor) -> int | Tensor | None:
    """The class of a block's samples, or that of each in the order in which they are made, on the host."""
    if condition is None or condition.ndim == 0:
        return None if condition is None else int(condition)
    return torch.from_numpy(condition[rows])[order]
