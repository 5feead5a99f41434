"""What ``fit`` and ``resume`` say at the end, or when they are interrupted."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adagan.boosting import AdaGAN
from adagan.components.training.ranks.group import is_rank_zero
from adagan.mixtures.errors import UserError
from adagan.round_checkpoints import RoundCheckpoints
from adagan.run_folder import RunFolder
from adagan.written_run import RUN_FILE

CURES = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your quota",
    errno.EROFS: "make the file system writable",
    errno.EACCES: "see to its permissions",
    errno.EPERM: "see to its permissions",
    errno.EIO: "see to the disk",
    errno.ESTALE: "mount the file system again",
}
"""What to do about errors of the system's that have nothing to do with what was asked for."""


@contextmanager
def rounds_told(model: AdaGAN, folder: str) -> Iterator[None]:
    """Runs rounds in the block, and says what became of them and what can be done next.

    Args:
        model: Whose rounds they are.
        folder: Of the run.

    Raises:
        KeyboardInterrupt: With what is kept and how to go on.
        UserError: The disk is full, or what should be written may not be; with the same.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(_kept(folder)) from interrupt
    except OSError as error:
        if error.errno not in CURES:
            raise
        place = folder if error.filename is None else error.filename
        raise UserError(f"{place}: {error.strerror}: {CURES[error.errno]}; it stopped {_kept(folder)}") from error
    if not is_rank_zero():
        return
    if model.stopped_:
        print(f"Stopped after {len(model.rounds_)} of {model.rounds} rounds: {model.stopped_}.")  # noqa: T201
    if len(model.mixture_) < len(model.rounds_):
        print(f"Kept the mixture after round {len(model.mixture_)}: no later one is clearly better.")  # noqa: T201
    print(f"Run written to {folder}. Next: adagan report {folder}, or adagan sample {folder} -n 10000")  # noqa: T201


def _kept(folder: str) -> str:
    try:
        if not (Path(folder) / RUN_FILE).is_file():
            return "before anything was written"
        done = len(RunFolder(folder).content()["rounds"])
    except OSError:
        return f"; when the folder can be read again, adagan resume {folder} goes on with what is kept"
    step = RoundCheckpoints(Path(folder), done + 1, minutes=0.0).step
    rounds = {0: "", 1: "round 1 is kept, and "}.get(done, f"rounds 1 to {done} are kept, and ")
    if step is not None:
        middle = f"of round {done + 1} what it was after {step[0]:,} of {step[1]:,} steps"
        return f"in round {done + 1}; {rounds}{middle}; adagan resume {folder} goes on from there"
    if done == 0:
        return f"in round 1, of which nothing is kept; adagan resume {folder} begins it again"
    return f"in round {done + 1}; {rounds}adagan resume {folder} goes on from there"
