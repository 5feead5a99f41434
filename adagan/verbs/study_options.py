"""What the two forms of ``adagan study`` share: options, their checks, progress, the console."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jsonargparse import Namespace
from rich.console import Console

from adagan.mixtures.errors import UserError
from adagan.mixtures.sampling.shards import Shard
from adagan.options.verb_parser import VerbParser
from adagan.study.cells import Cell, of_cells, remaining
from adagan.study.rows_file import RowsFile
from adagan.study.runner import run_cells
from adagan.study.tables import failures
from adagan.study.task import Row
from adagan.terminal.display import progress_shown

WIDTH = 160
"""Of a table that goes to a file."""


def add_study_options(parser: VerbParser, *, budget: float, rounds: int) -> None:
    """Adds seeds, budget, rounds, workers and the file of rows."""
    parser.add_argument(
        "--seeds", default="3", help="number of seeds, each with its own data, or the seeds themselves: 0,1,2"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--budget", type=float, default=budget, help="CPU seconds for each training; twice as many fail it"
    )
    parser.add_argument("--rounds", type=int, default=rounds, help="components of the methods that train several")
    parser.add_argument("--workers", type=int | None, help="trainings at a time; by default one per core")
    parser.add_argument(
        "--shard",
        type=str | None,
        metavar="I/N",
        help="do part I of N only, each with a --json of its own; `adagan study merge` puts the files together",
    )
    parser.add_argument("--json", type=str | None, help="file that keeps all rows as they finish; it is gone on with")


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


def filled(cells: Sequence[Cell], file: RowsFile, options: Namespace) -> list[Row]:
    """Does what the file does not have yet, under a bar of progress on stderr; the rows of the cells, or of a shard."""
    if options.shard is not None:
        cells = Shard.read(options.shard).of(cells)
    todo = remaining(cells, file.rows)
    try:
        produced = run_cells(todo, budget=options.budget, rounds=options.rounds, workers=options.workers)
        with progress_shown(patience=0) as show:
            if todo:
                show("trainings", 0, len(todo))
            for done, rows in enumerate(produced, start=1):
                file.add(rows)
                show("trainings", done, len(todo))
    except KeyboardInterrupt as interrupt:
        done = len(cells) - len(remaining(cells, file.rows))
        kept = f"{file.path} keeps their rows, the same command goes on" if file.path else "nothing is kept"
        raise KeyboardInterrupt(f"after {done} of {len(cells)} trainings; {kept}") from interrupt
    return of_cells(file.rows, cells)


def tell_the_rest(console: Console, rows: Sequence[Row], file: RowsFile) -> None:
    """Says below a table what failed, and where the rows are."""
    for line in failures(rows):
        console.print(line, highlight=False, markup=False)
    if file.path:
        console.print(f"rows written to {file.path}")


def study_console(width: int = WIDTH) -> Console:
    """The terminal, or a wide page where the output goes to a file."""
    console = Console()
    return console if console.is_terminal else Console(width=width)
