"""Scores that two ranks share: those of one rank, bit for bit, each computed by one of them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from two_ranks import needs_ranks, on_ranks

from adagan import Critic
from adagan.components.critics import labelled_points
from adagan.components.critics.labelled_points import in_blocks
from adagan.components.generators.gaussian import Gaussian
from adagan.components.training.ranks.scores import filled_by_ranks, sharing_scores
from adagan.data.training_data import TrainingData
from adagan.fitting import fit_critic
from adagan.missing.lookout import Lookout
from adagan.mixtures.mixture import Mixture

ROWS = torch.randn(500, 3, generator=torch.Generator().manual_seed(100))


class Counting:
    """A function of rows, and how many it was asked for."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, rows: Tensor) -> Tensor:
        self.count += len(rows)
        return torch.stack([rows.sin().sum(dim=1), -0.0 * rows[:, 0], rows[:, 0] / 0.0], dim=1)


def scores(monkeypatch: pytest.MonkeyPatch, *, whole: bool) -> dict[str, Any]:
    """What is computed block by block, at all rows and at some of them, and part by part."""
    monkeypatch.setattr(labelled_points, "BLOCK", 64)
    for name in ("components.training.ranks.scores", "mixtures.large_arrays"):
        monkeypatch.setattr(f"adagan.{name}.PART", 96)
    monkeypatch.setattr("adagan.mixtures.large_arrays.LARGE", 100)
    counts = [Counting() for _ in range(4)]
    some = torch.arange(0, 500, 3)
    with sharing_scores():
        values = [in_blocks(counts[0], ROWS), in_blocks(counts[1], ROWS, some), filled_by_ranks(counts[2], ROWS)]
        cells = filled_by_ranks(lambda part: (100 * counts[3](part)[:, 0]).to(torch.int16), ROWS)
        if whole:
            values += run_parts()
    own = in_blocks(Counting(), ROWS)  # a rank by itself
    return {
        "bytes": [value.numpy().tobytes() for value in (*values, cells, own)],
        "counts": [count.count for count in counts],
    }


def run_parts() -> list[Tensor]:
    """A critic's scores of data, and the cells of data of which only some are looked at."""
    data = TrainingData.checked(torch.cat([ROWS[:, :2], ROWS[:200, 1:] + 5]))
    mixture = Mixture([Gaussian().fit(ROWS[:, :2])])
    found = Lookout(data, None, seed=1).look(mixture, seed=2)
    critic = fit_critic(lambda: Critic(width=4, max_steps=2, batch_size=16), data, mixture, seed=3)
    return [found.log_ratio, critic.component_log_ratios_.detach(), critic.log_ratio(ROWS[:, :2]).detach()]


@pytest.mark.slow
@needs_ranks
def test_two_ranks_share_what_one_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adagan.data.training_data.MOST_LOOKED_AT", 300)
    alone = scores(monkeypatch, whole=True)
    assert alone["counts"] == [500, 167, 500, 500]

    def on_rank() -> dict[str, Any]:
        from adagan.components.training.ranks.joining import join

        join({"devices": 2, "strategy": "ddp", "accelerator": "cpu"})
        return scores(monkeypatch, whole=True)

    first, second = on_ranks(on_rank)
    assert isinstance(first, dict), first
    assert isinstance(second, dict), second
    assert first["bytes"] == second["bytes"] == alone["bytes"]
    assert np.add(first["counts"], second["counts"]).tolist() == alone["counts"]
    assert min(first["counts"]) > 60
