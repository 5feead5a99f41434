"""``adagan sample RUN``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from jsonargparse import ArgumentParser

from adagan.mixtures.arguments import check_share
from adagan.mixtures.refinement import Refined, Samples
from adagan.mixtures.streaming import stream_samples
from adagan.run_folder import RunFolder
from adagan.verbs.settings import choose_device


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
    parser.add_argument("--round", type=int | None, help="sample the mixture after this round instead of the last")
    parser.add_argument(
        "--refine",
        type=float | None,
        help="budget of rejection by the run's critic, in (0, 1]: the share of the drawn samples that is kept",
    )
    options = parser.parse_args(list(arguments))
    if options.num_samples < 1:
        raise ValueError(f"--num_samples: expected 1 or more, got {options.num_samples}")
    if options.refine is not None:
        check_share(options.refine, "--refine")
    out = Path(options.out) if options.out else Path(options.run) / "samples.npy"
    if out.suffix not in (".npy", ".csv"):
        raise ValueError(f"--out: expected a file that ends in .npy or .csv, got {out}")
    if out.exists() and not options.overwrite:
        raise FileExistsError(f"{out} exists already; choose another --out, or pass --overwrite")
    source = _source(options.run, options.round, options.refine, choose_device(options.device), options.seed)
    generator = torch.Generator(choose_device(options.device)).manual_seed(options.seed)
    stream_samples(source, options.num_samples, out, generator=generator, overwrite=options.overwrite)
    print(f"{options.num_samples} samples written to {out}")  # noqa: T201


def _source(run: str, round: int | None, refine: float | None, device: torch.device, seed: int) -> Samples:
    folder = RunFolder(run)
    mixture = folder.mixture(device=device)
    if round is not None:
        if not 1 <= round <= len(mixture):
            raise ValueError(f"--round: expected 1 to {len(mixture)}, the rounds of this run, got {round}")
        mixture = mixture[:round]
    if refine is None:
        return mixture
    critic = folder.critic(device=device)
    if round is not None and round != len(critic.weights_):
        raise ValueError("--refine: the critic is the last round's; leave --round out")
    return Refined(mixture, critic, refine, generator=torch.Generator(device).manual_seed(seed))
