"""Cells of a feature space, and the tree over them: what is missing is looked for at every size of region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from adagan.mixtures.randomness import isolated_randomness

Matrix = NDArray[np.float64]
Whole = NDArray[np.int64]

POINTS_PER_CELL = 10
"""Of the data, on average and at least."""
MOST_POINTS = 25_000
"""Points at most by which cells are made."""
BLOCK = 8_192
TOUCHING = 2.5
"""Cells lie side by side when their centres are nearer than so many of their spreads: equal squares are at 1.7."""


@dataclass(frozen=True)
class CellTree:
    """Nearest-centre cells, the leaves, under a tree of unions of neighbouring ones.

    Nodes are numbered from the leaves, 0 to k − 1, up to the root, 2k − 2, children before parents.

    Attributes:
        centres: Of the cells, shape (k, D).
        children: Of the nodes from k on, shape (k − 1, 2).
    """

    centres: Matrix
    children: Whole

    @classmethod
    def grown(cls, points: Matrix, most: int, seed: int) -> Self:
        """Cells by k-means, which rare groups far from others keep for themselves; their tree by Ward's method.

        Plain k-means on purpose: the mini-batch variant reassigns small cells, and with them what is looked for.

        Args:
            points: Shape (N, D).
            most: Number of cells at most.
            seed: Of the thinning and of k-means.
        """
        generator = np.random.default_rng(seed)
        if len(points) > MOST_POINTS:
            points = points[generator.choice(len(points), MOST_POINTS, replace=False)]
        wanted = min(most, max(len(points) // POINTS_PER_CELL, 1))
        count = min(wanted, len(np.unique(points, axis=0)))
        if count == 1:
            return cls(points.mean(axis=0, keepdims=True), np.empty((0, 2), dtype=np.int64))
        with isolated_randomness(seed):  # scikit-learn's first import draws from Python's generator
            from scipy.cluster.hierarchy import linkage  # type: ignore[import-untyped]
            from sklearn.cluster import KMeans  # type: ignore[import-untyped]

            centres = KMeans(count, n_init=1, random_state=seed % 2**32).fit(points).cluster_centers_
        return cls(np.asarray(centres), linkage(centres, "ward")[:, :2].astype(np.int64))

    @property
    def num_cells(self) -> int:
        """k, the number of leaves."""
        return len(self.centres)

    @property
    def num_nodes(self) -> int:
        """2k − 1."""
        return self.num_cells + len(self.children)

    def locate(self, points: Matrix) -> tuple[Whole, Matrix]:
        """The cell of every point, and its distance from the centre; both of shape (N,)."""
        cells, distances = np.empty(len(points), dtype=np.int64), np.empty(len(points))
        norms = (self.centres**2).sum(axis=1)
        for begin in range(0, len(points), BLOCK):
            block = points[begin : begin + BLOCK]
            squares = norms - 2 * block @ self.centres.T
            nearest = squares.argmin(axis=1)
            closest = squares[np.arange(len(block)), nearest] + (block**2).sum(axis=1)
            cells[begin : begin + BLOCK], distances[begin : begin + BLOCK] = nearest, np.sqrt(closest.clip(min=0))
        return cells, distances

    def totals(self, leaves: Matrix) -> Matrix:
        """Sums over the cells of every node, shape (2k − 1,), from one number per cell."""
        sums = np.concatenate([leaves, np.empty(len(self.children))])
        for node, pair in enumerate(self.children, start=self.num_cells):
            sums[node] = sums[pair].sum()
        return sums

    def touching(self, cells: Whole, located: Whole, distances: Matrix, blur: float) -> list[Whole]:
        """Groups of the wanted cells that lie side by side, whatever the tree made of them.

        Args:
            cells: The wanted ones.
            located: The cell of every point of the data.
            distances: Of these points from their cell's centre.
            blur: Standard deviation of what is added to the points when they are counted: a cell of few points is as
                wide as that.
        """
        wider = self.centres.shape[1] * blur**2
        number = np.bincount(located, minlength=self.num_cells).clip(min=1)
        spreads = np.bincount(located, weights=distances**2, minlength=self.num_cells)[cells] / number[cells] + wider
        apart = ((self.centres[cells, None] - self.centres[None, cells]) ** 2).sum(axis=2)
        side_by_side = apart <= TOUCHING**2 * (spreads[:, None] + spreads[None])
        count, group = connected_components(side_by_side, directed=False)
        return [cells[group == index] for index in range(count)]

    def cells_of(self, node: int) -> Whole:
        """The cells that a node unites."""
        if node < self.num_cells:
            return np.array([node])
        return np.concatenate([self.cells_of(int(child)) for child in self.children[node - self.num_cells]])
