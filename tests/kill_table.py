"""Does a run that is killed at any moment, over and over, end as one that ran through? Bit for bit, on the CPU.

    python -m tests.kill_table --runs 10 --kills 4 --seed 100

runs every kind of component through once, and then so many times in a process that is killed (SIGKILL) at random
moments and resumed, until it is done. Trainings are kept as often as it is possible at all, so that most kills come
between two checkpoints. `tests/adagan/test_kills.py` tries a few.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from adagan import AdaGAN, Critic, Mixture
from adagan.components import GAN, VAE, FlowMatching, Gaussian, LightningGenerator, MomentMatching, ScikitLearn
from adagan.components.training.checkpoints import kept_trainings

DATA = torch.randn(240, 2, generator=torch.Generator().manual_seed(0)).abs()
STEPS = 120
SMALL: dict[str, Any] = {"width": 8, "max_steps": STEPS, "batch_size": 32}


class Averaging(LightningModule):
    """A user's module, with an average that is made when the step is over, and a count of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.net, self.mean = nn.Linear(2, 2), nn.Linear(2, 2)
        self.count = 0

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.count += 1
        return (self.net(torch.randn_like(batch)) - batch).square().mean() * (1 + 1 / self.count)

    def on_train_batch_end(self, *_: Any) -> None:
        for mean, value in zip(self.mean.parameters(), self.net.parameters(), strict=True):
            mean.data.lerp_(value.detach(), 0.1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.net.parameters(), lr=0.01)


def _sampler(module: Any, num_samples: int, generator: torch.Generator) -> Tensor:
    samples: Tensor = module.mean(torch.randn(num_samples, 2, generator=generator))
    return samples


def _mixture_model() -> ScikitLearn:
    from sklearn.mixture import GaussianMixture

    return ScikitLearn(GaussianMixture(2))


def _flow() -> Any:
    from adagan.components import Flow

    return Flow(**SMALL)


KINDS: dict[str, Callable[[], Any]] = {
    "GAN": partial(GAN, latent_dim=2, **SMALL),
    "VAE": partial(VAE, latent_dim=2, **SMALL),
    "Flow": _flow,
    "FlowMatching": partial(FlowMatching, sampling_steps=2, **SMALL),
    "MomentMatching": partial(MomentMatching, latent_dim=2, **SMALL),
    "LightningGenerator": partial(LightningGenerator, Averaging, _sampler, max_steps=STEPS, batch_size=32),
    "scikit-learn": _mixture_model,
    "Gaussian": Gaussian,
}
"""Of each way to train; the last two have no training to be in the middle of."""


@dataclass
class Row:
    """What became of the runs of one kind.

    Attributes:
        kind: Of the components.
        runs: How many were run to their end.
        kills: Kills.
        within: Of these, how many left a checkpoint of the round that they ended.
        steps: Steps that were not made again, of all that the killed trainings had made.
        differences: Runs that ended otherwise.
    """

    kind: str
    runs: int = 0
    kills: int = 0
    within: int = 0
    steps: int = 0
    differences: int = 0

    def __str__(self) -> str:
        return f"| {self.kind} | {self.runs} | {self.kills} | {self.within} | {self.steps} | {self.differences} |"


HEAD = (
    "| component | runs | kills | with a checkpoint | steps not made again | differences |\n|---|---|---|---|---|---|"
)


def boosted(kind: str, folder: Path, rounds: int) -> AdaGAN:
    critic = partial(Critic, width=8, max_steps=5, batch_size=64)
    coarse = partial(critic, noise=0.1)
    options: dict[str, Any] = {"critic": critic, "coarse_critic": coarse, "seed": 5, "checkpoint_minutes": 1e-9}
    return AdaGAN(KINDS[kind], rounds, folder=folder, **options)


def _run(kind: str, folder: Path, rounds: int) -> None:
    """Runs in this process, or goes on."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    kept_trainings.PATIENCE = 1
    model = boosted(kind, folder, rounds)
    if (folder / "run.json").exists():
        model.resume(DATA)
    else:
        model.fit(DATA)


def _started(kind: str, folder: Path, rounds: int) -> Any:
    process = multiprocessing.get_context("fork").Process(target=_run, args=(kind, folder, rounds))
    process.start()
    return process


def _content(kind: str, run: Path) -> dict[str, Any]:
    """What two runs are to have alike: all of the mixture and the critics, and of the records all but the time.

    Of scikit-learn's estimators it is what they draw: their files are archives, which tell when they were written.
    """
    content = json.loads((run / "run.json").read_text())
    for record in content["rounds"]:
        for name in ("seconds", "cpu_seconds", "training_cpu_seconds"):
            del record[name]
    pattern = "round-*.safetensors" if kind == "scikit-learn" else "*.safetensors"
    files = {path.name: path.read_bytes() for path in sorted(run.glob(pattern))}
    samples = Mixture.load(run, components=[KINDS[kind]]).sample(100, seed=0).tolist()
    return {**files, "run": content, "mixture": (run / "mixture.json").read_bytes(), "samples": samples}


def killed(kind: str, runs: int, kills: int, seed: int, rounds: int = 2) -> Row:
    """Kills so many runs of a kind so many times each, at moments that are drawn."""
    chance, row = random.Random(seed), Row(kind)
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        whole = Path(name) / "whole"
        begun = time.monotonic()
        process = _started(kind, whole, rounds)
        process.join()
        assert process.exitcode == 0, "the run that nobody kills failed"
        duration = time.monotonic() - begun
        expected = _content(kind, whole)
        for index in range(runs):
            run = Path(name) / f"run{index}"
            for _ in range(kills):
                process = _started(kind, run, rounds)
                process.join(chance.random() * duration)
                if process.exitcode is not None:
                    break
                os.kill(process.pid, signal.SIGKILL)
                process.join()
                row.kills += 1
                found = [kept_trainings.read_facts(path) for path in run.glob("checkpoint-*.safetensors")]
                row.within += bool(found)
                row.steps += sum(facts["step"] for facts in found)
            process = _started(kind, run, rounds)
            process.join()
            assert process.exitcode == 0, f"{run} is not resumed"
            row.runs += 1
            row.differences += _content(kind, run) != expected
            shutil.rmtree(run)
    return row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="of each kind")
    parser.add_argument("--kills", type=int, default=4, help="of each run, at most")
    parser.add_argument("--seed", type=int, default=100, help="of the moments")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS), help="by default all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(HEAD)  # noqa: T201
    table = []
    for kind in options.kinds:
        table.append(killed(kind, options.runs, options.kills, options.seed))
        print(table[-1], flush=True)  # noqa: T201
    sys.exit(1 if any(row.differences for row in table) else 0)
