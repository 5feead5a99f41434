"""Two processes of this one, forked, that find each other as ranks over the loopback, as torchrun's would."""

import multiprocessing
import os
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import torch

TIMEOUT = 120
"""Seconds after which ranks are given up."""


def can_fork() -> bool:
    return "fork" in multiprocessing.get_all_start_methods() and sys.platform == "linux"


def _is_loopback_open() -> bool:
    try:
        with socket.socket() as listening, socket.socket() as calling:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            calling.connect(listening.getsockname())
    except OSError:
        return False
    return torch.distributed.is_available() and torch.distributed.is_gloo_available()


needs_ranks = pytest.mark.skipif(
    not (can_fork() and _is_loopback_open()), reason="forks processes that speak by gloo over the loopback"
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def on_ranks(function: Callable[[], Any], *, nodes: bool = False) -> list[Any]:
    """What the function returns on each of two ranks; an exception as its text.

    Args:
        function: Called in each.
        nodes: Whether they are two machines of one rank each, as far as they know.
    """
    context, port = multiprocessing.get_context("fork"), free_port()
    found = []
    for rank in range(2):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(function, theirs, rank, port, nodes))
        process.start()
        theirs.close()
        found.append((process, ours))
    answers = []
    for process, ours in found:
        try:
            answers.append(ours.recv() if ours.poll(TIMEOUT) else "timed out")
        except EOFError:
            answers.append("died")
        finally:
            ours.close()
            process.join(5)
            process.kill()
            process.join()
    return answers


def _run(function: Callable[[], Any], connection: Any, rank: int, port: int, nodes: bool) -> None:
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1")
    if nodes:
        os.environ.update(NODE_RANK=str(rank))
    else:
        # as torchrun has it
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2", GROUP_RANK="0")
        os.environ.update(TORCHELASTIC_RUN_ID="none", TORCHELASTIC_MAX_RESTARTS="0")
    try:
        connection.send(function())
    except BaseException as error:
        traceback.print_exc()
        connection.send(f"{type(error).__name__}: {error}")
    finally:
        connection.close()
        sys.stdout.flush()
        os._exit(0)
