"""Fresh initial values for a network that was given as an object, so that no two trainings begin alike."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer
from torch.nn.utils.parametrize import cached, is_parametrized
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from adagan.mixtures.errors import UserError

SETTLING = 15
"""Times that a normalisation by the spectrum looks at new weights: it finds singular vectors step by step."""
ENOUGH_ENTRIES = 64
"""Of a weight whose spread is compared before and after; of fewer, chance decides too much."""


def copied(module: nn.Module) -> nn.Module:
    """A deep copy, of what torch refuses to copy too: weights that a hook has computed, statistics yet without size."""
    memo: dict[int, Any] = {
        id(value): value.detach().clone()
        for part in module.modules()
        for value in vars(part).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }
    for value in module.buffers():
        if isinstance(value, UninitializedBuffer):
            memo[id(value)] = UninitializedBuffer(  # type: ignore[call-arg]  # torch's stub names no options
                device=value.device, dtype=value.dtype
            )
    return copy.deepcopy(module, memo)


def reinitialise(module: nn.Module, name: str) -> None:
    """Gives the parameters that can be trained fresh values, in place, from torch's global generator.

    Every module's ``reset_parameters`` is called, those inside first. Frozen parameters keep their values.

    Args:
        module: The network.
        name: The argument by which it came.

    Raises:
        ValueError: Some of the values cannot be made anew.
    """
    before = {id(value): value.detach().clone() for value in module.parameters()}
    for _ in range(2):  # a network that was made with this seed gets its own values at first
        for part in reversed(list(module.modules())):
            if any(value.requires_grad for value in part.parameters()):
                _reset(part, name)
        with torch.no_grad():
            for value in module.parameters():
                if not value.requires_grad:
                    value.copy_(before[id(value)])
        unchanged = _unchanged(module, before)
        if not unchanged:
            break
    else:
        raise _refused(name, module, ", ".join(unchanged[:3]) + (" and others" if len(unchanged) > 3 else ""))
    _warn_of_another_spread(module, name, before)


def _trainable(module: nn.Module) -> Iterator[tuple[str, nn.Module, nn.Parameter]]:
    for path, part in module.named_modules():
        for key, value in part._parameters.items():
            if value is not None and value.requires_grad:
                yield f"{path}.{key}" if path else key, part, value


def _unchanged(module: nn.Module, before: dict[int, Tensor]) -> list[str]:
    """Parameters that have their old values, but for constants such as a normalisation's scale, alike in every network.

    Where nothing at all has changed constants count too.
    """
    found = list(_trainable(module))
    kept = [entry for entry in found if torch.equal(entry[2], before[id(entry[2])])]
    stuck = kept if len(kept) == len(found) else [entry for entry in kept if not _is_constant(entry[2])]
    return [f"{path} of {type(part).__name__}" for path, part, _ in stuck]


def _reset_of(part: nn.Module) -> Callable[[], Any] | None:
    reset = getattr(part, "reset_parameters", None) or getattr(part, "_reset_parameters", None)  # torch's attention
    return reset if callable(reset) else None


@torch.no_grad()
def _reset(part: nn.Module, name: str) -> None:
    reset = _reset_of(part)
    if reset is None:
        return
    if is_parametrized(part):
        computed = list(part.parametrizations)  # type: ignore[arg-type]
        with cached():  # what is computed stays the same tensor, to be filled in place
            reset()
            values = {key: getattr(part, key).clone() for key in computed}
        try:
            for key, value in values.items():
                setattr(part, key, value)
        except (NotImplementedError, RuntimeError, ValueError) as error:
            raise _refused(name, part, f"{_kind(part)}, parametrised without an inverse") from error
        _settle(part, lambda: [getattr(part, key) for key in computed])
        return
    reset()
    for hook in part._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm):
            weight = getattr(part, hook.name)
            part.get_parameter(f"{hook.name}_g").copy_(torch.norm_except_dim(weight, 2, hook.dim))
            part.get_parameter(f"{hook.name}_v").copy_(weight)
        elif isinstance(hook, SpectralNorm):
            part.get_parameter(f"{hook.name}_orig").copy_(getattr(part, hook.name))
            _settle(part, lambda hook=hook: hook(part, ()))  # type: ignore[misc]


def _settle(part: nn.Module, look: Callable[[], Any]) -> None:
    """Lets estimates that follow the weights in training, one step at a time, find the new ones."""
    modes = [(inner, inner.training) for inner in part.modules()]
    part.train()
    for _ in range(SETTLING):
        look()
    for inner, mode in modes:
        inner.training = mode


def _warn_of_another_spread(module: nn.Module, name: str, before: dict[int, Tensor]) -> None:
    for path, _, value in _trainable(module):
        if value.ndim < 2 or value.numel() < ENOUGH_ENTRIES:
            continue
        was, now = float(before[id(value)].std()), float(value.detach().std())
        if not 0.5 * now <= was <= 2 * now:
            warnings.warn(
                f"{name}: {path} had values of standard deviation {was:.2g}, and every training begins at fresh ones "
                f"of {now:.2g}, by reset_parameters(); to keep an initialisation of your own, {_cure(name, module)}",
                stacklevel=2,
            )
            return


def _is_constant(value: Tensor) -> bool:
    return value.numel() == 0 or bool((value == value.flatten()[0]).all())


def _refused(name: str, module: nn.Module, what: str) -> UserError:
    return UserError(
        f"{name}: every training begins at initial values of its own, and reset_parameters() gives none to {what}; "
        + _cure(name, module)
    )


def _cure(name: str, module: nn.Module) -> str:
    kind = _kind(module)
    return f"pass what makes the network instead: {name}=lambda: {kind}(...), or a function that returns it"


def _kind(module: nn.Module) -> str:
    return type(module).__name__.removeprefix("Parametrized")
