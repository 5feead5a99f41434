"""What a page is about: data, samples of a model, what it misses, and what a perfect one would be said to miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adagan.components.training.batches import resample
from adagan.data.training_data import TrainingData
from adagan.missing.features import Features
from adagan.missing.lookout import Lookout
from adagan.missing.missing_mass import MISSING_BELOW, Missing, estimated
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.refined import Samples
from adagan.run_folder import RunFolder
from adagan.seeds import RoundSeeds

FEWEST = 100
"""Data points whose halves tell something of a perfect model."""


@dataclass(frozen=True)
class Look:
    """Data, what a model misses of them, and samples of it.

    Attributes:
        data: The points.
        samples: Of the model, shape (M, *event).
        found: What is missing.
        perfect: What is missing of one half of the data by the other; ``None`` of few data.
        features: The map in which it was looked.
        whole: Whether the data are all that was learnt; else those that a run keeps for its report.
    """

    data: TrainingData
    samples: Tensor
    found: Missing
    perfect: Missing | None
    features: Features
    whole: bool = True


def of_perfect_model(data: TrainingData, features: Features, seed: int) -> Missing | None:
    """One half of the data by the other, as if that were the samples of a perfect model."""
    points = drawn_by_weight(data, seed)
    if len(points) < FEWEST:
        return None
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed)).to(points.device)
    half = len(points) // 2
    uniform = torch.full((half,), 1 / half, dtype=torch.float64, device=points.device)
    return estimated(TrainingData(points[order[:half]], uniform), points[order[half:]], features, seed)


def drawn_by_weight(data: TrainingData, seed: int) -> Tensor:
    """The points, or as many drawn by their weights where these differ."""
    equal = float(data.weights.max() - data.weights.min()) < 1e-12
    return resample(data.points, None if equal else data.weights, seed)


def look_at_run(
    folder: RunFolder, mixture: Mixture, critic: object, data: TrainingData | None, count: int, drawn_from: Samples
) -> Look:
    """What the mixture that a run kept misses, looked for as the run itself did after its last round.

    Args:
        folder: Of the run.
        mixture: The one that it kept.
        critic: Its sharp critic.
        data: What it learnt; ``None`` takes the points that it keeps for its report.
        count: Samples to draw for the page.
        drawn_from: What these come from: the mixture, or what refines it.
    """
    content, whole = folder.content(), data is not None
    if data is None:
        data = _kept(folder, mixture)
    seed = int(content["seed"])
    lookout = Lookout(data, None, seed)
    found = lookout.look(mixture, RoundSeeds.of(seed, len(mixture) + 1).coarse_critic, MISSING_BELOW, critic)  # type: ignore[arg-type]
    generator = torch.Generator(mixture.device).manual_seed(seed)
    samples = drawn_from.sample(count, generator=generator)
    return Look(data, samples, found, of_perfect_model(data, lookout.features, seed), lookout.features, whole)


def _kept(folder: RunFolder, mixture: Mixture) -> TrainingData:
    """The points that a run keeps, with their weights, if they have any."""
    points, _ = folder.preview()
    weights = folder.preview_log_ratios()[1]
    base = as_probabilities(weights if float(weights.sum()) > 0 else None, len(points), points, "weights")
    encoding: Any = mixture.encoding
    return TrainingData(points, base, encoding=encoding, names=tuple(map(str, folder.content().get("names", ()))))
