"""Digits of 28 × 28 pixels, drawn with fonts: stacked to a thousand modes, and in two colours of which one is rare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from torch import Tensor

from adagan.data.built_in import COLOURED_GLYPHS, STACKED_GLYPHS
from adagan.data.digit_glyphs import coloured_glyphs, stacked_glyphs
from adagan.mixtures.refinement.refined import Samples
from adagan.study.metrics.digit_glyphs import score_coloured, score_stacked
from adagan.study.metrics.glyph_judge import glyph_judge
from adagan.study.task import Task
from adagan.study.tasks.sampled import SampledWorld, Truth

NUM_SAMPLES, NUM_COLOURED = 26_000, 10_000
"""As many as for the stacked digits of MNIST; and enough that a hundred are of the rare colour."""


def stacked_world(name: str, seed: int) -> SampledWorld:
    """Triples of digits, judged channel by channel; the oracle draws fresh ones."""
    unbalanced = name.endswith("-unbalanced")
    truth = Truth(partial(stacked_glyphs, unbalanced=unbalanced), seed)

    def by_triples(samples: Tensor) -> Mapping[str, float | None]:
        scores, at_all = score_stacked(samples, unbalanced=unbalanced)
        return {**asdict(scores), "modes_at_all": at_all}

    data = stacked_glyphs(seed=seed, unbalanced=unbalanced)
    return SampledWorld(data, truth, (NUM_SAMPLES,), (by_triples, truth.distance), seed)


def coloured_world(seed: int) -> SampledWorld:
    """Digits in two colours; the oracle draws fresh ones."""
    truth = Truth(lambda num_samples, own: coloured_glyphs(num_samples, own)[0], seed)

    def by_colour(samples: Tensor) -> Mapping[str, float | None]:
        scores, minority = score_coloured(samples)
        return {**asdict(scores), "minority_share": minority}

    data, green = coloured_glyphs(seed=seed)
    return SampledWorld(data, truth, (NUM_COLOURED,), (by_colour, truth.distance), seed, labels=green.long())


def _note() -> str:
    return (
        f"Digits by a judge whose held-out accuracy on all glyphs is {glyph_judge().accuracy:.3f}; quality is its "
        "certainty of .9 among the ten near a real image. The oracle draws fresh images."
    )


DIGIT_GLYPHS = (
    *(Task[Samples](name, partial(stacked_world, name), _note) for name in STACKED_GLYPHS),
    Task[Samples](COLOURED_GLYPHS, coloured_world, _note),
)
