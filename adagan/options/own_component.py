"""``--component MODULE:MAKE``: what is boosted comes from the user's own code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from adagan.mixtures.errors import UserError
from adagan.suggestions import suggestion

OPTION = "--component"
_used: set[str] = set()
"""The top-level names of the user's modules that were imported: errors raised there are not ours."""
HELP = "MODULE:MAKE, your own code in the working directory or installed: what makes this run's components"


def names_own_code(text: str) -> bool:
    """Whether a name is of the form ``MODULE:MAKE``, ``package.module:make`` for instance."""
    module, colon, make = text.partition(":")
    return bool(colon) and make.isidentifier() and all(part.isidentifier() for part in module.split("."))


def own_component(text: str) -> Callable[[], Any]:
    """The class or function that ``MODULE:MAKE`` names; the module is imported, from the working directory too.

    Raises:
        UserError: Another form, no such module, one that cannot be imported, no such name in it, or nothing
            that can be called without arguments.
        Exception: What the user's own code raises; `own_place` says where.
    """
    if not names_own_code(text):
        raise UserError(f"{OPTION}: expected MODULE:MAKE, such as my_generator:Generator, got {text!r}")
    name, _, attribute = text.partition(":")
    _used.add(name.partition(".")[0])
    with _working_directory_importable():
        try:
            module = import_module(name)
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
                raise UserError(
                    f"{OPTION} {text}: there is no module {error.name}; run adagan in its folder, or install it"
                ) from error
            if own_place(error):
                raise
            raise UserError(f"{OPTION} {text}: importing {name} fails with {type(error).__name__}: {error}") from error
    if not hasattr(module, attribute):
        raise UserError(f"{OPTION} {text}: {name} has no {attribute}{suggestion(attribute, vars(module))}")
    make: Any = getattr(module, attribute)
    if not callable(make):
        raise UserError(
            f"{OPTION} {text}: expected a class or a function that makes an unfitted component, got an object of class "
            f"{type(make).__name__}"
        )
    try:
        make()
    except Exception as error:
        if own_place(error):
            raise
        raise UserError(f"{OPTION} {text}: calling it fails with {type(error).__name__}: {error}") from error
    return make  # type: ignore[no-any-return]


def own_place(error: BaseException) -> str:
    """Where in the user's own code an error was raised, by it or by what it calls; empty if that is in our code."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module in _used:
            return f"{Path(frame.f_code.co_filename).name}, line {line}, in {frame.f_code.co_name}"
        if module == "adagan":
            break
    return ""


def vouched_for(run: str, component: str | None, *, stored: str | None) -> list[Callable[[], Any]]:
    """What makes a run's own components; nothing is imported because a folder says so.

    Args:
        run: The run's folder, for the message.
        component: What the user passed.
        stored: What the run's configuration says, if it has one.

    Raises:
        ValueError: The run needs the user's own code, and the user has not passed it; it needs none, and the user has;
            or see `own_component`.
    """
    if component is not None and names_own_code(component) and stored is not None and not names_own_code(stored):
        raise UserError(f"{OPTION}: the components of {run} are made by adagan's {stored}; leave {OPTION} out")
    if component is not None:
        return [own_component(component)]
    if stored is not None and names_own_code(stored):
        raise UserError(
            f"{OPTION}: the components of {run} are made by {stored}, code that is not adagan's; if you trust it, pass "
            f"{OPTION} {stored}"
        )
    return []


@contextmanager
def _working_directory_importable() -> Iterator[None]:
    place = str(Path.cwd())
    if place in sys.path:
        yield
        return
    sys.path.append(place)  # at the end: nothing that is installed is hidden
    try:
        yield
    finally:
        sys.path.remove(place)
