"""``adagan resume RUN``."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import ArgumentParser

from adagan.boosting import MOST_ROUNDS
from adagan.mixtures.errors import UserError
from adagan.run_folder import RunFolder
from adagan.verbs.outcome import print_outcome
from adagan.verbs.own_component import HELP
from adagan.verbs.stored_run import read_settings, reopened


def run(arguments: Sequence[str]) -> None:
    """Runs the rounds that a run still lacks."""
    parser = ArgumentParser(
        prog="adagan resume",
        description="Goes on with a run that was interrupted, or adds rounds to a complete one; the result is the "
        "same, bit for bit, as that of an uninterrupted run.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--rounds", type=int | str | None, help="rounds in all, or auto; by default as for fit")
    parser.add_argument("--data", type=str | None, help="where the data are now, if they have moved")
    parser.add_argument("--device", type=str | None, help="cpu, cuda, cuda:1, mps, or auto; by default the run's")
    parser.add_argument("--component", type=str | None, help=HELP)
    options = parser.parse_args(list(arguments))
    settings = read_settings(options.run, options.component)
    for name in ("rounds", "data", "device"):
        settings[name] = settings[name] if options[name] is None else options[name]
    done = len(RunFolder(options.run).rounds())
    wanted = MOST_ROUNDS if settings.rounds == "auto" else settings.rounds
    if isinstance(wanted, int) and wanted <= done:
        raise UserError(f"--rounds: the run in {options.run} has {done} rounds already; ask for more to add some")
    print_outcome(reopened(options.run, settings), options.run)
