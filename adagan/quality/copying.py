"""Are the samples copies of what was learnt? Distances to the closest training point, against those of real points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.estimate import NORMAL_QUANTILE
from adagan.mixtures.errors import UserError
from adagan.quality.columns import share_interval

MOST = 2_000
"""Samples and real points that are looked at."""
MOST_VALUES = 4e7
"""Numbers that training points have at most; of larger data as many rows are looked at as have these."""
CLOSEST = 0.05
"""The share of the real points that lie as close to a training point as it takes to be called close."""
SAME = 1e-6
"""Points that are nearer than this part of the data's spread are the same: as near as single precision tells."""
LUCK = 0.01
"""More copies than real points would have by luck in so many cases are called copies."""
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Copying:
    """How close samples lie to training points, beside how close real points do that were not learnt.

    Attributes:
        nearer: Probability that a sample is closer to its closest training point than a real point to its own, ties
            half; .5 for a perfect model, 1 for one that repeats its data.
        low: Lower end of its 95 % interval.
        high: Upper end.
        close: Share of the samples closer than the closest 5 % of the real points are.
        close_perfect: Share of the real points as close as that: about .05, more where the data repeat themselves.
        exact: Share of the samples that are a training point.
        exact_interval: Its 95 % interval.
        exact_perfect: Share of the real points that are one, too.
        exact_level: Probability of so many more copies among the samples under a perfect model, by Fisher's exact test.
        num_samples: Samples that were looked at.
        num_training: Points that were learnt.
        held_out: Whether the real points were not learnt; else they are training points among the others.
    """

    nearer: float
    low: float
    high: float
    close: float
    close_perfect: float
    exact: float
    exact_interval: tuple[float, float]
    exact_perfect: float
    exact_level: float
    num_samples: int
    num_training: int
    held_out: bool

    @property
    def verdict(self) -> str:
        """Half a sentence."""
        if self.exact_level < LUCK:
            return "some samples are copies of training points"
        if self.low > 0.5:
            return "samples lie closer to training points than real points do: the model has memorised some of them"
        return "no sign of copying"


def copying(samples: Tensor, training: Tensor, held_out: Tensor | None = None, *, seed: int = 0) -> Copying:
    """Compares distances to the closest training point: of samples, and of real points.

    Entries of vectors are brought to deviation 1 each; pixels of images share theirs. Without held-out points, training
    points stand for them, each among all the others: for a perfect model these are as close as its samples are.

    >>> import torch
    >>> points = torch.randn(600, 3, generator=torch.Generator().manual_seed(0))
    >>> fresh = torch.randn(400, 3, generator=torch.Generator().manual_seed(1))
    >>> copying(fresh, points).verdict, copying(points[:400], points).verdict
    ('no sign of copying', 'some samples are copies of training points')

    Args:
        samples: Shape (M, *event).
        training: What the model learnt, shape (N, *event).
        held_out: Real points that it did not learn, shape (L, *event).
        seed: Of the choice of samples and real points, where there are many.

    Raises:
        UserError: Fewer than ten of any, or events of different shapes.

    References:
        Platzer, Reutterer, *Holdout-based empirical assessment of mixed-type synthetic data*, 2021,
        https://doi.org/10.3389/fdata.2021.679939
    """
    for name, points in (("samples", samples), ("training", training), ("held_out", held_out)):
        if points is None:
            continue
        if len(points) < 10 or points.shape[1:] != training.shape[1:]:
            raise UserError(
                f"{name}: expected 10 points or more of shape {tuple(training.shape[1:])}, got {tuple(points.shape)}"
            )
    learnt = _flat(_thinned(training, seed))
    deviations = learnt.std(axis=0)
    if training.ndim > 2:
        deviations = np.full(learnt.shape[1], np.sqrt(np.mean(deviations**2)))
    scale = np.where(deviations > 0, deviations, 1.0)
    from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]

    index = NearestNeighbors(n_neighbors=2).fit(learnt / scale)
    random = np.random.default_rng(seed)
    drawn = _some(_flat(samples), random)
    real = _some(learnt if held_out is None else _flat(held_out), random)
    of_samples: Vector = index.kneighbors(drawn / scale, 1)[0][:, 0]
    # a training point's closest is itself
    of_real: Vector = index.kneighbors(real / scale, 2 if held_out is None else 1)[0][:, -1]
    return _compared(of_samples, of_real, SAME * float(np.sqrt(learnt.shape[1])), len(learnt), held_out is not None)


def _compared(of_samples: Vector, of_real: Vector, same: float, num_training: int, held_out: bool) -> Copying:
    from scipy.stats import fisher_exact, rankdata  # type: ignore[import-untyped]

    first, second = np.where(of_samples <= same, 0.0, of_samples), np.where(of_real <= same, 0.0, of_real)
    size, other = len(first), len(second)
    ranks = rankdata(np.concatenate([first, second]))
    # for each sample the share of the real points that are further off, and the reverse
    beaten = 1 - (ranks[:size] - rankdata(first)) / other
    beaten_by = (ranks[size:] - rankdata(second)) / size
    nearer = float(beaten.mean())
    error = NORMAL_QUANTILE * float(np.sqrt(beaten.var() / size + beaten_by.var() / other))
    reach = float(np.quantile(second, CLOSEST))
    copies, real_copies = int((first == 0).sum()), int((second == 0).sum())
    table = [[copies, size - copies], [real_copies, other - real_copies]]
    return Copying(
        nearer=nearer,
        low=max(nearer - error, 0.0),
        high=min(nearer + error, 1.0),
        close=float((first <= reach).mean()),
        close_perfect=float((second <= reach).mean()),
        exact=copies / size,
        exact_interval=share_interval(copies, size),
        exact_perfect=real_copies / other,
        exact_level=float(fisher_exact(table, alternative="greater").pvalue),
        num_samples=size,
        num_training=num_training,
        held_out=held_out,
    )


def _flat(points: Tensor) -> Vector:
    flat: Vector = points.detach().flatten(1).cpu().double().numpy()
    return flat


def _thinned(points: Tensor, seed: int) -> Tensor:
    most = max(int(MOST_VALUES / points[0].numel()), MOST)
    if len(points) <= most:
        return points
    rows = np.sort(np.random.default_rng(seed).choice(len(points), most, replace=False))
    return points[torch.from_numpy(rows).to(points.device)]


def _some(points: Vector, random: np.random.Generator) -> Vector:
    return points if len(points) <= MOST else points[random.choice(len(points), MOST, replace=False)]
