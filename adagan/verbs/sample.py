"""``adagan sample RUN``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jsonargparse import ArgumentParser

from adagan.mixtures.arguments import check_share
from adagan.mixtures.refinement import Refined, Samples
from adagan.run_folder import RunFolder
from adagan.verbs.settings import choose_device

BLOCK = 500_000


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
    _stream(source, options.num_samples, out, options.seed, choose_device(options.device))
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


def _stream(source: Samples, num_samples: int, out: Path, seed: int, device: torch.device) -> None:
    """Writes beside the file and renames, so that a kill leaves no half of one."""
    generator = torch.Generator(device).manual_seed(seed)
    draft = out.with_name(f".{out.name}.draft")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(source, num_samples, draft, out.suffix, generator)
        os.replace(draft, out)
    finally:
        draft.unlink(missing_ok=True)


def _write(source: Samples, num_samples: int, draft: Path, suffix: str, generator: torch.Generator) -> None:
    written = 0
    target = None
    while written < num_samples:
        block = source.sample(min(BLOCK, num_samples - written), generator=generator).cpu().numpy()
        if suffix == ".npy":
            if target is None:
                shape = (num_samples, *block.shape[1:])
                target = np.lib.format.open_memmap(draft, mode="w+", dtype=block.dtype, shape=shape)
            target[written : written + len(block)] = block
        else:
            with draft.open("a" if written else "w", encoding="utf-8") as file:
                np.savetxt(file, block.reshape(len(block), -1), delimiter=",", fmt="%.9g")
        written += len(block)
    if target is not None:
        target.flush()
