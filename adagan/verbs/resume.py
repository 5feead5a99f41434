"""``adagan resume RUN``."""

from __future__ import annotations

from collections.abc import Sequence

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.verb_parser import VerbParser


def resume_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "resume",
        "RUN [options]",
        "Goes on with a run that was interrupted, or adds rounds to a complete one; the result is the same, bit for "
        "bit, as that of an uninterrupted run.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--rounds", type=int | str | None, metavar="N", help="rounds in all, or auto; by default as for fit"
    )
    parser.add_argument("--data", type=str | None, metavar="DATA", help="where the data are now, if they have moved")
    parser.add_argument(
        "--device", type=str | None, metavar="NAME", help="cpu, cuda, cuda:1, mps, or auto; by default the run's"
    )
    parser.add_argument("--component", type=str | None, metavar="MODULE:MAKE", help=HELP)
    return parser


def run(arguments: Sequence[str]) -> None:
    """Runs the rounds that a run still lacks."""
    options = resume_parser().parse(arguments)
    from adagan.boosting import MOST_ROUNDS
    from adagan.options.boosting_options import make_model
    from adagan.run_folder import RunFolder
    from adagan.terminal.rounds_told import rounds_told
    from adagan.verbs.stored_run import read_inputs, read_settings

    settings = read_settings(options.run, options.component)
    for name in ("rounds", "data", "device"):
        settings[name] = settings[name] if options[name] is None else options[name]
    done = len(RunFolder(options.run).rounds())
    wanted = MOST_ROUNDS if settings.rounds == "auto" else settings.rounds
    if isinstance(wanted, int) and wanted <= done:
        raise UserError(f"--rounds: the run in {options.run} has {done} rounds already; ask for more to add some")
    model = make_model(settings, options.run)
    with rounds_told(model, options.run):
        model.resume(read_inputs(settings, options.run))
