"""A script that asks for two processes: it launches the other itself, or torchrun starts both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from two_ranks import free_port, needs_ranks

from adagan import Mixture

pytestmark = [pytest.mark.slow, needs_ranks]
SCRIPT = """
import sys
from functools import partial

import torch
from adagan import GAN, AdaGAN, Critic
from adagan.components.training.ranks.group import own_rank

data = torch.randn(100, 2, generator=torch.Generator().manual_seed(100))
options = {"devices": 2, "strategy": "ddp", "accelerator": "cpu"}
component = partial(GAN, width=8, latent_dim=2, max_steps=3, batch_size=16)
critic = partial(Critic, width=8, max_steps=3, batch_size=32)
model = AdaGAN(component, 1, critic=critic, folder=sys.argv[1], seed=100, trainer_options=options).fit(data)
sys.stdout.write(f"rank {own_rank()}: {float(model.sample(100, seed=0).sum())!r}\\n")  # at once, whatever is buffered
sys.stdout.flush()
"""


def said(tmp_path: Path, *command: str) -> list[str]:
    (tmp_path / "script.py").write_text(SCRIPT)
    words = [sys.executable, *command, str(tmp_path / "script.py"), str(tmp_path / "run")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    lines = sorted(line for line in done.stdout.splitlines() if line.startswith("rank"))
    assert len(lines) == 2, (done.stdout, done.stderr)
    return lines


@pytest.mark.parametrize("by_torchrun", [False, True], ids=["by itself", "by torchrun"])
def test_a_script_is_launched(by_torchrun: bool, tmp_path: Path) -> None:
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port())]
    first, second = said(tmp_path, *(torchrun if by_torchrun else []))
    own = float(Mixture.load(tmp_path / "run").sample(100, seed=0).sum())
    assert first == f"rank 0: {own!r}"
    assert second == f"rank 1: {own!r}"
