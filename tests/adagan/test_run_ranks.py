"""A run that processes share: rank zero writes it, all hold the same, and it is within rounding of one process's."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from two_ranks import needs_ranks, on_ranks

from adagan import GAN, AdaGAN, Critic, Mixture
from adagan.components.training.ranks.group import own_rank

pytestmark = [pytest.mark.slow, needs_ranks]
DDP: dict[str, Any] = {"devices": 2, "strategy": "ddp", "accelerator": "cpu"}


def data() -> Tensor:
    generator = torch.Generator().manual_seed(100)
    sides = 6.0 * torch.randint(2, (240, 1), generator=generator)
    return torch.randn(240, 2, generator=generator, dtype=torch.float64) + sides


def model(batch_size: int, folder: Path | None, rounds: int, options: dict[str, Any]) -> AdaGAN:
    component = partial(GAN, width=8, latent_dim=2, max_steps=6, batch_size=batch_size)
    critic = partial(Critic, width=8, max_steps=40, learning_rate=0.02, batch_size=2 * batch_size)
    return AdaGAN(component, rounds, critic=critic, folder=folder, seed=100, trainer_options=options, progress=True)


def told(fitted: AdaGAN) -> dict[str, Any]:
    """What two ranks are compared by."""
    return {
        "weights": fitted.mixture_.weights.numpy().copy(),
        "samples": fitted.sample(50, seed=0).numpy().copy(),
        "data weights": fitted.data_weights_[-1].values.numpy().copy(),
        "ratios": fitted.critic_.log_ratio(data()[:20]).detach().numpy().copy(),
        "records": [record.to_json() for record in fitted.rounds_],
    }


def test_a_run_in_a_folder_and_its_resumption(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"

    def run() -> dict[str, Any]:
        model(16, folder, 1, DDP).fit(data())
        return told(model(16, folder, 2, DDP).resume(data()))

    first, second = on_ranks(run)
    assert isinstance(first, dict), first
    assert isinstance(second, dict), second
    for name, value in first.items():
        np.testing.assert_equal(second[name], value, err_msg=name)
    stored = Mixture.load(folder)
    np.testing.assert_array_equal(stored.sample(50, seed=0).numpy(), first["samples"])
    assert not [path for path in folder.iterdir() if path.name.endswith(".draft")]
    # each round is told once
    assert capfd.readouterr().err.count("round 2:") <= 1
    alone = told(model(32, None, 2, {}).fit(data()))
    for name in ("weights", "samples", "data weights", "ratios"):
        # roundings of 1e-16, through 80 steps of Adam, a calibration and a fit of weights that stop at 1e-8
        np.testing.assert_allclose(first[name], alone[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_two_machines_and_a_rank_that_dies(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    nodes = {**DDP, "devices": 1, "num_nodes": 2}

    class Dies(GAN):
        """On one machine, in round 2."""

        def fit(self, data: Tensor, **options: Any) -> "Dies":
            if (folder / "component-000.safetensors").exists() and own_rank() == 1:
                os._exit(9)
            return super().fit(data, **options)

    def run() -> None:
        dying = model(16, folder, 3, nodes)
        dying.component = partial(Dies, width=8, latent_dim=2, max_steps=6, batch_size=16)
        dying.fit(data())

    first, second = on_ranks(run, nodes=True)
    assert first.startswith("RankLost: rank 0 of 2: another rank does not answer any more")
    assert second == "died"
    # what was complete is whole, and goes on with the processes that there are
    assert len(Mixture.load(folder, components=[Dies])) == 1
