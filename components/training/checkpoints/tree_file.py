"""Nested dictionaries, lists, numbers and tensors in one file without pickle: safetensors, with JSON in its header."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.checked_reading import parsed_json, read_tensors
from adagan.mixtures.storage.files import write_bytes

FORMAT_VERSION = 1
HEADER = "tree"
KINDS = ("dict", "list", "tuple", "tensor", "float")


class NotPlain(TypeError):  # noqa: N818 (it says what something is)
    """Something is neither a number, a text, a tensor nor made of those."""


def write_tree(path: Path, content: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Writes nested content, whole or not at all.

    Args:
        path: Where.
        content: Dictionaries with keys of text or whole numbers, lists, tuples, text, numbers, ``None``, tensors.
        facts: What `read_facts` tells without the rest: JSON.

    Raises:
        NotPlain: It holds something else.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    tree = _encoded(content, tensors, "")
    header = {"format_version": FORMAT_VERSION, "facts": dict(facts), "tree": tree}
    # copies: parts of one storage are no file of safetensors
    copies = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    write_bytes(path, save(copies, metadata={HEADER: json.dumps(header, allow_nan=False)}))


def read_facts(path: Path) -> dict[str, Any]:
    """The facts of such a file.

    Raises:
        FileNotFoundError: There is none.
        UserError: It is corrupted, truncated or something else.
    """
    return dict(_header(path)["facts"])


def read_tree(path: Path) -> dict[str, Any]:
    """The content of such a file, in memory of its own.

    Raises:
        FileNotFoundError: There is none.
        UserError: It is corrupted, truncated or something else.
    """
    tree = _header(path)["tree"]
    # memory of their own is aligned: sums may be rounded otherwise
    tensors = {name: value.clone() for name, value in read_tensors(path).items()}
    try:
        content = _decoded(tree, tensors)
    except (ValueError, TypeError, KeyError, LookupError, OverflowError) as error:
        raise _damaged(path, error) from error
    if not isinstance(content, dict):
        raise _damaged(path, "it is no dictionary")
    return content


def _header(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    try:
        with safe_open(str(path), framework="pt") as file:
            text = (file.metadata() or {}).get(HEADER, "")
    except (SafetensorError, ValueError, OverflowError) as error:
        raise _damaged(path, error) from error
    header = parsed_json(text.encode(), path)
    if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
        raise _damaged(path, "it is of another version")
    if not isinstance(header.get("facts"), dict) or "tree" not in header:
        raise _damaged(path, "it lacks a part")
    return header


def _damaged(path: Path, reason: object) -> UserError:
    return UserError(f"{path} is corrupted, truncated, or no checkpoint ({reason})")


def _encoded(value: Any, tensors: dict[str, Tensor], place: str) -> Any:
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value
        return ["tensor", name]
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return ["float", repr(value)]
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, Mapping):
        pairs = [[_key(key, place), _encoded(part, tensors, f"{place}/{key}")] for key, part in value.items()]
        return ["dict", pairs]
    if isinstance(value, list | tuple):
        parts = [_encoded(part, tensors, f"{place}/{index}") for index, part in enumerate(value)]
        return ["tuple" if isinstance(value, tuple) else "list", parts]
    raise NotPlain(f"{place.strip('/')} is a {type(value).__name__}")


def _key(key: Any, place: str) -> Any:
    key = key.value if isinstance(key, Enum) else key
    if not isinstance(key, str | int):
        raise NotPlain(f"{place.strip('/')} has a key that is a {type(key).__name__}")
    return key


def _decoded(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(value, list):
        return value
    kind, inside = value
    if kind == "tensor":
        return tensors[inside]
    if kind == "float":
        return float(inside)
    if kind == "dict":
        return {key: _decoded(part, tensors) for key, part in inside}
    parts = [_decoded(part, tensors) for part in inside]
    if kind not in KINDS:
        raise ValueError(f"it has a part of the kind {kind!r:.40}")
    return tuple(parts) if kind == "tuple" else parts
