"""Which attributes an object has lost when it came back from a file, and which of them matter."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

TORCH = frozenset(vars(nn.Module()))
"""What every module has."""
DEPTH = 8
MISSING = object()


@dataclass(frozen=True)
class Attribute:
    """An attribute of an object, or of a part of it.

    Attributes:
        path: From the object to it, with dots.
        name: Its own name.
        value: What it was before the object was stored.
        owner: What has it.
        twin: What lacks it, in the restored object, or has another value.
    """

    path: str
    name: str
    value: Any
    owner: Any
    twin: Any


def lost_attributes(
    original: Any, restored: Any, answers: Callable[[Any], Sequence[Tensor]], expected: Sequence[Tensor]
) -> list[Attribute]:
    """The fewest attributes that have to be given back for the restored object to answer like the original.

    Args:
        original: Before it was stored.
        restored: After; it is changed here.
        answers: What an object answers.
        expected: What the original does.

    Returns:
        Those that differ when giving them all back does not help; none when nothing differs.
    """
    differing = list(_differences(original, restored, "", 0, set()))
    given: list[tuple[Attribute, Any]] = []
    for attribute in differing:
        given.append((attribute, _own(attribute.twin).get(attribute.name, MISSING)))
        _give(attribute.twin, attribute.name, _copied(attribute.value))
        if _answers_alike(restored, answers, expected):
            break
    else:
        return differing
    needed = []
    for attribute, before in given:
        _give(attribute.twin, attribute.name, before)
        if not _answers_alike(restored, answers, expected):
            needed.append(attribute)
            _give(attribute.twin, attribute.name, _copied(attribute.value))
    return needed


def _answers_alike(restored: Any, answers: Callable[[Any], Sequence[Tensor]], expected: Sequence[Tensor]) -> bool:
    try:
        return same(answers(restored), expected)
    except Exception:  # it still lacks something
        return False


def _give(owner: Any, name: str, value: Any) -> None:
    with suppress(AttributeError, TypeError, RuntimeError, KeyError):
        if value is MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, value)


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # locks, files, graphs: it serves as it is
        return value


def _own(thing: Any) -> Mapping[str, Any]:
    """What an object holds beyond what its ``state_dict`` would."""
    if not isinstance(thing, nn.Module):
        return getattr(thing, "__dict__", {})
    own = {name: value for name, value in vars(thing).items() if name not in TORCH and name != "_made_with"}
    loose = {name: thing._buffers[name] for name in thing._non_persistent_buffers_set}
    return {**own, **loose, **thing._modules}


def _differences(original: Any, restored: Any, path: str, depth: int, seen: set[int]) -> Iterator[Attribute]:
    if id(original) in seen or depth > DEPTH:
        return
    seen.add(id(original))
    theirs = _own(restored)
    for name, value in _own(original).items():
        other, place = theirs.get(name, MISSING), f"{path}{name}"
        if _is_object(value) and type(other) is type(value):
            yield from _differences(value, other, f"{place}.", depth + 1, seen)
        elif not _alike(value, other, 0):
            yield Attribute(place, name, value, original, restored)


def _is_object(value: Any) -> bool:
    plain = isinstance(value, Tensor | np.ndarray | type | torch.Generator) or callable(value)
    return isinstance(value, nn.Module) or (hasattr(value, "__dict__") and not plain)


def _alike(value: Any, other: Any, depth: int) -> bool:
    """Whether two values are equal; what cannot be compared counts as equal unless it is missing."""
    if other is MISSING:
        return callable(value) and not isinstance(value, nn.Module)
    if isinstance(value, Tensor | np.ndarray | bool | int | float | complex | str | bytes | type(None)):
        return type(value) is type(other) and same([value], [other])
    if depth > DEPTH or type(value) is not type(other):
        return depth > DEPTH
    if isinstance(value, list | tuple):
        return len(value) == len(other) and all(_alike(a, b, depth + 1) for a, b in zip(value, other, strict=True))
    if isinstance(value, dict):
        return value.keys() == other.keys() and all(_alike(value[name], other[name], depth + 1) for name in value)
    if isinstance(value, nn.Module):
        return _alike(dict(value.state_dict()), dict(other.state_dict()), depth + 1)
    if _is_object(value):
        return _alike(dict(_own(value)), dict(_own(other)), depth + 1)
    return True


def same(found: Sequence[Any], expected: Sequence[Any]) -> bool:
    """Whether values are equal, NaN to NaN: tensors bit for bit on the CPU, and up to rounding elsewhere."""
    return len(found) == len(expected) and all(_equal(a, b) for a, b in zip(found, expected, strict=True))


def _equal(found: Any, expected: Any) -> bool:
    if isinstance(expected, np.ndarray):
        alike = expected.dtype == found.dtype and expected.shape == found.shape
        return alike and bool(expected.tobytes() == found.tobytes())
    if isinstance(expected, float):
        return found == expected or (found != found and expected != expected)
    if not isinstance(expected, Tensor):
        return bool(found == expected)
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    if not expected.is_floating_point() or expected.device.type == "cpu":
        alike = (found == expected) | ((found != found) & (expected != expected))
        return bool(alike.all())
    # which kernel multiplies is chosen anew for every call there
    scale = float(expected.nan_to_num(0, 0, 0).abs().max()) if expected.numel() else 0.0
    tolerance = 1e3 * torch.finfo(expected.dtype).eps
    return torch.allclose(found, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
