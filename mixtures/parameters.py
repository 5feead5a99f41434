"""What objects were made with, as scikit-learn's users know it: parameters that are read, set and cloned, and shown."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any, Self

from torch import Tensor, nn

from adagan.mixtures.errors import UserError

LONGEST = 60
"""Characters of a value that are shown."""


class Parameters:
    """The contract: every parameter of the constructor is an attribute of its name.

    ``sklearn.base.clone(thing)`` makes an object like this one, unfitted; `set_params` makes this one anew.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; `deep` adds those of parameters that have some, as ``rule__share``."""
        found = {name: value for name in parameter_names(type(self)) for value in self._held(name)}
        if deep:
            for outer, part in list(found.items()):
                if isinstance(part, Parameters):
                    found.update({f"{outer}__{name}": value for name, value in part.get_params().items()})
        return found

    def _held(self, name: str) -> list[Any]:
        """The parameter; none where a class keeps it to itself."""
        return [getattr(self, name)] if hasattr(self, name) else []

    def set_params(self, **parameters: Any) -> Self:
        """Sets parameters by name, checks them all as the constructor does, and returns the object.

        Raises:
            UserError: No such parameter, or a value that the constructor refuses.
        """
        known, inner = self.get_params(deep=False), dict[str, Any]()
        for name, value in parameters.items():
            outer, nested, rest = name.partition("__")
            if outer not in known or (nested and not isinstance(known[outer], Parameters)):
                raise UserError(f"{name}: {type(self).__name__} has no such parameter; it has {', '.join(known)}")
            if nested:
                inner[outer] = copy.deepcopy(inner.get(outer, known[outer])).set_params(**{rest: value})
            else:
                known[outer] = value
        self._make_anew({**known, **inner}, changed={name.partition("__")[0] for name in parameters})
        return self

    def _make_anew(self, parameters: Mapping[str, Any], changed: Collection[str]) -> None:
        type(self).__init__(self, **parameters)

    def _passed(self) -> dict[str, Any]:
        """What makes an object like this one, by name."""
        return self.get_params(deep=False)

    def __sklearn_clone__(self) -> Self:
        return type(self)(**copy.deepcopy(self._passed()))

    def __repr__(self) -> str:
        return call_of(type(self).__name__, self._passed())


@dataclass(frozen=True)
class Call:
    """What an object's constructor was called with; copies of the object share it, for it is the caller's."""

    arguments: tuple[Any, ...]
    options: dict[str, Any]

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class ConstructorParameters(Parameters):
    """The contract of objects whose constructor turns its arguments into something else: it is remembered as called.

    Only what was passed is shown. A torch module whose parameters are set is unfitted afterwards.
    """

    _made_with: Call

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        made = super().__new__(cls)
        object.__setattr__(made, "_made_with", Call(arguments, options))
        return made

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """See `Parameters`; as they were passed, defaults where nothing was."""
        if deep:
            return super().get_params(deep)
        passed = self._passed()
        return {p.name: passed.get(p.name, p.default) for p in _parameters(type(self))}

    def _held(self, name: str) -> list[Any]:
        found = self.get_params(deep=False)
        return [found[name]] if name in found else []

    def _passed(self) -> dict[str, Any]:
        names = parameter_names(type(self))
        passed = {**dict(zip(names, self._made_with.arguments, strict=False)), **self._made_with.options}
        return {name: passed[name] for name in names if name in passed}

    def _make_anew(self, parameters: Mapping[str, Any], changed: Collection[str]) -> None:
        passed = {*self._passed(), *changed}
        super()._make_anew(parameters, changed)
        object.__setattr__(
            self, "_made_with", Call((), {name: parameters[name] for name in parameters if name in passed})
        )


def parameter_names(kind: type[Any]) -> list[str]:
    """The names of a constructor's parameters, without ``*args`` and ``**kwargs``."""
    return [parameter.name for parameter in _parameters(kind)]


def _parameters(kind: type[Any]) -> list[inspect.Parameter]:
    if kind.__init__ is object.__init__:
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p for p in list(inspect.signature(kind.__init__).parameters.values())[1:] if p.kind not in variable]


def call_of(name: str, parameters: Mapping[str, Any]) -> str:
    """A call with its arguments, on one line."""
    return f"{name}({', '.join(f'{key}={shown(value)}' for key, value in parameters.items())})"


def shown(value: Any) -> str:
    """A value in a few characters: a class by its name, an array by its shape, and a network by its class alone."""
    if isinstance(value, nn.Module) and type(value).__repr__.__module__.startswith("torch."):
        return f"{type(value).__name__}(...)"
    if isinstance(value, Tensor) or hasattr(value, "__array__"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    if isinstance(value, partial):
        positional = "".join(f", {shown(argument)}" for argument in value.args)
        return call_of("partial", {}).replace("()", f"({shown(value.func)}{positional}{_keywords(value.keywords)})")
    if isinstance(value, type) or (isinstance(value, Callable) and hasattr(value, "__name__")):  # type: ignore[arg-type]
        return str(value.__name__)
    if isinstance(value, list | tuple):
        inside = ", ".join(map(shown, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {shown(item)}" for key, item in value.items()) + "}"
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _keywords(keywords: Mapping[str, Any]) -> str:
    return "".join(f", {name}={shown(value)}" for name, value in keywords.items())


def html_table(title: str, rows: Mapping[str, object]) -> str:
    """A small table for notebooks, in the colours of its surroundings; text means itself."""
    cell = 'style="padding: 0.1em 0.8em 0.1em 0; text-align: left; background: none; color: inherit"'
    lines = "".join(
        f"<tr><th {cell} scope='row'>{escape(str(name))}</th><td {cell}>{escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f'<div style="color: inherit"><b>{escape(title)}</b><table style="border: 0">{lines}</table></div>'
