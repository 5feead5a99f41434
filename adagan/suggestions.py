"""What was perhaps meant by an unknown name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from adagan.mixtures.errors import UserError

MOST_LISTED = 20
"""More names than these are not listed where one of them is suggested."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """'; did you mean X?' for the closest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def check_name(name: str, known: Iterable[str], what: str) -> str:
    """The name itself when it is known.

    Raises:
        UserError: It is not; the message lists the known names and suggests the closest.
    """
    names = list(known)
    if name not in names:
        meant = suggestion(name, names)
        listed = "" if meant and len(names) > MOST_LISTED else f" (known: {', '.join(names)})"
        raise UserError(f"{what}: unknown name {name!r}{meant}{listed}")
    return name
