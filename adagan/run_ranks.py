"""The processes that share a run are joined before anything is written or drawn, and only the first of them speaks."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from adagan.components.training.inherited_options import inheriting_options
from adagan.components.training.ranks.group import is_rank_zero, together
from adagan.fitting import unfitted
from adagan.torch_defaults import torch_defaults

Method = TypeVar("Method", bound=Callable[..., Any])
PLACES = ("devices", "num_nodes", "strategy")
"""Arguments of ``lightning.Trainer`` that may ask for several processes."""


class Trains(Protocol):
    """A model that makes and trains components."""

    component: Callable[[], Any]
    trainer_options: Mapping[str, Any]
    seed: int


_inside: ContextVar[bool] = ContextVar("inside of a run", default=False)


def on_ranks(method: Method) -> Method:
    """Runs a method on the ranks that the model's trainer options, or its component's, ask for.

    What is trained in it has the model's options where it has none of its own.
    """

    @wraps(method)
    def joined(self: Trains, *args: Any, **options: Any) -> Any:
        if _inside.get():
            return method(self, *args, **options)
        token = _inside.set(True)
        try:
            with torch_defaults():
                _join(self)
                with inheriting_options(self.trainer_options), _one_speaks():
                    answer = method(self, *args, **options)
                    together([True])  # nobody goes before all are through
                    return answer
        finally:
            _inside.reset(token)

    return cast(Method, joined)


def _join(model: Trains) -> None:
    own = getattr(unfitted(model.component, model.seed), "trainer_options", None)
    wanted = {**model.trainer_options, **(own if isinstance(own, Mapping) else {})}
    if any(name in wanted for name in PLACES):
        from adagan.components.training.ranks.joining import join  # Lightning, whose import takes seconds

        join(wanted)


@contextmanager
def _one_speaks() -> Iterator[None]:
    if is_rank_zero():
        yield
        return
    logger = logging.getLogger("adagan")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
