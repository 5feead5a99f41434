"""Checks that several components share; every message names the argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.large_arrays import parts

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
    if not all(bool(torch.isfinite(part).all()) for (part,) in parts(data)):
        raise UserError("data: values must be finite; remove or fill in the NaN and infinite ones")


def check_readable(points: Tensor) -> None:
    """Makes sure that points are numbers that can be computed with: dense, of 32 or 64 bits, and somewhere.

    Raises:
        TypeError: They are not; the cure is named.
    """
    for is_so, what, cure in (
        (points.is_meta, "a tensor on the meta device, which holds no values", "put it on the CPU or a GPU"),
        (points.is_quantized, f"quantised {points.dtype}", "call .dequantize()"),
        (points.layout != torch.strided, f"a {str(points.layout).removeprefix('torch.')} tensor", "call .to_dense()"),
        (points.is_floating_point() and points.element_size() < 4, str(points.dtype), "convert to float32 by .float()"),
    ):
        if is_so:
            raise UserTypeError(f"data: expected dense numbers of single or double precision, got {what}; {cure}")


def check_points(x: Tensor, event_shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Points as what was fitted can take them: of its precision, on its device.

    Raises:
        UserError: Events of another shape.
    """
    if tuple(x.shape[1:]) != tuple(event_shape):
        raise UserError(f"x: expected points of shape (N, *{tuple(event_shape)}), got {tuple(x.shape)}")
    return x.to(like)
