"""Images of 28 × 28 pixels whose modes are classes, two of them rare: letters and digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from torch import Tensor

from adagan.data.built_in import GLYPHS
from adagan.data.glyphs import labelled_glyphs
from adagan.mixtures.refinement.refined import Samples
from adagan.study.metrics.glyph_judge import glyph_judge, score_glyphs
from adagan.study.task import Task
from adagan.study.tasks.sampled import SampledWorld, Truth

NUM_SAMPLES = 5_000


def glyphs_world(seed: int) -> SampledWorld:
    """The images, scored by a judge of their classes; the oracle draws fresh ones."""
    images, classes = labelled_glyphs(seed=seed)

    def by_classes(samples: Tensor) -> Mapping[str, float | None]:
        return asdict(score_glyphs(samples))

    truth = Truth(lambda num_samples, own: labelled_glyphs(num_samples, own)[0], seed)
    return SampledWorld(images, truth, (NUM_SAMPLES,), (by_classes, truth.distance), seed, labels=classes)


def _note() -> str:
    return (
        f"Classes by a judge whose held-out accuracy is {glyph_judge().accuracy:.3f}; quality is its certainty of .5 "
        "near a real image. The oracle draws fresh images."
    )


GLYPH_IMAGES = Task[Samples](GLYPHS, glyphs_world, _note)
