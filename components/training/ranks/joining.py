"""How a process becomes one of several: launched as any job of Lightning's is, before anything is written or drawn."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adagan.components.training.quiet import quiet_lightning
from adagan.components.training.ranks.group import number_of_ranks, own_rank
from adagan.components.training.ranks.shares import Share
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import isolated_randomness

if TYPE_CHECKING:
    from lightning.fabric.plugins import ClusterEnvironment

NAMES = ("ddp", "ddp_find_unused_parameters_false", "ddp_find_unused_parameters_true")
"""Strategies under which a training is shared; which parameters a loss uses makes no difference here."""
PLACES = ("accelerator", "devices", "num_nodes", "strategy")
"""Options that say where a training runs."""
GRACE = 10.0
"""Seconds in which ranks notice by themselves that one of them is gone."""
PATIENCE = 60.0
"""Seconds that the process which launched the others waits for them at its end."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ranks:
    """The processes that this one has joined.

    Attributes:
        share: What is this one's.
        environment: Lightning's, by which they were found.
        backend: Of torch.distributed.
        devices: Of each machine.
        num_nodes: Machines.
    """

    share: Share
    environment: ClusterEnvironment
    backend: str
    devices: Any
    num_nodes: int


_joined: Ranks | None = None


def join(options: Mapping[str, Any]) -> Ranks | None:
    """Joins the ranks that arguments of ``lightning.Trainer`` ask for, once in a process; ``None`` where one suffices.

    With ``strategy="ddp"`` the process launches the others by running its own script again, unless torchrun, SLURM or
    the like did. So whoever writes files, or draws fresh seeds, joins first.

    Raises:
        ValueError: A strategy under which a training cannot be shared; other ranks than those that are there.
    """
    global _joined
    strategy, devices = options.get("strategy") or "auto", _devices_of(options)
    _check_strategy(strategy, options)
    num_nodes = int(options.get("num_nodes") or 1)
    if devices == 1 and num_nodes == 1:
        return None
    if _joined is None:
        _joined = _launched(options, strategy, devices, num_nodes)
        if _joined is None:
            return None
    if number_of_ranks() == 1:
        raise UserError("trainer_options: the ranks of this process have ended; start the script again")
    if (devices, num_nodes) != (_joined.devices, _joined.num_nodes):
        raise UserError(
            f"trainer_options: devices={devices!r}, num_nodes={num_nodes}: this process is one of "
            f"{_joined.num_nodes} x {_joined.devices!r} ranks already; give all trainings of a script the same"
        )
    return _joined


def _devices_of(options: Mapping[str, Any]) -> Any:
    """How many, or which; 1 where one suffices."""
    devices, strategy = options.get("devices"), options.get("strategy") or "auto"
    if isinstance(devices, str) and devices.lstrip("-").isdecimal():
        devices = int(devices)
    if isinstance(devices, list | tuple):
        return 1 if len(devices) == 1 else list(devices)
    if devices in (None, "auto"):
        external = os.environ.get("LOCAL_WORLD_SIZE", "1")  # of torchrun
        return int(external) if strategy != "auto" else 1
    return devices


def _check_strategy(strategy: Any, options: Mapping[str, Any]) -> None:
    from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy

    if strategy == "auto" or strategy in NAMES or isinstance(strategy, SingleDeviceStrategy):
        return
    if type(strategy) is DDPStrategy and strategy._start_method == "popen":
        return
    name = strategy if isinstance(strategy, str) else type(strategy).__name__
    if "spawn" in name or "fork" in name or "notebook" in name or type(strategy) is DDPStrategy:
        reason = "processes are started inside a training, when a run has begun already"
    else:
        reason = "what samples, an average of the parameters, is needed whole on every device"
    raise UserError(
        f"trainer_options: strategy={name!r}: {reason}; take strategy='ddp' in a script, or start it by torchrun"
    )


def _launched(options: Mapping[str, Any], strategy: Any, devices: Any, num_nodes: int) -> Ranks | None:
    from lightning.fabric.utilities.exceptions import MisconfigurationException
    from lightning.pytorch import Trainer

    quiet: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    accelerator = options.get("accelerator") or "auto"
    with quiet_lightning(), isolated_randomness(0):  # a seed of Lightning's own would be set anew
        try:
            trainer = Trainer(
                accelerator=accelerator,
                devices=devices,
                num_nodes=num_nodes,
                strategy="ddp" if strategy == "auto" else strategy,
                enable_model_summary=False,
                **quiet,
            )
            if trainer.world_size == 1:
                return None
            found: Any = trainer.strategy
            environment = found.cluster_environment
            environment.validate_settings(num_devices=trainer.num_devices, num_nodes=num_nodes)
        except (TypeError, ValueError, MisconfigurationException) as error:
            raise UserError(f"trainer_options: lightning.Trainer refuses them: {error}") from error
        if not environment.creates_processes_externally:
            found.launcher._call_children_scripts()
            if found.launcher.procs:
                atexit.register(_wait, found.launcher.procs)
                threading.Thread(target=_watch, args=(found.launcher.procs,), daemon=True, name="ranks").start()
        try:
            found.setup_environment()
        except RuntimeError as error:
            raise UserError(
                f"trainer_options: the {trainer.world_size} ranks did not find one another: "
                f"{' '.join(str(error).split())[:200]}; see MASTER_ADDR and MASTER_PORT, and GLOO_SOCKET_IFNAME"
            ) from error
    return Ranks(Share(own_rank(), number_of_ranks()), environment, found.process_group_backend, devices, num_nodes)


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Stays until the launched ranks have ended: what they are told, they are told by way of this process."""
    until = time.monotonic() + PATIENCE
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(until - time.monotonic(), 0))


def _watch(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Says which of the launched ranks has died, and ends the others if they do not notice."""
    while any(process.poll() is None for process in processes):
        for rank, process in enumerate(processes, start=1):
            if process.returncode:
                _log.error("local rank %d has ended with status %d: the run ends", rank, process.returncode)
                time.sleep(GRACE)
                for other in processes:
                    if other.poll() is None:
                        other.kill()
                os.kill(os.getpid(), signal.SIGTERM)
                return
        time.sleep(0.5)
