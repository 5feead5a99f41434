"""Which nodes of a tree of cells the model leaves short of their share of the data, by counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adagan.estimate import NORMAL_QUANTILE
from adagan.missing.cells import CellTree, Matrix, Whole

LEVEL = 0.05
"""Rate of false discoveries among the nodes that are called missing; of any at all when nothing is missing."""
PRIOR_DRAWS = 8.0
"""Expected draws that a node's ratio is held to its parent's with."""


@dataclass(frozen=True)
class Counts:
    """What fell into every node of a tree.

    Attributes:
        data: Data points, their weights in units of effective points, shape (nodes,).
        samples: Samples, shape (nodes,).
        num_data: Effective number of data points.
        num_samples: Number of samples drawn, those outside all cells included.
        tau: A region is missing when the model gives it less than this part of its share of the data.
    """

    data: Matrix
    samples: Matrix
    num_data: float
    num_samples: int
    tau: float

    def lack_of(self, cells: Whole) -> tuple[float, float]:
        """The lack of several cells together, and half of its 95 % interval, by Poisson's law."""
        data, samples = float(self.data[cells].sum()), float(self.samples[cells].sum())
        error = np.sqrt(data / self.num_data**2 + samples / self.num_samples**2)
        return data / self.num_data - samples / self.num_samples, NORMAL_QUANTILE * float(error)

    @property
    def threshold(self) -> float:
        """Share of samples among the points of a node whose ratio u is exactly tau."""
        draws = self.num_samples * self.tau
        return draws / (draws + self.num_data)

    def is_short(self) -> NDArray[np.bool_]:
        """Whether u is significantly below tau, shape (nodes,): exact binomial tests, corrected for all nodes.

        References:
            Benjamini, Hochberg, *Controlling the false discovery rate*, 1995.
        """
        from scipy.stats import binom  # type: ignore[import-untyped]

        seen = np.round(self.data + self.samples)
        chances = binom.cdf(self.samples, seen, self.threshold)
        ordered, count = np.sort(chances), len(chances)
        passed = np.nonzero(ordered <= LEVEL * np.arange(1, count + 1) / count)[0]
        largest = ordered[passed[-1]] if len(passed) else -1.0
        return np.asarray(chances <= largest)

    def visible_mass(self) -> float:
        """Share of the data that a region without any samples must hold to be found when nothing else is missing."""
        needed = np.ceil(np.log(LEVEL / len(self.data)) / np.log1p(-self.threshold))
        return float(min(needed / self.num_data, 1.0))


def missing_nodes(tree: CellTree, counts: Counts) -> list[int]:
    """The maximal nodes that are missing, disjoint.

    A node is taken for what its children have found when it is short itself and what they leave out of it looks
    missing too; so a region without samples is found whole though its parts hold too few points each, and a region
    that is there is not drawn in by a neighbour that is not.
    """
    short = counts.is_short()
    found: list[list[int]] = []
    for node in range(tree.num_nodes):
        inside = [] if node < tree.num_cells else [m for c in tree.children[node - tree.num_cells] for m in found[c]]
        rest_data = counts.data[node] - counts.data[inside].sum()
        rest_samples = counts.samples[node] - counts.samples[inside].sum()
        whole = rest_samples * counts.num_data <= counts.tau * rest_data * counts.num_samples
        if short[node] and whole:
            inside = [node]
        found.append(inside)
    return found[-1]


def shrunken_ratios(tree: CellTree, counts: Counts) -> Matrix:
    """The ratio u = q/p of every cell, shape (k,), held to its parent's where points are few, and so on up to 1."""
    expected = counts.data * counts.num_samples / counts.num_data
    ratios = np.ones(tree.num_nodes)
    prior = np.ones(tree.num_nodes)
    for node in range(tree.num_nodes - 1, -1, -1):
        ratios[node] = (counts.samples[node] + PRIOR_DRAWS * prior[node]) / (expected[node] + PRIOR_DRAWS)
        if node >= tree.num_cells:
            prior[tree.children[node - tree.num_cells]] = ratios[node]
    return ratios[: tree.num_cells]
