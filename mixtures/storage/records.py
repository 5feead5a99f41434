"""Frozen records that come back from JSON, every field of the type that its class says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from adagan.mixtures.errors import UserTypeError

Record = TypeVar("Record")
LARGEST = 2**63
"""Whole numbers of a record are below, so that they are numbers everywhere."""


def record_of(kind: type[Record], content: Any) -> Record:
    """The record that a JSON object holds.

    Args:
        kind: A dataclass; its fields are numbers, strings, tuples of them, records, or ``None``.
        content: Fields that have defaults may be missing.

    Raises:
        UserTypeError: A field is missing, unknown, or of another type.
    """
    if not isinstance(content, Mapping):
        raise UserTypeError(f"expected the fields of a {kind.__name__}, got {content!r:.40}")
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    absent = dataclasses.MISSING
    lacking = [n for n, f in fields.items() if n not in content and f.default is absent and f.default_factory is absent]
    odd = [*lacking, *(name for name in content if name not in fields)]
    if odd:
        raise UserTypeError(f"{', '.join(map(str, odd[:3]))}")
    return kind(**{name: _value(hints[name], value, name) for name, value in content.items()})


def _value(hint: Any, value: Any, name: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None and type(None) in parts:
            return None
        (hint,) = (part for part in parts if part is not type(None))
        return _value(hint, value, name)
    if origin is tuple and isinstance(value, list | tuple) and (parts[1:] == (...,) or len(parts) == len(value)):
        each = [parts[0]] * len(value) if parts[1:] == (...,) else parts
        return tuple(_value(kind, part, name) for kind, part in zip(each, value, strict=True))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return record_of(hint, value)
    if origin is Literal and value in parts:
        return value
    whole = type(value) is int and abs(value) < LARGEST
    if hint is float and (whole or type(value) is float):
        return float(value)
    if (hint is int and whole) or (hint in (str, bool) and type(value) is hint):
        return value
    raise UserTypeError(f"{name} is {value!r:.40}")
