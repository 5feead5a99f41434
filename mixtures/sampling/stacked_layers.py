"""Layers of several modules alike as one: each row of a batch passes through the values of its own component."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.functional import embedding_bag


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
    _tables: dict[tuple[int, int], tuple[Tensor, Tensor]] = field(default_factory=dict)

    def table(self, size: int, repeats: int = 1) -> tuple[Tensor, Tensor]:
        """Where the rows find their values in a table that holds `size` of its rows per component, one after the other.

        Args:
            size: Rows of the table per component.
            repeats: How many rows in turn each row of the batch stands for.

        Returns:
            The rows of the table that are used, shape (M · size,), M = N · repeats, and where those of each row begin
            among them, shape (M,).
        """
        if (size, repeats) not in self._tables:
            component = self.component if repeats == 1 else self.component.repeat_interleave(repeats)
            columns = torch.arange(size, device=component.device)
            entries = (component[:, None] * size + columns).flatten()
            begins = torch.arange(0, len(entries), size, device=component.device)
            self._tables[size, repeats] = (entries, begins)
        return self._tables[size, repeats]

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
def for_rows(rows: Rows) -> Iterator[None]:
    """Inside the block stacked layers are given these rows."""
    token = _rows.set(rows)
    try:
        yield
    finally:
        _rows.reset(token)


FEW_OUTPUTS = 16
"""Below this the rows of a table are too short to be worth looking up."""


class StackedLinear(nn.Module):
    """y_i = W_k x_i + b_k, k the component of row i, for inputs of shape (N, ..., in).

    As a weighted sum of table rows: nothing is copied per row, where a batched product would gather every W_k first.
    With few outputs there is little to gather, and the batched product is the faster one.

    Args:
        layers: One linear layer per component, of one shape.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.in_features, self.out_features = layers[0].in_features, layers[0].out_features
        self.table = torch.stack([layer.weight.detach().T for layer in layers]).flatten(0, 1)
        self.bias = None if layers[0].bias is None else torch.stack([layer.bias.detach() for layer in layers])

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, self.in_features)
        rows, repeats = _rows.get(), len(flat) // len(x)
        component = rows.component if repeats == 1 else rows.component.repeat_interleave(repeats)
        if self.out_features < FEW_OUTPUTS:
            weights = self.table.view(-1, self.in_features, self.out_features)
            y = torch.bmm(flat[:, None], weights.index_select(0, component))[:, 0]
        else:
            entries, begins = rows.table(self.in_features, repeats)
            y = embedding_bag(entries, self.table, begins, mode="sum", per_sample_weights=flat.reshape(-1))
        if self.bias is not None:
            y += self.bias.index_select(0, component)
        return y.reshape(*x.shape[:-1], self.out_features)


class StackedElementwise(nn.Module):
    """A module whose values broadcast against one event: those of each row's component are put in front of the rows.

    A module says so by an attribute ``elementwise = True``.

    Args:
        modules: One module per component, alike but for the values.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self._template = (modules[0],)  # in a tuple: its own values are no part of the stack
        self.values = _stacked_values(modules)

    def forward(self, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        component = _rows.get().component
        template = self._template[0]
        shell = template.__new__(type(template))
        values = {name: value.index_select(0, component) for name, value in self.values.items()}
        shell.__dict__ = {**template.__dict__, "_parameters": {}, "_buffers": values, "training": False}
        y: Tensor = shell(x, *arguments, **options)
        return y


def _stacked_values(modules: Sequence[nn.Module]) -> dict[str, Tensor]:
    states = [dict(module.named_parameters()) | dict(module.named_buffers()) for module in modules]
    return {name: torch.stack([state[name].detach() for state in states]) for name in states[0]}


class StackedModule(nn.Module):
    """Any module with values of its own per component, by ``torch.func.vmap`` over the components that occur.

    Args:
        modules: One module per component, alike but for the values.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self._template = (copy.deepcopy(modules[0]).eval(),)  # in a tuple: its own values are no part of the stack
        self.values = _stacked_values(modules)

    def forward(self, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        rows = _rows.get()
        values = {name: value[rows.groups] for name, value in self.values.items()}
        width = max(rows.counts)
        padded = x.new_zeros(len(rows.used) * width, *x.shape[1:])
        padded[rows.slots] = x

        def call(values: dict[str, Tensor], x: Tensor) -> Tensor:
            y: Tensor = functional_call(self._template[0], values, (x, *arguments), options)
            return y

        y: Tensor = vmap(call)(values, padded.reshape(len(rows.used), width, *x.shape[1:]))
        return y.flatten(0, 1)[rows.slots]


def stacked(modules: Sequence[nn.Module]) -> nn.Module:
    """One module in evaluation mode that stands for several alike: where their values differ it holds all of them."""
    first = modules[0]
    if type(first) is nn.Linear:
        return StackedLinear([module for module in modules if isinstance(module, nn.Linear)])
    own = [*first._parameters, *first._buffers]
    if not all(_equal([getattr(module, name) for module in modules]) for name in own):
        return StackedElementwise(modules) if getattr(first, "elementwise", False) else StackedModule(modules)
    shell = copy.copy(first)
    shell.training = False
    # copies, as everything in a stack: the component that they are taken from may change
    shell._parameters, shell._buffers = {}, {name: _copy(getattr(first, name)) for name in own}
    shell._modules = {
        name: None if child is None else stacked([module.get_submodule(name) for module in modules])
        for name, child in first._modules.items()
    }
    return shell


def _copy(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach().clone()


def _equal(tensors: Sequence[Tensor | None]) -> bool:
    first = tensors[0]
    if first is None or first.is_meta:
        return first is None
    return all(other is not None and torch.equal(first, other) for other in tensors[1:])
