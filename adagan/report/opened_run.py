"""A run read from its folder, with a look at what its mixture misses."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.data.training_data import TrainingData
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.refined import Refined
from adagan.report.look import Look, look_at_run
from adagan.round import Round
from adagan.run_folder import RunFolder

FEWEST_SAMPLES = 5_000
"""Samples that numbers rest on, at least."""


@dataclass(frozen=True)
class OpenedRun:
    """A run with one complete round or more.

    Attributes:
        folder: Of the run.
        rounds: Their records.
        mixture: After the last of them.
        critic: The sharp one of the last, weighed for the mixture that was kept.
        kept: How many components were kept.
        refined: What samples are drawn from where the run found that refining helps.
        look: At the mixture that was kept.
    """

    folder: RunFolder
    rounds: Sequence[Round]
    mixture: Mixture
    critic: RatioEstimator
    kept: int
    refined: Refined | None
    look: Look

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.path.resolve().name

    @property
    def final(self) -> Mixture:
        """The mixture that was kept."""
        return self.mixture[: self.kept]


def opened_run(
    run: str | os.PathLike[str],
    components: Sequence[Callable[[], Any]],
    data: TrainingData | None,
    num_samples: int,
) -> OpenedRun:
    """Reads a run and looks at what its mixture misses; arguments and errors are those of `write_report`."""
    folder = RunFolder(run)
    content = folder.content()
    if data is not None and data.fingerprints["data"] != content["data"]:
        raise UserError(f"data: these are not the data of the run in {folder.path}; pass those, or none")
    rounds = folder.rounds()
    mixture, critic = folder.mixture(components=components, whole=True), folder.critic(components=components)
    kept = content.get("kept", len(rounds))
    final, count = mixture[:kept], max(num_samples, FEWEST_SAMPLES)
    refined = folder.refined(final, components)
    look = look_at_run(folder, final, critic, data, count, refined or final)
    return OpenedRun(folder, rounds, mixture, critic, kept, refined, look)
