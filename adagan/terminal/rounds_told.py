"""What ``fit`` and ``resume`` say at the end, or when they are interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adagan.boosting import AdaGAN
from adagan.run_folder import RUN_FILE, RunFolder


@contextmanager
def rounds_told(model: AdaGAN, folder: str) -> Iterator[None]:
    """Runs rounds in the block, and says what became of them and what can be done next.

    Args:
        model: Whose rounds they are.
        folder: Of the run.

    Raises:
        KeyboardInterrupt: With what is kept and how to go on.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(_kept(folder)) from interrupt
    if model.stopped_:
        print(f"Stopped after {len(model.rounds_)} of {model.rounds} rounds: {model.stopped_}.")  # noqa: T201
    if len(model.mixture_) < len(model.rounds_):
        print(f"Kept the mixture after round {len(model.mixture_)}: no later one is clearly better.")  # noqa: T201
    print(f"Run written to {folder}. Next: adagan report {folder}, or adagan sample {folder} -n 10000")  # noqa: T201


def _kept(folder: str) -> str:
    if not (Path(folder) / RUN_FILE).is_file():
        return "before anything was written"
    done = len(RunFolder(folder).content()["rounds"])
    if done == 0:
        return f"in round 1, of which nothing is kept; adagan resume {folder} begins it again"
    rounds = "round 1 is" if done == 1 else f"rounds 1 to {done} are"
    return f"in round {done + 1}; {rounds} kept, and adagan resume {folder} goes on from there"
