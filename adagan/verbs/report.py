"""``adagan report RUN``."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import ArgumentParser

from adagan.mixtures.errors import UserError
from adagan.report.page import write_report
from adagan.verbs.own_component import HELP, vouched_for
from adagan.verbs.stored_run import stored_component


def run(arguments: Sequence[str]) -> None:
    """Writes the page."""
    parser = ArgumentParser(
        prog="adagan report",
        description="Writes one self-contained HTML page about a run: samples per round, data weights, mixture "
        "weights, diagnostics, and what they say.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--out", type=str | None, help="the page to write; by default RUN/report.html")
    parser.add_argument("--num_samples", type=int, default=2_000, help="samples drawn per round")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--component", type=str | None, help=HELP)
    options = parser.parse_args(list(arguments))
    if options.num_samples < 1:
        raise UserError(f"--num_samples: expected 1 or more, got {options.num_samples}")
    makers = vouched_for(options.run, options.component, stored=stored_component(options.run))
    page = write_report(options.run, options.out, num_samples=options.num_samples, seed=options.seed, components=makers)
    print(f"report written to {page}")  # noqa: T201
