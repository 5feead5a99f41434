"""What samples are scored by: one file a metric."""

from adagan.study.metrics.histogram import Scores
from adagan.study.metrics.known_modes import score_modes

__all__ = ["Scores", "score_modes"]
