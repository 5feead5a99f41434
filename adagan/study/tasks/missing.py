"""Known worlds: the model is a fresh draw of the data, changed a little, with some groups left out or starved."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.missing.missing_mass import Missing
from adagan.study.task import Row, World

SAMPLES_PER_POINT = 2

Draw = Callable[[Tensor, torch.Generator], Tensor]
Change = Callable[[Tensor, Tensor, torch.Generator], Tensor]
"""From samples, their groups and a generator to samples of which nothing more is missing."""


class Estimator(Protocol):
    """The answer that these worlds score: what is missing, from samples of a model."""

    def __call__(self, samples: Tensor, seed: int) -> Missing: ...


@dataclass(frozen=True)
class Family:
    """Worlds of one kind of data.

    Attributes:
        name: Of the task, behind ``missing-``.
        shares: Of the groups, shape (K,), sum 1.
        draw: From groups, shape (N,), and a generator to data points, shape (N, *event).
        draw_samples: The same for the model's samples.
        changes: By name: what may happen to all samples without anything being missing.
        losses: By name: the part of its share that is left to a group.
        num_points: Data points; twice as many samples are drawn.
    """

    name: str
    shares: Tensor
    draw: Draw
    draw_samples: Draw
    changes: Mapping[str, Change]
    losses: Mapping[str, Mapping[int, float]]
    num_points: int = 20_000

    def cases(self) -> list[tuple[str, str]]:
        """Every change with nothing lost, every loss without a change, and the first loss under every change."""
        first = next(iter(self.losses))
        whole = [(change, "nothing") for change in ("none", *self.changes)]
        return [*whole, *(("none", loss) for loss in self.losses), *((change, first) for change in self.changes)]


@dataclass(frozen=True)
class MissingWorld(World[Estimator]):
    """A family with one seed; an estimator, prepared on the data, is asked about one model after another.

    Attributes:
        data: As in `World`.
        groups: The group of every data point, shape (N,).
        family: Where samples come from.
        seed: Of the samples.
    """

    data: Tensor
    groups: Tensor
    family: Family
    seed: int
    labels: Tensor | None = None
    oracle: None = None

    def score(self, answer: Estimator) -> list[Row]:
        return [self._row(answer, change, loss) for change, loss in self.family.cases()]

    def _row(self, answer: Estimator, change: str, loss: str) -> Row:
        left = self.family.losses.get(loss, {})
        shares = self.family.shares.clone()
        for group, part in left.items():
            shares[group] *= part
        shares /= shares.sum()
        generator = torch.Generator().manual_seed(self.seed)
        count = SAMPLES_PER_POINT * len(self.data)
        drawn = torch.multinomial(shares, count, replacement=True, generator=generator)
        samples = self.family.draw_samples(drawn, generator)
        if change != "none":
            samples = self.family.changes[change](samples, drawn, generator)
        start = time.process_time()
        found = answer(samples, self.seed)
        lost = torch.isin(self.groups, torch.tensor(list(left), dtype=self.groups.dtype)).numpy()
        named = np.isin(np.arange(len(self.data)), found.rows.cpu().numpy())
        return {
            "change": change,
            "loss": loss,
            "cpu_seconds": time.process_time() - start,
            "truth": float((self.family.shares - shares)[list(left)].sum()),
            "estimate": found.value,
            "low": found.low,
            "high": found.high,
            "verdict": found.verdict,
            **_about_points(lost, named, found.log_ratio.cpu().numpy()),
        }


def _about_points(lost: NDArray[np.bool_], named: NDArray[np.bool_], log_ratio: NDArray[np.float64]) -> Row:
    """How well the points that are lost are told from the others."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    if not lost.any():
        return {"ratio_auc": None, "named": None, "named_others": None}
    return {
        "ratio_auc": float(roc_auc_score(lost, -log_ratio)),
        "named": float((named & lost).sum() / lost.sum()),
        "named_others": float((named & ~lost).sum() / max(named.sum(), 1)),
    }


def missing_world(family: Family, seed: int) -> MissingWorld:
    """The data of one seed; samples take generators of their own."""
    generator = torch.Generator().manual_seed(10_000 + seed)
    groups = torch.multinomial(family.shares, family.num_points, replacement=True, generator=generator)
    return MissingWorld(family.draw(groups, generator), groups, family, seed)
