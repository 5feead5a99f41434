"""A table of three numbers, one with a long tail, and two columns of categories, some of them rare; modes are pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import torch
from torch import Tensor
from torch.nn import functional

from adagan.study.metrics.histogram import histogram_scores

FIRST, SECOND = (0.5, 0.25, 0.15, 0.09, 0.01), (0.6, 0.27, 0.1, 0.03)
NUMBERS = 3


def mixed_table(num_rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Rows as a table's encoding makes them, numbers and then one-hot categories, and the pair of each row."""
    generator = torch.Generator().manual_seed(seed)
    shares = _shares()
    pairs = torch.multinomial(shares, num_rows, replacement=True, generator=generator)
    left, right = pairs // len(SECOND), pairs % len(SECOND)
    numbers = torch.randn(num_rows, NUMBERS, generator=generator)
    numbers[:, 0] += left
    numbers[:, 1] *= 0.5 + 0.5 * right
    numbers[:, 2] = (0.5 * numbers[:, 2] + 0.3 * numbers[:, 0]).exp()
    return torch.cat([numbers, _one_hot(left, right)], dim=1), pairs


def _shares() -> Tensor:
    return (torch.tensor(FIRST, dtype=torch.float64)[:, None] * torch.tensor(SECOND, dtype=torch.float64)).flatten()


def _one_hot(left: Tensor, right: Tensor) -> Tensor:
    return torch.cat([functional.one_hot(left, len(FIRST)), functional.one_hot(right, len(SECOND))], dim=1).float()


def as_rows(samples: Tensor) -> Tensor:
    """Samples whose categories are decided: a classifier would see that they are not, instead of the rows."""
    values = samples.float().nan_to_num()
    left, right = _pair(values)
    return torch.cat([values[:, :NUMBERS], _one_hot(left, right)], dim=1)


def _pair(values: Tensor) -> tuple[Tensor, Tensor]:
    middle = NUMBERS + len(FIRST)
    return values[:, NUMBERS:middle].argmax(dim=1), values[:, middle:].argmax(dim=1)


def score_pairs(samples: Tensor) -> Mapping[str, float | None]:
    """The scores of known modes, pairs of categories; one counts strictly with a third of its true share."""
    left, right = _pair(samples.float().nan_to_num())
    counts = torch.bincount(left * len(SECOND) + right, minlength=len(FIRST) * len(SECOND)).numpy()
    scores = histogram_scores(
        counts, counts, _shares().numpy(), num_samples=len(samples), strict_count=None, spread=None
    )
    return {name: value for name, value in asdict(scores).items() if name not in ("high_quality", "num_samples")}
