"""Stacking: components of one make run in one call, however few samples each of them is to give.

A mixture of a hundred generators that is asked for 64 samples wants one sample from most of them: one by one they
would take a hundred times as long as one generator. Components that are the same modules with other values are
therefore stacked, and one pass through the layers gives every sample the values of its own component.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from operator import is_
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

logger = logging.getLogger(__name__)

MAX_BYTES = 2**29
"""Components that hold more than this together are not stacked: a stack is a copy of them."""


class Pushforward(Protocol):
    """What a torch component offers in order to be stacked: ``sample(n)`` is ``self(self.draw_latent(n))``.

    Each row of the result must depend on its own latent vector only, in evaluation mode and without further randomness.
    """

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor: ...

    def __call__(self, latent: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Rows:
    """Which component each row of a batch belongs to, sorted by component.

    Attributes:
        component: Place in the stack, shape (N,), on the stack's device.
        used: The places that occur, in order.
        counts: Rows of each of them.
    """

    component: Tensor
    used: tuple[int, ...]
    counts: tuple[int, ...]

    @cached_property
    def groups(self) -> Tensor:
        """The places that occur, shape (G,)."""
        return torch.tensor(self.used, device=self.component.device)

    @cached_property
    def slots(self) -> Tensor:
        """Where the rows stand when every component's are padded to the largest count, shape (N,)."""
        counts = np.array(self.counts)
        within = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
        slots = np.repeat(np.arange(len(counts)), counts) * counts.max() + within
        return torch.from_numpy(slots).to(self.component.device)


_rows: ContextVar[Rows] = ContextVar("rows")


@contextmanager
def _for_rows(rows: Rows) -> Iterator[None]:
    token = _rows.set(rows)
    try:
        yield
    finally:
        _rows.reset(token)


class StackedLinear(nn.Module):
    """y_i = W_k x_i + b_k, k the component of row i, for inputs of shape (N, ..., in).

    As a weighted sum of table rows: nothing is copied per row, where a batched product would gather every W_k first.

    Args:
        layers: One linear layer per component, of one shape.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        weights = torch.stack([layer.weight.detach() for layer in layers])
        self.in_features, self.out_features = layers[0].in_features, layers[0].out_features
        self.table = weights.transpose(1, 2).reshape(-1, self.out_features).contiguous()
        self.bias = None if layers[0].bias is None else torch.stack([layer.bias.detach() for layer in layers])
        self.columns = torch.arange(self.in_features, device=weights.device)

    def forward(self, x: Tensor) -> Tensor:
        component = _rows.get().component
        flat = x.reshape(-1, self.in_features)
        if x.ndim > 2:
            component = component.repeat_interleave(len(flat) // len(x), output_size=len(flat))
        entries = component[:, None] * self.in_features + self.columns
        y = nn.functional.embedding_bag(entries, self.table, mode="sum", per_sample_weights=flat)
        if self.bias is not None:
            y = y + self.bias[component]
        return y.reshape(*x.shape[:-1], self.out_features)


class StackedModule(nn.Module):
    """Any module with values of its own per component, by ``torch.func.vmap`` over the components that occur.

    Args:
        modules: One module per component, alike but for the values.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        # hidden from the module tree, whose tensors are the template's
        self._hidden = (copy.deepcopy(modules[0]).eval(),)
        states = [module.state_dict(keep_vars=True) | dict(module.named_buffers()) for module in modules]
        self.values = {name: torch.stack([state[name].detach() for state in states]) for name in states[0]}

    def forward(self, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        rows = _rows.get()
        values = {name: value[rows.groups] for name, value in self.values.items()}
        width = max(rows.counts)
        padded = x.new_zeros(len(rows.used) * width, *x.shape[1:])
        padded[rows.slots] = x

        def call(values: dict[str, Tensor], x: Tensor) -> Tensor:
            y: Tensor = functional_call(self._hidden[0], values, (x, *arguments), options)
            return y

        y: Tensor = vmap(call)(values, padded.unflatten(0, (len(rows.used), width)))
        return y.flatten(0, 1)[rows.slots]


def stacked(modules: Sequence[nn.Module]) -> nn.Module:
    """One module that stands for several alike: where they hold values the values are stacked, the rest is shared."""
    first = modules[0]
    if all(type(module) is nn.Linear for module in modules):
        return StackedLinear([module for module in modules if isinstance(module, nn.Linear)])
    own = list(first.named_parameters(recurse=False)) + list(first.named_buffers(recurse=False))
    if any(not _equal([getattr(module, name) for module in modules]) for name, _ in own):
        return StackedModule(modules)
    shell = copy.copy(first)
    shell._modules = {
        name: child and stacked([getattr(module, name) for module in modules])
        for name, child in first._modules.items()
    }
    return shell.train(False) if not shell._modules else _set_eval(shell)


def _set_eval(shell: nn.Module) -> nn.Module:
    shell.training = False
    return shell


def _equal(tensors: Sequence[Tensor]) -> bool:
    first = tensors[0]
    return not first.is_meta and all(torch.equal(first, other) for other in tensors[1:])
