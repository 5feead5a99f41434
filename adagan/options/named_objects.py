"""Names on the command line, and the objects that they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from adagan.mixtures.errors import UserError
from adagan.suggestions import check_name

Made = TypeVar("Made")


def named(kinds: Iterable[type[Made]], *, without: str = "") -> dict[str, Callable[..., Made]]:
    """Classes by their names on the command line: ``TopKLast`` is ``top-k-last``.

    Args:
        kinds: The classes, from a list beside them.
        without: An ending that the names leave out, such as ``Penalty``.
    """
    return {_dashed(kind.__name__.removesuffix(without)): kind for kind in kinds}


def _dashed(name: str) -> str:
    return re.sub("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def choose(text: str, makers: Mapping[str, Callable[..., Made]], what: str) -> Made:
    """The object that ``NAME`` or ``NAME:NUMBER`` stands for, such as ``constant:.02``.

    Args:
        text: What the user wrote.
        makers: What makes the object, by name.
        what: The option, for the message.

    Raises:
        UserError: An unknown name, something that is not a number, or a number that the object refuses.
    """
    name, colon, parameter = text.partition(":")
    maker = makers[check_name(name, makers, what)]
    if not colon:
        try:
            return maker()
        except TypeError as error:
            raise UserError(f"{what}: {name} needs a number, as in {name}:0.1") from error
    try:
        number = int(parameter) if re.fullmatch(r"[+-]?\d+", parameter) else float(parameter)
    except ValueError as error:
        raise UserError(f"{what}: expected a number after {name}:, got {parameter!r}") from error
    try:
        return maker(number)
    except UserError as error:
        raise UserError(f"{what} {text}: {error}") from error
    except TypeError as error:
        raise UserError(f"{what}: {name} takes no number") from error
