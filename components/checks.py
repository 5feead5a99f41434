"""Checks that several components share; every message names the argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from adagan.mixtures.errors import UserError, UserTypeError

Method = TypeVar("Method", bound=Callable[..., Any])


def keywords_only(method: Method) -> Method:
    """Refuses positional values for what a method takes by name, and says those names.

    Data weights and labels follow the data in one order here and in another elsewhere: scikit-learn's ``fit(X, y)``
    would make weights of labels.
    """
    function = cast(FunctionType, method)
    positional, names = function.__code__.co_argcount, list(function.__kwdefaults__ or ())[::-1]

    @wraps(method)
    def checked(*arguments: Any, **named: Any) -> Any:
        if len(arguments) > positional:
            taken = ", ".join(function.__code__.co_varnames[1:positional])
            raise UserTypeError(
                f"{method.__name__}: only {taken} without a name, got {len(arguments) - positional} more; pass "
                + " or ".join(f"{name}=..." for name in names)
            )
        return method(*arguments, **named)

    return cast(Method, checked)


def check_maker(name: str, make: object, made: str) -> None:
    """Makes sure that what is trained comes from a callable: an object would be trained again, from where it is.

    Args:
        name: The argument by which it came.
        make: A class, a ``functools.partial``, any callable that is nothing to train itself.
        made: What it makes, and how often, in words.
    """
    trained = isinstance(make, nn.Module) or callable(getattr(make, "fit", None))
    if not isinstance(make, type) and (trained or not callable(make)):
        kind = type(make).__name__
        raise UserTypeError(
            f"{name}: expected a callable that makes {made}, got an object of class {kind}; pass the class, or "
            f"functools.partial({kind}, ...)"
        )


def check_kind(name: str, value: object, kind: type, example: str) -> None:
    """Makes sure that something is an object of a kind, or ``None``; the class itself is a likely slip."""
    if value is not None and not isinstance(value, kind):
        what = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
        raise UserTypeError(f"{name}: expected a {kind.__name__} object such as {example}, got {what}")


def check_events(data: Tensor) -> None:
    """Makes sure that data are finite floating-point events of shape (N, *event)."""
    if data.ndim < 2 or not data.is_floating_point():
        raise UserError(
            f"data: expected floating-point numbers of shape (N, *event), got {data.dtype} of shape "
            f"{tuple(data.shape)}; convert with .float(), and give single numbers a column with [:, None]"
        )
    if not bool(torch.isfinite(data).all()):
        raise UserError("data: values must be finite; remove or fill in the NaN and infinite ones")
