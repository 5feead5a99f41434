"""``adagan report RUN``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.verb_parser import VerbParser

if TYPE_CHECKING:
    from jsonargparse import Namespace

    from adagan.data.training_data import TrainingData


def report_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "report",
        "RUN [DATA] [options]",
        "Writes one self-contained HTML page about a run: what is missing and how sure that is, what boosting did "
        "about it and what that cost, what the samples are worth, and how it was made.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "data",
        nargs="?",
        help="where the run's data are now; by default where they were, or what the run keeps of them",
    )
    parser.add_argument("--out", type=str | None, metavar="FILE", help="by default RUN/report.html, or RUN/card.md")
    parser.add_argument(
        "--card",
        action="store_true",
        help="write a model card in Markdown instead: what the mixture still misses, with intervals",
    )
    parser.add_argument("--num-samples", type=int, default=2_000, metavar="N", help="samples drawn per round")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws")
    parser.add_argument("--component", type=str | None, metavar="MODULE:MAKE", help=HELP)
    return parser


def run(arguments: Sequence[str]) -> None:
    """Writes the page."""
    options = report_parser().parse(arguments)
    if options.num_samples < 1:
        raise UserError(f"--num-samples: expected 1 or more, got {options.num_samples}")
    from adagan.components.training.progress import listening
    from adagan.report.card import write_card
    from adagan.report.page import write_report
    from adagan.terminal.display import progress_shown
    from adagan.verbs.stored_run import makers_of

    with progress_shown() as announce, listening(announce):
        given: dict[str, Any] = {
            "seed": options.seed,
            "components": makers_of(options.run, options.component),
            "data": _data_of(options),
        }
        if options.card:
            page = write_card(options.run, options.out, **given)
        else:
            page = write_report(options.run, options.out, num_samples=options.num_samples, **given)
    print(f"{'card' if options.card else 'report'} written to {page}")  # noqa: T201


def _data_of(options: Namespace) -> TrainingData | None:
    """The run's data if they are where they were, or where the user says; ``None`` where they are not to be had."""
    from adagan.data.reading import read_training_data
    from adagan.options.config_file import CONFIG_FILE
    from adagan.run_folder import RunFolder
    from adagan.verbs.stored_run import read_inputs, read_settings

    folder = RunFolder(options.run)
    folder.content()
    if options.data is not None:
        encoding = folder.encoding()
        return read_training_data(
            options.data,
            seed=options.seed,
            columns=encoding,
            encoded=encoding is not None,
        )
    if not (Path(options.run) / CONFIG_FILE).is_file():
        return None
    try:
        data = read_inputs(read_settings(options.run, options.component), options.run)
    except (OSError, UserError) as error:
        print(f"the data of the run are not read ({error}); the report is on the points that it keeps of them")  # noqa: T201
        return None
    if data.fingerprints["data"] != folder.content()["data"]:
        print("the data are no longer those of the run; the report is on the points that it keeps of them")  # noqa: T201
        return None
    return data
