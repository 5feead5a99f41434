"""``adagan sample RUN``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import Namespace

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.verb_parser import VerbParser

if TYPE_CHECKING:
    import torch

    from adagan.components.adapters.tables.table_encoding import TableEncoding
    from adagan.mixtures.refinement.refined import Samples
    from adagan.mixtures.sampling.shards import Shard


def sample_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "sample",
        "RUN [-n N] [options]",
        "Draws samples from a run's mixture and streams them to a file: .npy or .csv, rows of a table to .csv, .tsv, "
        ".parquet or .xlsx.",
        "adagan sample RUN -n 1000000 --out samples.npy --refine 0.5    the better half of two million draws",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--num-samples", "-n", type=int, default=10_000, metavar="N", help="how many")
    parser.add_argument(
        "--out",
        type=str | None,
        metavar="FILE",
        help="file to write; by default RUN/samples.npy, of a table RUN/samples.csv",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw")
    parser.add_argument(
        "--shard",
        type=str | None,
        metavar="I/N",
        help="draw part I of N only: the parts behind one another are what one draw gives, wherever each is made",
    )
    parser.add_argument("--device", default="auto", metavar="NAME", help="cpu, cuda, cuda:1, mps, or auto")
    parser.add_argument(
        "--round",
        type=int | None,
        metavar="T",
        help="sample the mixture after this round instead of the one that the run kept",
    )
    parser.add_argument(
        "--refine",
        type=float | None,
        metavar="SHARE",
        help="reject by the run's critic: the share of the drawn samples that is kept, in (0, 1]",
    )
    parser.add_argument(
        "--balanced",
        action="store_true",
        help="with --refine: every region of the run's data keeps its share of the samples",
    )
    parser.add_argument(
        "--condition",
        type=int | str | None,
        metavar="CLASS",
        help="sample this class only, of components that learnt classes",
    )
    parser.add_argument(
        "--where",
        type=str | None,
        metavar="COLUMN=VALUE,...",
        help="of a table: rows with these values only, such as city=Bern, city=Bern|Basel or age=18..30",
    )
    parser.add_argument("--component", type=str | None, metavar="MODULE:MAKE", help=HELP)
    return parser


def run(arguments: Sequence[str]) -> None:
    """Streams samples to a file, block by block."""
    options = sample_parser().parse(arguments)
    if options.num_samples < 1:
        raise UserError(f"--num-samples: expected 1 or more, got {options.num_samples}")
    if options.balanced and options.refine is None:
        raise UserError("--balanced: only refined samples are balanced; pass --refine 0.5 too")
    out = None if options.out is None else Path(options.out)
    if out is not None and out.suffix not in (".npy", ".csv", ".tsv", ".parquet", ".xlsx"):
        raise UserError(f"--out: expected a file that ends in .npy, .csv, .tsv, .parquet or .xlsx, got {out}")
    import torch

    from adagan.components.adapters.images.image_encoding import ImageEncoding
    from adagan.components.adapters.tables.table_encoding import TableEncoding
    from adagan.data.class_names import class_of
    from adagan.data.decoded import Decoded
    from adagan.mixtures.numbers import check_share
    from adagan.mixtures.randomness import check_seed
    from adagan.mixtures.sampling.shards import Shard
    from adagan.mixtures.sampling.streaming import stream_samples
    from adagan.options.device_option import choose_device
    from adagan.run_folder import RunFolder
    from adagan.terminal.display import progress_shown

    check_seed(options.seed, "--seed")
    shard = Shard() if options.shard is None else Shard.read(options.shard)
    if options.refine is not None:
        check_share(options.refine, "--refine")
    device = choose_device(options.device)
    options.condition = class_of(options.condition, RunFolder(options.run).class_names())
    encoding = RunFolder(options.run).encoding()
    table = encoding if isinstance(encoding, TableEncoding) else None
    suffix = "npy" if table is None else "csv"
    out = out or Path(options.run) / f"samples{_part_of_name(shard)}.{suffix}"
    if out.exists() and not options.overwrite:
        raise FileExistsError(f"{out} exists already; choose another --out, or pass --overwrite")
    if table is not None:
        _write_table(options, table, shard, device, out)
        return
    if options.where is not None or out.suffix not in (".npy", ".csv"):
        wrong = "--out: expected a file that ends in .npy or .csv" if options.where is None else "--where: leave it out"
        raise UserError(f"{wrong}, as {options.run} is no run of a table, whose columns have names")
    source, wanted = _source(options, device), len(shard.rows(options.num_samples))
    with progress_shown() as announce:
        stream_samples(
            Decoded(source, encoding) if isinstance(encoding, ImageEncoding) else source,
            options.num_samples,
            out,
            generator=torch.Generator(device).manual_seed(options.seed),
            condition=options.condition,
            shard=shard,
            overwrite=options.overwrite,
            progress=lambda done: announce("samples", done, wanted),
        )
    print(f"{wanted} samples written to {out}")  # noqa: T201


def _part_of_name(shard: Shard) -> str:
    return "" if shard.count == 1 else f"-{shard.index}-of-{shard.count}"


def _write_table(options: Namespace, encoding: TableEncoding, shard: Shard, device: torch.device, out: Path) -> None:
    import torch

    from adagan.data.csv_files import CsvForm
    from adagan.data.table_files import write_rows
    from adagan.data.wanted_rows import rows_of_shard, wishes_of
    from adagan.terminal.display import progress_shown

    if out.suffix == ".npy":
        raise UserError(
            f"--out: expected .csv, .tsv, .parquet or .xlsx, as {options.run} is a run of a table, got {out}"
        )
    where = wishes_of(options.where, encoding)
    rows = rows_of_shard(
        _source(options, device),
        encoding,
        options.num_samples,
        torch.Generator(device).manual_seed(options.seed),
        shard,
        condition=options.condition,
        where=where,
    )
    wanted = len(shard.rows(options.num_samples))
    with progress_shown() as announce:
        write_rows(rows, out, CsvForm(**encoding.written), partial(_told, announce, wanted))
    print(f"{wanted} rows written to {out}")  # noqa: T201


def _told(announce: Callable[[str, int, int], object], total: int, done: int) -> None:
    announce("samples", done, total)


def _source(options: Namespace, device: torch.device) -> Samples:
    import torch

    from adagan.mixtures.refinement.balanced import balanced_refinement
    from adagan.mixtures.refinement.refined import Refined
    from adagan.run_folder import RunFolder
    from adagan.verbs.stored_run import makers_of, read_inputs, read_settings

    if options.refine is not None and options.condition is not None:
        raise UserError("--refine: the critic knows no classes; leave --condition out")
    folder, makers = RunFolder(options.run), makers_of(options.run, options.component)
    mixture = folder.mixture(makers, device, whole=options.round is not None)
    if options.round is not None:
        if not 1 <= options.round <= len(mixture):
            raise UserError(f"--round: expected 1 to {len(mixture)}, the rounds of this run, got {options.round}")
        mixture = mixture[: options.round]
    if options.refine is None:
        return mixture
    if options.round is not None and options.round != len(folder.mixture(makers)):
        raise UserError("--refine: the critic is that of the run's mixture; leave --round out")
    critic, generator = folder.critic(makers, device), torch.Generator(device).manual_seed(options.seed)
    if not options.balanced:
        return Refined(mixture, critic, options.refine, generator=generator)
    data = read_inputs(read_settings(options.run, options.component), options.run)
    points = data.points.to(device)
    return balanced_refinement(mixture, critic, options.refine, points, weights=data.weights, generator=generator)
