"""The study: a task, a method and a seed are a cell; cells are filled at equal CPU time, the truth's beside them."""

from adagan.study.metrics import Scores, score_modes
from adagan.study.runner import run_study

__all__ = ["Scores", "run_study", "score_modes"]
