"""The processes of a run, if there are several: what rank zero tells, and what if one is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
import torch.distributed as distributed
from torch import Tensor

from adagan.mixtures.errors import UserError

CPU = torch.device("cpu")
SENT_AS = {torch.bool: torch.uint8, torch.int16: torch.int32}
"""Types that not every backend sends."""
Value = TypeVar("Value")
Parameters = ParamSpec("Parameters")


class RankLost(UserError, ConnectionError):  # noqa: N818 (it says what happened, as StopIteration does)
    """A process of the run has failed, or is gone: the others cannot go on."""


def number_of_ranks() -> int:
    """How many processes the run has."""
    return distributed.get_world_size() if _are_several() else 1


def own_rank() -> int:
    """The number of this process among them, from 0."""
    return distributed.get_rank() if _are_several() else 0


def is_rank_zero() -> bool:
    """Whether it is this process that writes and prints."""
    return own_rank() == 0


def agreed(value: Value) -> Value:
    """What rank zero says, on every rank; all of them have to ask."""
    if number_of_ranks() == 1:
        return value
    told: list[Any] = [value]
    with heard():
        distributed.broadcast_object_list(told, src=0)
    answer: Value = told[0]
    return answer


def together(values: Sequence[Value]) -> list[Value]:
    """The values of all ranks, in their order."""
    if number_of_ranks() == 1:
        return list(values)
    told: list[Any] = [None] * number_of_ranks()
    with heard():
        distributed.all_gather_object(told, list(values))
    return [value for part in told for value in part]


def summed(values: Tensor) -> Tensor:
    """The sum over the ranks, in place."""
    with heard():
        distributed.all_reduce(values)
    return values


def taken_from_rank_zero(values: Tensor) -> None:
    """Overwrites values by rank zero's."""
    taken_from(0, values)


def taken_from(rank: int, values: Tensor) -> None:
    """Overwrites values by those of a rank."""
    sent = values.detach().to(_device()).contiguous()
    sent = sent.to(SENT_AS.get(sent.dtype, sent.dtype))
    with heard():
        distributed.broadcast(sent, src=rank)
    with torch.no_grad():
        values.copy_(sent)


def cpu_time() -> float:
    """CPU seconds of this process, or of rank zero's where there are several: they must not judge differently."""
    return agreed(time.process_time())


def by_rank_zero(action: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """What only rank zero does, such as writing; the others wait until it is done, and end if it fails."""

    @wraps(action)
    def done(*args: Parameters.args, **options: Parameters.kwargs) -> None:
        if number_of_ranks() == 1:
            return action(*args, **options)
        failure: Exception | None = None
        if is_rank_zero():
            try:
                action(*args, **options)
            except Exception as error:
                failure = error
        told = agreed("" if failure is None else f"{type(failure).__name__}: {failure}")
        if failure is not None:
            raise failure
        if told:
            raise RankLost(f"rank 0 of {number_of_ranks()} failed: {told}")
        return None

    return done


@contextmanager
def heard() -> Iterator[None]:
    """In the block ranks speak to one another.

    Raises:
        RankLost: One does not answer.
    """
    try:
        yield
    except RuntimeError as error:
        rank, ranks = own_rank(), number_of_ranks()
        raise RankLost(
            f"rank {rank} of {ranks}: another rank does not answer any more, it has failed or was killed, and its own "
            "message says why; rounds that are complete are kept in the run's folder: resume it, on all ranks "
            f"({' '.join(str(error).split())[:120]})"
        ) from error


def leave() -> None:
    """Lets the other ranks know, at their next word, that this one is gone."""
    if _are_several():
        distributed.destroy_process_group()


def _are_several() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def _device() -> torch.device:
    """Where the group's backend speaks."""
    return torch.device("cuda", torch.cuda.current_device()) if distributed.get_backend() == "nccl" else CPU
