"""All metrics that need no known modes, of one set of samples against held-out real points."""

from __future__ import annotations

from torch import Tensor

from adagan.study.metrics.bins import bin_scores
from adagan.study.metrics.mean_discrepancy import mean_discrepancy
from adagan.study.metrics.neighbours import neighbour_scores
from adagan.study.metrics.sliced_wasserstein import sliced_wasserstein
from adagan.study.metrics.two_sample import two_sample_scores


def label_free_scores(samples: Tensor, real: Tensor, seed: int = 0) -> dict[str, float | None]:
    """The metrics by name; what each means, and what a perfect model scores, stands with the function of its own.

    Args:
        samples: Shape (M, *event); as many as real points make all metrics comparable with the oracle's.
        real: Points that the model did not learn from, shape (N, *event).
        seed: Of whatever a metric draws.
    """
    neighbours, bins = neighbour_scores(samples, real), bin_scores(samples, real, seed=seed)
    test = two_sample_scores(samples, real, seed=seed)
    return {
        "coverage": neighbours.coverage,
        "precision": neighbours.precision,
        "recall": neighbours.recall,
        "density": neighbours.density,
        "c2st_auc": test.auc,
        "c2st_level": test.level,
        "mmd": mean_discrepancy(samples, real),
        "different_bins": bins.different,
        "different_bins_level": bins.level,
        "sliced_wasserstein": sliced_wasserstein(samples, real, seed),
    }
