"""Runs from the command line that take a second: two hundred points, critics of five steps."""

from pathlib import Path

import numpy as np
import rich.console  # noqa: F401  its first import draws from Python's generator
import torch

import adagan.verbs.fit
import adagan.verbs.study  # noqa: F401  these first imports set environment variables
from adagan.command_line import main

CRITIC = ["--critic-kind", "softmax", "--critic.max-steps", "5", "--critic.width", "8", "--critic.batch-size", "64"]
GAN = ["--gan.max-steps", "5", "--gan.width", "8", "--gan.batch-size", "32", "--gan.latent-dim", "2"]


def points(folder: Path, count: int = 200) -> str:
    data = torch.randn(count, 2, generator=torch.Generator().manual_seed(0)).numpy()
    np.save(folder / "data.npy", data)
    return str(folder / "data.npy")


def fit(data: str, out: Path, *options: str) -> list[str]:
    threads = ["--threads", str(torch.get_num_threads())]
    return ["fit", data, "--out", str(out), "--rounds", "2", "--component", "gaussian", *CRITIC, *threads, *options]


def two_rounds(folder: Path) -> Path:
    """A run of two rounds in a folder of its own."""
    assert main(fit(points(folder), folder / "run")) == 0
    return folder / "run"


def same_mixture(first: Path, second: Path) -> bool:
    names = sorted(path.name for path in first.glob("component-*.safetensors"))
    return names == sorted(path.name for path in second.glob("component-*.safetensors")) and all(
        (first / name).read_bytes() == (second / name).read_bytes() for name in [*names, "mixture.json"]
    )


def sampled(run: Path, out: Path, *options: str) -> np.ndarray:
    assert main(["sample", str(run), "--out", str(out), "--num-samples", "50", *options]) == 0
    return np.load(out) if out.suffix == ".npy" else np.loadtxt(out, delimiter=",")
