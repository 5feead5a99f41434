"""``adagan sample RUN``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import Namespace

from adagan.mixtures.errors import UserError
from adagan.options.own_component import HELP
from adagan.options.verb_parser import VerbParser

if TYPE_CHECKING:
    import torch

    from adagan.mixtures.refinement.refined import Samples

ENDINGS = ("", ".npy", ".npz", ".csv", ".tsv", ".parquet", ".xlsx", ".pt", ".png")
AUTO = "auto"


def sample_parser() -> VerbParser:
    """The options."""
    parser = VerbParser(
        "sample",
        "RUN [-n N] [options]",
        "Draws samples from a run's mixture and writes them: to .npy, .npz, .csv, .parquet or .pt, rows of a table to "
        ".csv, .tsv, .parquet or .xlsx, images also to a folder of PNG files, or side by side to .png.",
        "adagan sample RUN -n 1000000 --out samples.npy --refine 0.5    the better half of two million draws",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--num-samples",
        "-n",
        type=int | None,
        metavar="N",
        help="how many; by default 10000, in PNG files 64",
    )
    parser.add_argument(
        "--out",
        type=str | None,
        metavar="FILE",
        help="file or folder to write; by default RUN/samples.npy, of a table RUN/samples.csv",
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
        type=float | Literal["auto"] | None,
        metavar="SHARE",
        help="reject by the run's critic: the share of the drawn samples that is kept, in (0, 1]; by default what "
        "held-out data chose at the end of the run; auto tries on the run's data now, and says what it found",
    )
    parser.add_argument(
        "--balanced",
        action="store_true",
        help="with a share of --refine: every region of the run's data keeps its share of the samples",
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
    """Streams samples to a file, block by block, or images to a folder."""
    options = sample_parser().parse(arguments)
    if options.num_samples is not None and options.num_samples < 1:
        raise UserError(f"--num-samples: expected 1 or more, got {options.num_samples}")
    if options.balanced and options.refine is None:
        raise UserError("--balanced: only refined samples are balanced; pass --refine 0.5 too")
    if options.balanced and options.refine == AUTO:
        raise UserError(f"--balanced: --refine {AUTO} balances by itself; leave --balanced out")
    out = options.out
    if out is not None and not out.endswith("/") and Path(out).suffix.lower() not in ENDINGS:
        raise UserError(f"--out: expected a file that ends in {', '.join(ENDINGS[1:])}, or a folder, got {out}")
    import torch

    from adagan.data.class_names import class_of
    from adagan.mixtures.numbers import check_share
    from adagan.mixtures.randomness import check_seed
    from adagan.mixtures.sampling.shards import Shard
    from adagan.options.device_option import choose_device
    from adagan.run_folder import RunFolder
    from adagan.terminal.display import progress_shown
    from adagan.verbs.sample_writing import SampleTarget

    check_seed(options.seed, "--seed")
    shard = Shard() if options.shard is None else Shard.read(options.shard)
    if options.refine not in (None, AUTO):
        check_share(options.refine, "--refine")
    device = choose_device(options.device)
    options.condition = class_of(options.condition, RunFolder(options.run).class_names())
    target = SampleTarget(options.run, out, shard)
    target.check_free(options.overwrite)
    with progress_shown() as announce:
        line = target.write(
            _source(options, device),
            options.num_samples or target.usual_number,
            torch.Generator(device).manual_seed(options.seed),
            announce,
            condition=options.condition,
            where=options.where,
            overwrite=options.overwrite,
        )
    print(line)  # noqa: T201


def _source(options: Namespace, device: torch.device) -> Samples:
    import torch

    from adagan.mixtures.refinement.balanced import balanced_refinement
    from adagan.mixtures.refinement.refined import Refined
    from adagan.refining.trial import refinement_trial
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
        is_whole = options.round is None and options.condition is None
        refined = folder.refined(mixture, makers) if is_whole else None
        if refined is not None:
            print(f"{folder.content().get('refinement', 'refined')}; --refine 1 keeps all")  # noqa: T201
        return mixture if refined is None else refined
    if options.round is not None and options.round != len(folder.mixture(makers)):
        raise UserError("--refine: the critic is that of the run's mixture; leave --round out")
    critic, generator = folder.critic(makers, device), torch.Generator(device).manual_seed(options.seed)
    if not (options.balanced or options.refine == AUTO):
        return Refined(mixture, critic, options.refine, generator=generator)
    data = read_inputs(read_settings(options.run, options.component), options.run)
    points = data.points.to(device)
    if options.refine == AUTO:
        trial = refinement_trial(mixture, critic, data, options.seed)
        print(trial)  # noqa: T201
        if trial.budget == 1:
            return mixture
        options.refine = trial.budget
    return balanced_refinement(mixture, critic, options.refine, points, weights=data.weights, generator=generator)
