"""ForestDiffusion's forest flow: gradient-boosted trees instead of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class ForestFlow:
    """A flow whose velocities are trees'; it is not trained in steps and takes the time that it takes.

    Args:
        most_rows: Of the data that it learns from.
        num_times: Levels of noise, each with trees of its own.
        num_trees: Of each.

    References:
        Jolicoeur-Martineau, Fatras, Kachman, *Generating and imputing tabular data via diffusion and flow-based
        gradient-boosted trees*, 2024, https://arxiv.org/abs/2309.09968
    """

    def __init__(self, most_rows: int = 5_000, num_times: int = 20, num_trees: int = 60) -> None:
        self.most_rows, self.num_times, self.num_trees = most_rows, num_times, num_trees
        self.random = np.random.default_rng()

    def fit(self, data: NDArray[np.float32]) -> ForestFlow:
        from ForestDiffusion import ForestDiffusionModel  # type: ignore[import-not-found, import-untyped, unused-ignore]

        rows = self.random.permutation(len(data))[: self.most_rows]
        self.model: Any = ForestDiffusionModel(
            data[rows],
            n_t=self.num_times,
            n_estimators=self.num_trees,
            max_depth=6,
            duplicate_K=10,
            model="xgboost",
            diffusion_type="flow",
            n_jobs=1,
            seed=int(self.random.integers(2**31)),
        )
        return self

    def sample(self, num_samples: int) -> NDArray[np.float64]:
        return np.asarray(self.model.generate(batch_size=num_samples), dtype=np.float64)
