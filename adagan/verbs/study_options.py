"""What the two forms of ``adagan study`` share: options, their checks, progress, the console."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from adagan.mixtures.errors import UserError

WIDTH = 160
"""Of a table that goes to a file."""

Produced = TypeVar("Produced")


def add_study_options(parser: ArgumentParser, *, budget: float, rounds: int) -> None:
    """Adds seeds, budget, rounds, workers and the file of rows."""
    parser.add_argument(
        "--seeds", default="3", help="number of seeds, each with its own data, or the seeds themselves: 0,1,2"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--budget", type=float, default=budget, help="CPU seconds for each training")
    parser.add_argument("--rounds", type=int, default=rounds, help="components of the methods that train several")
    parser.add_argument("--workers", type=int | None, help="trainings at a time; by default one per core")
    parser.add_argument("--json", type=str | None, help="file to write all rows to")


def checked_seeds(options: Namespace) -> list[int]:
    """The seeds, once the numbers are in range.

    Raises:
        ValueError: A number out of range, or none; the option is named.
    """
    for name, least in (("seed", 0), ("workers", 1)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise UserError(f"--{name}: expected {least} or more, got {value}")
    try:
        numbers = [int(word) for word in str(options.seeds).split(",") if word.strip()]
    except ValueError as error:
        raise UserError(f"--seeds: expected a number of seeds, or seeds as in 0,1,2, got {options.seeds!r}") from error
    if "," in str(options.seeds):
        if not numbers or min(numbers) < 0:
            raise UserError(f"--seeds: expected seeds of 0 or more, got {options.seeds}")
        return list(dict.fromkeys(numbers))
    if not numbers or numbers[0] < 1:
        raise UserError(f"--seeds: expected 1 or more, got {options.seeds}")
    return list(range(options.seed, options.seed + numbers[0]))


def names_in(text: str, known: Iterable[str]) -> list[str]:
    """The names of a comma-separated list; ``all`` stands for all that are known."""
    if text.strip() == "all":
        return list(known)
    return [name.strip() for name in text.split(",") if name.strip()]


def collected(produced: Iterable[Produced], total: int) -> Iterator[Produced]:
    """Hands on what is produced, under a bar of progress on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("trainings", total=total)
        for part in produced:
            yield part
            progress.advance(task)


def study_console() -> Console:
    """The terminal, or a wide page where the output goes to a file."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)
