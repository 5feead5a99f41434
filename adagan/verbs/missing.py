"""``adagan missing RUN``, and ``adagan missing DATA --samples FILE``."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.picture_options import add_picture_options, picture_options
from adagan.options.verb_parser import VerbParser

if TYPE_CHECKING:
    from jsonargparse import Namespace
    from torch import Tensor

    from adagan.data.training_data import TrainingData
    from adagan.missing.features import Features
    from adagan.missing.missing_mass import Missing

    Found: TypeAlias = tuple[TrainingData, Missing, Features, Callable[[], Tensor]]

SAMPLES_OF_A_PAGE = 5_000
"""Of a run's mixture, for what a page says of them."""


def missing_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "missing",
        "RUN [DATA] [options]\n       adagan missing DATA --samples FILE [options]",
        "Says which data a run's mixture, or any model that the samples in FILE were drawn from, does not make: "
        "groups of points, largest missing mass first, with intervals. Nothing is trained; for images of 16 "
        "pixels or more features are fitted to them.",
    )
    parser.add_argument("source", metavar="RUN", help="the run folder; with --samples the data")
    parser.add_argument("data", nargs="?", help="whose points to look for; by default the run's own data")
    parser.add_argument(
        "--samples",
        metavar="FILE",
        type=str | None,
        help="samples of your own model: an array, a table or a folder of images, twice as many as there are "
        "data if you can",
    )
    parser.add_argument("--json", metavar="FILE", type=str | None, help="also write the findings to this file")
    parser.add_argument(
        "--html",
        metavar="FILE",
        type=str | None,
        help="also write a page to send: what is missing, in pictures or the "
        "values of columns, how sure that is, and what the samples are worth",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.5,
        metavar="X",
        help="points count as missing below this share of the data's density",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the cells and draws")
    parser.add_argument("--component", type=str | None, metavar="MODULE:MAKE", help=HELP)
    add_picture_options(parser)
    return parser


def run(arguments: Sequence[str]) -> None:
    """Prints the groups of data points that a model hardly makes, largest first."""
    options = missing_parser().parse(arguments)
    if not 0 < options.threshold < 1:
        raise UserError(f"--threshold: expected a number between 0 and 1, got {options.threshold}")
    for name in ("json", "html"):
        file = getattr(options, name)
        if file is not None and Path(file).exists():
            raise FileExistsError(f"{file} exists already; choose another --{name}, or remove it")
    from adagan.components.training.progress import listening
    from adagan.missing.column_terms import ColumnTerms
    from adagan.missing.told import as_json, lines
    from adagan.mixtures.randomness import check_seed
    from adagan.mixtures.storage.files import write_json
    from adagan.terminal.display import progress_shown

    check_seed(options.seed, "--seed")
    with progress_shown() as announce, listening(announce):
        data, found, features, samples = _of_run(options) if options.samples is None else _of_files(options)
    terms = None if data.table is None else ColumnTerms(data.points, data.table)
    for line in lines(found, terms, data):
        print(line)  # noqa: T201
    if options.json is not None:
        write_json(Path(options.json), as_json(found, terms, data))
    if options.html is not None:
        _write_page(options, arguments, data, found, features, samples())
        print(f"page written to {options.html}")  # noqa: T201


def _write_page(
    options: Namespace,
    arguments: Sequence[str],
    data: TrainingData,
    found: Missing,
    features: Features,
    samples: Tensor,
) -> None:
    import adagan
    from adagan.report.look import Look, of_perfect_model
    from adagan.report.missing_page import write_missing_page
    from adagan.report.settings import Making

    size, shape = len(data.points), tuple(data.points.shape[1:])
    facts = {
        "data": f"{options.data or options.source}: {size:,} points of shape {shape}",
        "samples": options.samples or f"of the run in {options.source}",
        "page written by": f"adagan {adagan.__version__}",
    }
    look = Look(data, samples, found, of_perfect_model(data, features, options.seed), features)
    title = f"What {Path(options.samples or options.source).resolve().name} misses of its data"
    making = Making(facts, "", shlex.join(["adagan", "missing", *arguments]))
    write_missing_page(options.html, look, making, title=title, seed=options.seed)


def _of_files(options: Namespace) -> Found:
    from adagan.data.reading import read_training_data
    from adagan.data.samples import read_samples
    from adagan.missing.features import suited_features
    from adagan.missing.missing_mass import estimated

    if options.data is not None:
        raise UserError(f"DATA: expected one, beside --samples, got {options.source} and {options.data}")
    pictures = picture_options(options)
    data = read_training_data(options.source, seed=options.seed, layout=options.layout, pictures=pictures)
    samples = read_samples(options.samples, data, options.seed + 1, "--samples", pictures)
    features = suited_features(data.points, options.seed)
    return data, estimated(data, samples, features, options.seed, options.threshold), features, lambda: samples


def _of_run(options: Namespace) -> Found:
    from adagan.data.reading import read_training_data
    from adagan.missing.lookout import Lookout
    from adagan.options.config_file import CONFIG_FILE
    from adagan.run_folder import RunFolder
    from adagan.verbs.stored_run import makers_of, read_inputs, read_settings

    folder = RunFolder(options.source)
    folder.content()
    makers = makers_of(options.source, options.component)
    if options.data is None:
        if not (Path(options.source) / CONFIG_FILE).is_file():
            raise UserError(
                f"DATA: the run in {options.source} was started from Python, so it does not say where its data are; "
                f"name them: adagan missing {options.source} DATA"
            )
        data = read_inputs(read_settings(options.source, options.component), options.source)
    else:
        encoding = folder.encoding()
        data = read_training_data(
            options.data,
            seed=options.seed,
            columns=encoding,
            encoded=encoding is not None,
            layout=options.layout,
            pictures=picture_options(options),
        )
    lookout, mixture = Lookout(data, None, options.seed), folder.mixture(makers)
    found = lookout.look(mixture, options.seed, options.threshold, folder.critic(makers))
    return data, found, lookout.features, lambda: mixture.sample(SAMPLES_OF_A_PAGE, seed=options.seed)
