"""All options of a run; with its configuration file they reproduce it."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import Namespace

from adagan.data.built_in import BUILT_IN_NAMES
from adagan.mixtures.errors import UserError
from adagan.options.boosting_options import add_boosting_options
from adagan.options.component_options import add_component_options
from adagan.options.config_file import read_config
from adagan.options.critic_options import add_critic_options
from adagan.options.gan_options import add_gan_options
from adagan.options.picture_options import add_picture_options
from adagan.options.relevance import check_relevance
from adagan.options.verb_parser import VerbParser


def run_parser() -> VerbParser:
    """The parser of ``adagan fit``."""
    parser = VerbParser(
        "fit",
        "DATA --out RUN [options]",
        "Boosts a generator on DATA in rounds and writes a run folder.",
        "adagan fit digits --out run --rounds 3    a first run, on scikit-learn's digits; then: adagan report run",
    )
    parser.add_argument(
        "data",
        type=str,
        nargs="?",
        help="a .npy or .npz array, a table (.csv, .tsv, .parquet, .xlsx), a folder of images or of .npy or .parquet "
        "files, or built-in data: " + ", ".join(BUILT_IN_NAMES),
    )
    parser.add_argument("--out", type=str | None, metavar="RUN", help="folder to write; it must be new or empty")
    parser.add_argument(
        "--config",
        type=str | None,
        metavar="FILE",
        help="YAML file of settings, such as another run's config.yaml; options on the command line override it",
    )
    parser.add_argument(
        "--columns",
        type=str | None,
        metavar="NAME=KIND,...",
        help="kinds of a table's columns where a look at the values would not do: number, category, date, "
        "date:%d.%m.%Y, duration, identifier or drop",
    )
    parser.add_argument(
        "--header", type=bool | None, metavar="{true,false}", help="whether the first line of a .csv file has names"
    )
    parser.add_argument(
        "--weights",
        type=str | None,
        metavar="FILE",
        help="one non-negative weight per row of DATA, .npy or .csv; or a column of a table",
    )
    parser.add_argument(
        "--labels",
        type=str | None,
        metavar="FILE",
        help="one class per row of DATA, from 0, and -1 for unlabelled rows, or a column of a table, or the word "
        "folders: of images, one folder per class; a component that learns no classes is trained on each of them "
        "apart, and adagan sample --condition samples them",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of everything random")
    parser.add_argument("--device", default="auto", metavar="NAME", help="cpu, cuda, cuda:1, mps, or auto")
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        metavar="N",
        help="of torch on the CPU: one is best for small networks, as many as there are idle cores for large ones",
    )
    add_picture_options(parser)
    add_boosting_options(parser)
    add_component_options(parser)
    add_gan_options(parser)
    add_critic_options(parser)
    return parser


def parse_run(words: Sequence[str]) -> tuple[VerbParser, Namespace]:
    """The settings that the words and their configuration file say, and the parser that can write them down."""
    parser = run_parser()
    settings = parser.parse(words)
    if settings.config is not None:
        stored = read_config(parser, settings.config)
        data = settings.data
        settings = parser.parse(words, stored)
        settings.data = data or stored.data  # a positional argument that is left out would hide the stored one
    check_relevance(words, settings)
    return parser, settings


def stored_settings(path: str) -> Namespace:
    """The settings in the configuration file of a run.

    Raises:
        UserError: It is damaged, or of another version.
    """
    try:
        return read_config(run_parser(), path)
    except UserError as error:
        raise UserError(f"{error}; the file is damaged, or of another version: restore it from a copy") from error
