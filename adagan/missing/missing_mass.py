"""What does a model miss? Its samples against the data, at a resolution, with intervals and no training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adagan.components.critics.calibration import TOO_LITTLE
from adagan.components.training.ranks.scores import filled_by_ranks
from adagan.data.images_alike import form_of
from adagan.data.training_data import TrainingData
from adagan.estimate import NORMAL_QUANTILE
from adagan.missing.cells import CellTree, Whole
from adagan.missing.features import Features, Matrix, suited_features
from adagan.missing.finding import Finding, Verdict
from adagan.missing.shortfall import Counts, missing_nodes, shrunken_ratios
from adagan.mixtures.arguments import ArrayLike
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import filled
from adagan.mixtures.numbers import check_share

MISSING_BELOW = 0.5
"""tau: a region is missing when the model gives it less than this part of its share of the data."""
WITHIN = 8.0
"""The blur is no wider than so many deviations within cells: where these are small, groups lie close to each other."""
STRAY = 3.0
"""Samples further from the nearest centre than so many times what 99 % of the data are count in no cell: they would
hide a missing group that they surround."""


@dataclass(frozen=True)
class Region:
    """A part of the data that the model leaves short.

    Attributes:
        rows: Row numbers of the data, the least covered first, shape (M,).
        centre: The mean of these points, shape (*event).
        mass: p − q, the share of the data that is missing here.
        low: Lower end of its 95 % interval.
        high: Upper end.
        coverage: q/p: the model's share over the data's.
    """

    rows: Tensor
    centre: Tensor
    mass: float
    low: float
    high: float
    coverage: float


@dataclass(frozen=True)
class Missing:
    """How much of the data a model misses, and where.

    Attributes:
        value: Σ p − q over the regions, a share of the data: at least so much is missing.
        low: Lower end of its 95 % interval, 0 when nothing was found.
        high: Upper end; when nothing was found, what one region could lack unnoticed.
        visible: The share of the data that a region without any samples must hold to be seen.
        regions: The largest lack first; disjoint.
        log_ratio: log u = log dP_model/dP_data of every point at this resolution, shape (N,), float64.
        num_samples: How many samples it rests on.
        strays: Share of the samples that is far from all data: spurious, or on another scale.
        rejected: Share of the draws that a critic rejected before the others were counted.
        inside: Whether every point lies in a region, shape (N,), where `rows` are only those that were counted; else
            ``None``.
    """

    value: float
    low: float
    high: float
    visible: float
    regions: tuple[Region, ...]
    log_ratio: Tensor
    num_samples: int
    strays: float
    rejected: float = 0.0
    inside: Tensor | None = None

    @property
    def finding(self) -> Finding:
        """The numbers alone."""
        numbers = self.value, self.low, self.high, self.visible, self.num_samples, self.rejected
        return Finding(*numbers, verdict=self.verdict)

    @property
    def verdict(self) -> Verdict:
        """Whether something is missing, nothing was found, or too little was seen to tell."""
        if self.low > 0:
            return "missing"
        return "cannot tell" if self.regions or self.visible > TOO_LITTLE else "nothing found"

    @property
    def error(self) -> float:
        """The standard error whose 95 % interval reaches as far as `low` or `high`, whichever is further."""
        return max(self.high - self.value, self.value - self.low, 0.0) / NORMAL_QUANTILE

    @property
    def rows(self) -> Tensor:
        """Row numbers of all missing points that were counted, in order, shape (M,)."""
        found = [region.rows for region in self.regions]
        return torch.cat(found).sort().values if found else torch.empty(0, dtype=torch.int64)

    def describe(self) -> str:
        """The verdict in one sentence, with what would settle it where it is open."""
        seen = f"a region of {100 * self.visible:.2g}% of the data or more would have been seen"
        if self.verdict == "missing":
            regions = "1 region" if len(self.regions) == 1 else f"{len(self.regions)} regions"
            interval = f"{self.low:.1%} to {self.high:.1%}"
            sentence = f"at least {self.value:.1%} of the data is missing ({interval}), in {regions}"
            if self.rejected > 0:
                sentence += f", behind the {self.rejected:.0%} of the samples that lie where no data are"
            if self.strays > 0.5:
                sentence += f"; {self.strays:.0%} of the samples are far from all data: have they its scale?"
            return sentence
        if self.verdict == "nothing found":
            return f"nothing is missing that {self.num_samples:,} samples can show: {seen} if the model left it out"
        if self.visible <= TOO_LITTLE:
            return f"cannot tell: {self.value:.1%} of the data may be missing, or nothing: more samples would tell"
        more = int(np.ceil(len(self.log_ratio) * self.visible / TOO_LITTLE))
        return (
            f"cannot tell: only a region of {self.visible:.0%} of the data or more would be seen; with about {more:,} "
            f"data points, and twice as many samples, one of {TOO_LITTLE:.0%} would"
        )


def missing_mass(
    data: ArrayLike,
    samples: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    threshold: float = MISSING_BELOW,
    features: Features | None = None,
    seed: int = 0,
) -> Missing:
    """Which parts of the data a model leaves out or starves, from nothing but samples of it.

    The data are divided into cells of a feature space (standardised entries of vectors, principal components of more
    than 50, of images what differs between them more than between changed views of one), and cells into a tree
    of larger regions. Data and samples, both blurred a little, are counted in every node; one is *missing* when the
    model's share q of it is significantly below a part of the data's share p, by exact binomial tests corrected for all
    nodes. The missing mass Σ p − q over the maximal missing nodes is a lower bound: it is 0 in expectation when
    nothing is missing, whatever the shapes of what is there, and blind to regions smaller than `Missing.visible`. Of
    more than a million data points a million are counted, see `TrainingData.looked_at`.

    >>> from adagan.data.built_in import known_modes
    >>> ring = known_modes("unbalanced-ring")
    >>> data, samples = ring.draw(5_000, 0), ring.draw(10_000, 1)
    >>> found = missing_mass(data, samples[samples[:, 0] > -2])
    >>> found.verdict, round(found.value, 1), len(found.regions)
    ('missing', 0.2, 1)

    Args:
        data: Shape (N, *event).
        samples: Of the model, shape (M, *event): at least twice as many as there are data if they can be had.
        weights: The data points' own weights, shape (N,); ``None`` means uniform.
        threshold: That part, in (0, 1).
        features: The map to the space of the cells; ``None`` means ``suited_features(data, seed)``.
        seed: Of the features, the cells and the blur.

    Raises:
        UserError: Samples of another shape, NaN or infinite values, a threshold that is no such part.
    """
    check_share(threshold, "threshold", upper_closed=False)
    points = TrainingData.checked(data, weights=weights)
    try:
        drawn = TrainingData.checked(samples, layout=points.images or form_of(points.points)).points
    except UserError as error:
        raise type(error)(str(error).replace("data:", "samples:", 1)) from error
    if drawn.shape[1:] != points.points.shape[1:]:
        raise UserError(
            f"samples: expected events of shape {tuple(points.points.shape[1:])}, as the data have, got "
            f"{tuple(drawn.shape[1:])}"
        )
    return estimated(points, drawn, features or suited_features(points.points, seed), seed, threshold)


def estimated(
    data: TrainingData, samples: Tensor, features: Features, seed: int, threshold: float = MISSING_BELOW
) -> Missing:
    """`missing_mass` of checked data."""
    counted = data.looked_at
    at_data, at_samples = features(counted.points), features(samples)
    tree = CellTree.grown(at_data, features.cells, seed)
    weights = counted.weights.cpu().numpy()
    cells, distances = tree.locate(at_data)
    blur = min(features.blur * float(np.sqrt(at_data.var(axis=0).mean())), WITHIN * _spread(distances, at_data))
    in_data, in_samples = _counted(tree, at_data, weights, at_samples, blur, np.random.default_rng(seed))
    size = 1 / float((weights**2).sum())
    counts = Counts(tree.totals(size * in_data), tree.totals(in_samples), size, len(samples), threshold)
    ratios, nodes, visible = shrunken_ratios(tree, counts), missing_nodes(tree, counts), counts.visible_mass()
    missing = np.concatenate([np.empty(0, dtype=np.int64), *(tree.cells_of(node) for node in nodes)])
    found = [_region(counts, group, cells, ratios, counted) for group in tree.touching(missing, cells, distances, blur)]
    regions = tuple(sorted(found, key=lambda region: -region.mass))
    value, spread = counts.lack_of(missing)
    of_all, inside = torch.from_numpy(cells), None
    if counted is not data:
        of_all = filled_by_ranks(
            lambda part: torch.from_numpy(tree.locate(features(part))[0].astype(np.int16)), data.points
        )
        is_missing = torch.from_numpy(np.isin(np.arange(tree.num_cells), missing))
        inside = filled(lambda part: is_missing[part.long()], of_all).to(data.points.device)
    log_ratios = torch.from_numpy(np.log(ratios))
    return Missing(
        value=min(value, 1.0),
        low=max(value - spread, 0.0),
        high=min(value + spread, 1.0) if regions else visible,
        visible=visible,
        regions=regions,
        log_ratio=filled(lambda part: log_ratios[part.long()], of_all).to(data.points.device),
        num_samples=len(samples),
        strays=1 - float(in_samples.sum()) / len(samples),
        inside=inside,
    )


def _spread(distances: Matrix, points: Matrix) -> float:
    """The standard deviation within cells, along one axis."""
    return float(np.sqrt((distances**2).mean() / points.shape[1]))


def _counted(
    tree: CellTree, data: Matrix, weights: Matrix, samples: Matrix, blur: float, generator: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """The data's weight and the number of samples, strays left out, in every cell; both of shape (k,)."""
    (_, distances), (_, strayed) = (tree.locate(points) for points in (data, samples))
    near = samples[strayed <= STRAY * np.quantile(distances, 0.99)]
    at_data, at_samples = (
        tree.locate(points + blur * generator.standard_normal(points.shape))[0] for points in (data, near)
    )
    in_data = np.bincount(at_data, weights=weights, minlength=tree.num_cells)
    return in_data.astype(np.float64), np.bincount(at_samples, minlength=tree.num_cells).astype(np.float64)


def _region(counts: Counts, inside: Whole, cells: Whole, ratios: Matrix, data: TrainingData) -> Region:
    within = np.nonzero(np.isin(cells, inside))[0]
    rows = torch.from_numpy(within[np.argsort(ratios[cells[within]], kind="stable")])
    lack, spread = counts.lack_of(inside)
    share = counts.data[inside].sum() / counts.num_data
    return Region(
        rows=rows if data.rows is None else data.rows.cpu()[rows],
        centre=data.points[rows.to(data.points.device)].mean(dim=0),
        mass=lack,
        low=max(lack - spread, 0.0),
        high=min(lack + spread, 1.0),
        coverage=float(counts.samples[inside].sum() / counts.num_samples / share),
    )
