"""``adagan sample RUN``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from jsonargparse import ArgumentParser, Namespace

from adagan.mixtures.arguments import check_share
from adagan.mixtures.errors import UserError
from adagan.mixtures.refinement.balanced import balanced_refinement
from adagan.mixtures.refinement.refined import Refined, Samples
from adagan.mixtures.sampling.streaming import stream_samples
from adagan.run_folder import RunFolder
from adagan.seeds import check_seed
from adagan.verbs.own_component import HELP, vouched_for
from adagan.verbs.settings import choose_device
from adagan.verbs.stored_run import read_inputs, read_settings, stored_component


def run(arguments: Sequence[str]) -> None:
    """Streams samples to a file, block by block."""
    parser = ArgumentParser(
        prog="adagan sample",
        description="Draws samples from a run's mixture and streams them to a .npy or .csv file.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--num_samples", "-n", type=int, default=10_000, help="how many")
    parser.add_argument("--out", help="file to write, .npy or .csv; by default RUN/samples.npy")
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps, or auto")
    parser.add_argument(
        "--round", type=int | None, help="sample the mixture after this round instead of the one that the run kept"
    )
    parser.add_argument(
        "--refine",
        type=float | None,
        help="budget of rejection by the run's critic, in (0, 1]: the share of the drawn samples that is kept",
    )
    parser.add_argument(
        "--balanced",
        action="store_true",
        help="with --refine: every region of the run's data keeps its share of the samples",
    )
    parser.add_argument(
        "--condition", type=int | None, help="sample this class only, of components that learnt classes"
    )
    parser.add_argument("--component", type=str | None, help=HELP)
    options = parser.parse_args(list(arguments))
    if options.num_samples < 1:
        raise UserError(f"--num_samples: expected 1 or more, got {options.num_samples}")
    check_seed(options.seed, "--seed")
    if options.refine is not None:
        check_share(options.refine, "--refine")
    elif options.balanced:
        raise UserError("--balanced: only refined samples are balanced; pass --refine 0.5 too")
    out = Path(options.out) if options.out else Path(options.run) / "samples.npy"
    if out.suffix not in (".npy", ".csv"):
        raise UserError(f"--out: expected a file that ends in .npy or .csv, got {out}")
    if out.exists() and not options.overwrite:
        raise FileExistsError(f"{out} exists already; choose another --out, or pass --overwrite")
    device = choose_device(options.device)
    makers = vouched_for(options.run, options.component, stored=stored_component(options.run))
    source = _source(options, makers, device)
    generator = torch.Generator(device).manual_seed(options.seed)
    stream_samples(
        source,
        options.num_samples,
        out,
        generator=generator,
        condition=options.condition,
        overwrite=options.overwrite,
    )
    print(f"{options.num_samples} samples written to {out}")  # noqa: T201


def _source(options: Namespace, makers: Sequence[Callable[[], Any]], device: torch.device) -> Samples:
    if options.refine is not None and options.condition is not None:
        raise UserError("--refine: the critic knows no classes; leave --condition out")
    folder = RunFolder(options.run)
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
    inputs = read_inputs(read_settings(options.run, options.component))
    points = inputs.data.to(device)
    return balanced_refinement(mixture, critic, options.refine, points, weights=inputs.weights, generator=generator)
