"""``adagan missing RUN``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.verb_parser import VerbParser

if TYPE_CHECKING:
    from adagan.missing.regions import MissingRegion

SHOWN_ROWS = 5
SHOWN_ENTRIES = 4


def missing_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "missing",
        "RUN [DATA] [options]",
        "Says which data a run's mixture does not make: groups of points, largest missing mass first. A critic is "
        "trained for it, which takes some seconds.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("data", nargs="?", help="whose points to look for; by default the run's own data")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.5,
        metavar="X",
        help="points count as missing below this share of the data's density",
    )
    parser.add_argument("--component", type=str | None, metavar="MODULE:MAKE", help=HELP)
    return parser


def run(arguments: Sequence[str]) -> None:
    """Prints the groups of data points that a run's mixture hardly makes, largest first."""
    options = missing_parser().parse(arguments)
    if not 0 < options.threshold <= 1:
        raise UserError(f"--threshold: expected a number in (0, 1], got {options.threshold}")
    from adagan.components.training.progress import listening
    from adagan.data.reading import read_data
    from adagan.options.boosting_options import make_model
    from adagan.run_folder import RunFolder
    from adagan.terminal.display import progress_shown
    from adagan.verbs.stored_run import read_inputs, read_settings

    settings = read_settings(options.run, options.component)
    settings.rounds = len(RunFolder(options.run).rounds())
    if settings.rounds == 0:
        raise UserError(f"{options.run} has no complete round yet; adagan resume {options.run} runs the first")
    other = None if options.data is None else read_data(options.data, settings.seed)
    model = make_model(settings, options.run)
    model.progress = False
    with progress_shown() as announce, listening(announce):
        regions = model.resume(read_inputs(settings)).missing(other, threshold=options.threshold)
    for line in described(regions):
        print(line)  # noqa: T201


def described(regions: Sequence[MissingRegion]) -> list[str]:
    """One line on all regions, then one for each; rows are counted from 0, as in Python."""
    if not regions:
        return ["Nothing is missing, as far as the coarse critic can see."]
    total = sum(region.missing_mass for region in regions)
    groups = "one group" if len(regions) == 1 else f"{len(regions)} groups"
    lines = [f"{total:.1%} of the data is missing, in {groups}:"]
    for number, region in enumerate(regions, start=1):
        rows = ", ".join(str(row) for row in region.rows[:SHOWN_ROWS].tolist())
        centre = region.centre.flatten()
        place = ""
        if len(centre) <= SHOWN_ENTRIES:
            place = " around (" + ", ".join(f"{value:.3g}" for value in centre.tolist()) + ")"
        lines.append(
            f"  {number}. {region.missing_mass:.1%} of the data{place}, covered to {region.coverage:.0%}; "
            f"such as rows {rows}"
        )
    return lines
