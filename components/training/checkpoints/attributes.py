"""Numbers and tensors that a module keeps as plain attributes, and its gradients: no ``state_dict`` holds them.

A loss that counts its calls, running sums of a metric, gradients that are still being accumulated: a training that is
to go on bit for bit needs them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

OF_ALL = frozenset(vars(LightningModule()))
"""What every module has."""
Place = tuple[str, str]
"""The name of a module, and of its attribute."""


class LooseState:
    """What has changed among the plain attributes of a module, and of its parts, since this object was made.

    Numbers, tensors, and lists, tuples and dictionaries of those are looked at; nothing else is ever set.

    Args:
        module: Being trained.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self._before = {place: _mark(value) for place, value in self._found()}

    def _found(self) -> Iterator[tuple[Place, Any]]:
        held = {_storage(value) for value in (*self.module.parameters(), *self.module.buffers())}
        for name, part in self.module.named_modules():
            for attribute, value in vars(part).items():
                if attribute not in OF_ALL and _is_plain(value) and not _shares(value, held):
                    yield (name, attribute), value

    def state(self) -> dict[str, Any]:
        """The attributes that have changed, and the gradients that there are."""
        device = _device(self.module)
        changed = [
            [module, attribute, value, all(part.device == device for part in _tensors(value))]
            for (module, attribute), value in self._found()
            if self._before.get((module, attribute)) != _mark(value)
        ]
        gradients = {name: p.grad for name, p in self.module.named_parameters() if p.grad is not None}
        return {"attributes": changed, "gradients": gradients}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Sets what `state` returned.

        Raises:
            ValueError: It is of another module.
        """
        parts, device = dict(self.module.named_modules()), _device(self.module)
        for module, attribute, value, is_beside in state["attributes"]:
            part = parts[module]
            own, of_class = getattr(part, attribute, None), getattr(type(part), attribute, None)
            if attribute in OF_ALL or callable(of_class) or isinstance(of_class, property) or not _is_plain(value):
                raise ValueError(f"{attribute} is no attribute to be set")
            if isinstance(own, Tensor) and isinstance(value, Tensor) and own.shape == value.shape:
                with torch.no_grad():
                    own.copy_(value)
            else:
                setattr(part, attribute, _moved(value, device) if is_beside else value)
        parameters = dict(self.module.named_parameters())
        for name, gradient in state["gradients"].items():
            parameters[name].grad = gradient.to(parameters[name])


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str | int) and _is_plain(part) for key, part in value.items())
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and all(map(_is_plain, value))
    return isinstance(value, bool | int | float | None) or (
        isinstance(value, Tensor) and not isinstance(value, nn.Parameter)
    )


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part)


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _moved(part, device) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(part, device) for part in value)
    return value


def _device(module: nn.Module) -> torch.device:
    return next((value.device for value in (*module.parameters(), *module.buffers())), torch.device("cpu"))


def _storage(value: Tensor) -> int:
    return value.untyped_storage().data_ptr() if value.layout == torch.strided else id(value)


def _shares(value: Any, held: set[int]) -> bool:
    """Whether something is another view of what the module's own state holds."""
    return any(part.numel() > 0 and _storage(part) in held for part in _tensors(value))


@dataclass(frozen=True, eq=False)
class _Version:
    """A tensor as it was at a time; it is held, so that no other takes its place in memory."""

    tensor: Tensor
    version: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Version) and self.tensor is other.tensor and self.version == other.version


def _mark(value: Any) -> Any:
    """What differs once a value has changed."""
    if isinstance(value, Tensor):
        return _Version(value, value._version)
    if isinstance(value, dict):
        return {key: _mark(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_mark(part) for part in value]
    return type(value), value
