"""Whether what would be read back is what was written: an object that is stored and restored draws the same.

A file holds what ``state_dict()`` returns. A tensor or number that a class sets during `fit` as a plain attribute is
not among it: such an object is written without complaint and cannot sample when it is read.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from adagan.mixtures.errors import UserError
from adagan.mixtures.parameters import parameter_names
from adagan.mixtures.randomness import isolated_randomness, seeded_generator
from adagan.mixtures.sampling.sampler import device_of, evaluating
from adagan.mixtures.storage.components import (
    component_record,
    component_tensors,
    made_by,
    restored_component,
    unfitted_component,
)
from adagan.mixtures.storage.files import as_safetensors
from adagan.mixtures.storage.lost_attributes import Attribute, lost_attributes, same

PROBES = 8
"""Samples that are compared."""

Answers = Callable[[Any], Sequence[Tensor]]


class NotRestoredError(UserError):
    """What was stored is not what would come back.

    Attributes:
        lost: The attributes that make the difference, as far as they were found.
    """

    def __init__(self, message: str, lost: Sequence[Attribute] = ()) -> None:
        super().__init__(message)
        self.lost = tuple(lost)


def draws(component: Any) -> list[Tensor]:
    """A few samples with a fixed seed, and a few of one class if the component is conditional."""
    device = device_of(component)
    shares = getattr(component, "class_shares_", None)
    options: list[dict[str, Any]] = [{}]
    if isinstance(shares, Tensor) and bool((shares > 0).any()):
        options.append({"condition": int(shares.argmax())})
    return [component.sample(PROBES, generator=seeded_generator(0, device), **option) for option in options]


def check_restorable(
    component: Any, components: Sequence[Callable[[], Any]], *, answers: Answers = draws, name: str = "component"
) -> None:
    """Makes sure that a component, or a critic, answers the same once it is stored and restored.

    On the CPU the answers must be equal bit for bit, elsewhere up to rounding.

    Args:
        component: Fitted.
        components: What makes it, as for ``Mixture.load``.
        answers: What to compare; samples with a fixed seed.
        name: What it is, for the message.

    Raises:
        UserError: The answers differ, or it cannot be made again; the attribute that is lost is named, with the cure.
        TypeError: It has no state of tensors.
    """
    record, content = json.loads(json.dumps(component_record(component))), as_safetensors(component_tensors(component))

    def answered(thing: Any) -> Sequence[Tensor]:
        with evaluating(thing), isolated_randomness(0), torch.no_grad():
            return answers(thing)

    expected, restored, found = answered(component), None, None
    failure: Exception | None = None
    try:
        restored = restored_component("memory", record, lambda: _tensors(content), components)
        if isinstance(restored, nn.Module):
            restored.to(device_of(component))
        found = answered(restored)
    except Exception as error:  # whatever a foreign class does when a part of it is missing
        failure = error
    if found is not None and same(found, expected):
        return
    if not same(answered(component), expected):
        warnings.warn(
            f"{name}: {type(component).__name__} draws other samples each time, whatever the generator, so that "
            "nothing tells whether it was stored as it is; draw from the generator that sample is given",
            stacklevel=2,
        )
        return
    lost: list[Attribute] = [] if restored is None else lost_attributes(component, restored, answered, expected)
    raise NotRestoredError(_message(component, name, lost, failure), lost) from failure


def check_saved(component: Any, components: Sequence[Callable[[], Any]] = ()) -> None:
    """As `check_restorable`, when what made the component is perhaps not known: then its class is tried.

    What its constructor was given is then unknown, and with it what only the constructor sets: a difference that may
    come from there is no proof, and a warning says that nothing was compared.
    """
    kind = type(component)
    makers: list[Callable[[], Any]] = [*components, kind]
    record = component_record(component)
    component_tensors(component)
    try:
        with isolated_randomness(0):
            unfitted_component("memory", record, makers)
    except Exception:  # whatever a foreign constructor does without its arguments
        _warn_unchecked(kind)
        return
    try:
        check_restorable(component, makers)
    except NotRestoredError as error:
        described = hasattr(kind, "from_config") or made_by(kind.__name__, components) is not None
        set_later = error.lost and not {attribute.name for attribute in error.lost} & set(parameter_names(kind))
        if described or set_later:
            raise
        _warn_unchecked(kind)


def _warn_unchecked(kind: type[Any]) -> None:
    warnings.warn(
        f"component: {kind.__name__} was saved without a look at what would be restored, as its class alone does not "
        "make it again; pass what made it: save(folder, components=[make])",
        stacklevel=4,
    )


def _tensors(content: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file, in memory of their own, which is aligned: sums may be rounded otherwise."""
    from safetensors.torch import load

    return {name: value.clone() for name, value in load(content).items()}


def _message(component: Any, name: str, lost: Sequence[Attribute], failure: Exception | None) -> str:
    kind = type(component).__name__
    what = f"{name}: {kind} is not the same once it is stored and restored, and nothing of it was written"
    if not lost:
        cause = f"{type(failure).__name__}: {failure}" if failure is not None else "its samples differ"
        return (
            f"{what} ({cause}); whatever fit sets must come back by load_state_dict(state_dict()) into an object that "
            "what made it makes anew"
        )
    named = ", ".join(f"{attribute.path} (a {type(attribute.value).__name__})" for attribute in lost)
    first = lost[0]
    if not isinstance(first.owner, nn.Module):
        cure = f"put it in what {type(first.owner).__name__}.state_dict() returns and load_state_dict(state) reads"
    elif isinstance(first.value, Tensor):
        cure = (
            f'keep it by self.register_buffer("{first.name}", ...) in {type(first.owner).__name__}.__init__, or by '
            "get_extra_state() and set_extra_state(state), as a tensor"
        )
    elif isinstance(first.value, list | tuple | dict):
        cure = "keep modules in a ModuleList or ModuleDict, tensors in buffers, and numbers by get_extra_state()"
    else:
        cure = (
            f'keep it as a tensor, by self.register_buffer("{first.name}", ...) in '
            f"{type(first.owner).__name__}.__init__, or by get_extra_state() and set_extra_state(state)"
        )
    return f"{what}: {named} is no part of its state_dict(); {cure}"
