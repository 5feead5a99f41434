"""Names on the command line: what they stand for, and what was perhaps meant by an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from adagan.mixtures.errors import UserError

Made = TypeVar("Made")


def suggestion(name: str, known: Iterable[str]) -> str:
    """'; did you mean X?' for the closest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def check_name(name: str, known: Iterable[str], what: str) -> str:
    """The name itself when it is known.

    Raises:
        ValueError: It is not; the message lists the known names and suggests the closest.
    """
    names = list(known)
    if name not in names:
        raise UserError(f"{what}: unknown name {name!r}{suggestion(name, names)} (known: {', '.join(names)})")
    return name


def choose(text: str, makers: Mapping[str, Callable[..., Made]], what: str) -> Made:
    """The object that ``NAME`` or ``NAME:NUMBER`` stands for, such as ``constant:.02``.

    Raises:
        ValueError: An unknown name, something that is not a number, or a number that the object refuses.
    """
    name, colon, parameter = text.partition(":")
    maker = makers[check_name(name, makers, what)]
    if not colon:
        try:
            return maker()
        except TypeError as error:
            raise UserError(f"{what}: {name} needs a number, as in {name}:0.1") from error
    try:
        number = float(parameter)
    except ValueError as error:
        raise UserError(f"{what}: expected a number after {name}:, got {parameter!r}") from error
    try:
        return maker(number)
    except TypeError as error:
        raise UserError(f"{what}: {name} takes no number") from error
    except ValueError as error:
        raise UserError(f"{what} {text}: {error}") from error
