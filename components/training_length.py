"""How long a component trains, where that can be told and changed: in steps, epochs, or what it counts in."""

from __future__ import annotations

from typing import Any


def _holder(component: Any) -> tuple[Any, str] | None:
    """The object that says how long it trains, the component or what it wraps, and the name of the attribute."""
    for holder in (component, getattr(component, "generator", None)):
        name = getattr(holder, "length", "max_steps")
        value = getattr(holder, name, None) if isinstance(name, str) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return holder, name
    return None


def training_length(component: Any) -> int | None:
    """How long an unfitted component is to train; ``None`` for one that takes the time that it takes."""
    found = _holder(component)
    return None if found is None else int(getattr(*found))


def set_training_length(component: Any, length: int) -> None:
    """Makes an unfitted component train so long, 1 or more; one that takes the time that it takes is left alone."""
    found = _holder(component)
    if found is not None:
        setattr(*found, length)
