"""``adagan report RUN``."""

from __future__ import annotations

from collections.abc import Sequence

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.verb_parser import VerbParser


def report_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "report",
        "RUN [options]",
        "Writes one self-contained HTML page about a run: samples per round, data weights, mixture weights, "
        "diagnostics, and what they say.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--out", type=str | None, metavar="FILE", help="the page to write; by default RUN/report.html")
    parser.add_argument("--num-samples", type=int, default=2_000, metavar="N", help="samples drawn per round")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws")
    parser.add_argument("--component", type=str | None, metavar="MODULE:MAKE", help=HELP)
    return parser


def run(arguments: Sequence[str]) -> None:
    """Writes the page."""
    options = report_parser().parse(arguments)
    if options.num_samples < 1:
        raise UserError(f"--num-samples: expected 1 or more, got {options.num_samples}")
    from adagan.report.page import write_report
    from adagan.verbs.stored_run import makers_of

    page = write_report(
        options.run,
        options.out,
        num_samples=options.num_samples,
        seed=options.seed,
        components=makers_of(options.run, options.component),
    )
    print(f"report written to {page}")  # noqa: T201
