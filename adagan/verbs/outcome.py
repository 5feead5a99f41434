"""What ``fit`` and ``resume`` say at the end."""

from __future__ import annotations

from adagan.boosting import AdaGAN
from adagan.round import verdict


def print_outcome(model: AdaGAN, folder: str) -> None:
    """One sentence per round, and what can be done next."""
    for record in model.rounds_:
        print(verdict(record))  # noqa: T201
    if model.stopped_:
        print(f"Stopped after {len(model.rounds_)} of {model.rounds} rounds: {model.stopped_}.")  # noqa: T201
    if len(model.mixture_) < len(model.rounds_):
        print(f"Kept the mixture after round {len(model.mixture_)}: no later one is clearly better.")  # noqa: T201
    print(f"Run written to {folder}. Next: adagan report {folder}, or adagan sample {folder} -n 10000")  # noqa: T201
