"""The study: methods on a benchmark, at equal CPU time, over seeds, with the truth's line in the table."""

from adagan.study.metrics import Scores, score_modes
from adagan.study.runner import run_study

__all__ = ["Scores", "run_study", "score_modes"]
