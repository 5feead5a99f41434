"""Data sets whose samples are compared with held-out points, as one's own data would be; no modes need be known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial

import torch
from torch import Tensor

from adagan.data.built_in import digits, known_modes
from adagan.data.glyphs import labelled_glyphs
from adagan.mixtures.refinement.refined import Samples
from adagan.study.metrics.glyph_judge import score_glyphs
from adagan.study.metrics.judge import score_digits
from adagan.study.metrics.known_modes import score_modes
from adagan.study.metrics.label_free import label_free_scores
from adagan.study.task import Task
from adagan.study.tasks.mixed_table import as_rows, mixed_table, score_pairs
from adagan.study.tasks.sampled import Metric, SampledWorld, Truth
from adagan.study.tasks.spiral import score_spiral, spiral

SUFFIX = "-held-out"
NUM_POINTS = 50_000
HELD_OUT = 5_000
HELD_OUT_IMAGES, HELD_OUT_SEED = 2_000, 50_000
GREY_LEVELS = 16


def held_out_world(
    training: Tensor, held_out: Tensor, oracle: Tensor, seed: int, *metrics: Metric, labels: Tensor | None = None
) -> SampledWorld:
    """Samples, as many as held-out points, are compared with these.

    Args:
        training: What is learnt, shape (N, *event).
        held_out: Real points that no method learns from, shape (M, *event).
        oracle: Other real points: what a perfect model would sample, shape (M, *event).
        seed: Of whatever a metric draws.
        metrics: What scores samples; without any the label-free ones do.
        labels: The classes of the training points, shape (N,).
    """
    return SampledWorld(
        data=training,
        labels=labels,
        oracle=Truth(lambda num_samples, _: oracle[:num_samples], seed),
        sizes=(len(held_out),),
        metrics=metrics or (partial(label_free_scores, real=held_out, seed=seed),),
        seed=seed,
    )


def modes_world(name: str, seed: int) -> SampledWorld:
    """A mixture whose modes are known: the scores of their histogram stand beside the label-free metrics."""
    modes = known_modes(name)
    training, held_out, oracle = (
        modes.draw(count, 3 * seed + part) for part, count in enumerate((modes.num_points, HELD_OUT, HELD_OUT))
    )

    fair = replace(modes, strict_count=None)  # the protocols' counts are for more samples

    def histogram(samples: Tensor) -> Mapping[str, float | None]:
        return asdict(score_modes(samples, fair))

    label_free = partial(label_free_scores, real=held_out, seed=seed)
    labels = torch.cdist(training, modes.centres.to(training)).argmin(dim=1)
    return held_out_world(training, held_out, oracle, seed, label_free, histogram, labels=labels)


def digits_world(seed: int) -> SampledWorld:
    """A third of the real images is held out; the oracle's are as many of those that are learnt."""
    images, labels = digits()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    images, labels, size = images[order], labels[order], len(images) // 3
    held_out, training = images[:size], images[size:]

    classes = digits()[1]

    def label_free(samples: Tensor) -> Mapping[str, float | None]:
        return label_free_scores(grey_levels(samples), held_out, seed)

    def by_classes(samples: Tensor) -> Mapping[str, float | None]:
        return asdict(score_digits(samples, classes))

    return held_out_world(training, held_out, training[:size], seed, label_free, by_classes, labels=labels[size:])


def spiral_world(seed: int) -> SampledWorld:
    """Three arms, one of them rare."""
    (training, labels), (held_out, _), (oracle, _) = (
        spiral(count, 3 * seed + part) for part, count in enumerate((NUM_POINTS, HELD_OUT, HELD_OUT))
    )
    label_free = partial(label_free_scores, real=held_out, seed=seed)
    return held_out_world(training, held_out, oracle, seed, label_free, score_spiral, labels=labels)


def table_world(seed: int) -> SampledWorld:
    """Numbers and categories, whose pairs are the modes."""
    (training, labels), (held_out, _), (oracle, _) = (
        mixed_table(count, 3 * seed + part) for part, count in enumerate((NUM_POINTS, HELD_OUT, HELD_OUT))
    )

    def label_free(samples: Tensor) -> Mapping[str, float | None]:
        return label_free_scores(as_rows(samples), held_out, seed)

    return held_out_world(training, held_out, oracle, seed, label_free, score_pairs, labels=labels)


def glyphs_world(seed: int) -> SampledWorld:
    """Images of 28 × 28 pixels, whose classes a judge tells."""
    images, labels = labelled_glyphs(seed=seed)
    held_out, oracle = (labelled_glyphs(HELD_OUT_IMAGES, HELD_OUT_SEED + 2 * seed + part)[0] for part in (0, 1))
    label_free = partial(label_free_scores, real=held_out, seed=seed)

    def by_classes(samples: Tensor) -> Mapping[str, float | None]:
        return asdict(score_glyphs(samples))

    return held_out_world(images, held_out, oracle, seed, label_free, by_classes, labels=labels)


def grey_levels(samples: Tensor) -> Tensor:
    """Pixels rounded to the levels that real ones have: a classifier would see the rounding instead of the digits."""
    return (samples.nan_to_num() * GREY_LEVELS).round().clamp(0, GREY_LEVELS) / GREY_LEVELS


_WORLDS: dict[str, Callable[[int], SampledWorld]] = {
    "unbalanced-ring": partial(modes_world, "unbalanced-ring"),
    "unbalanced-grid-rotated": partial(modes_world, "unbalanced-grid-rotated"),
    "spiral": spiral_world,
    "clusters-16": partial(modes_world, "clusters-16"),
    "clusters-64": partial(modes_world, "clusters-64"),
    "table": table_world,
    "digits": digits_world,
    "glyphs": glyphs_world,
}

HELD_OUT_DATA = tuple(Task[Samples](f"{name}{SUFFIX}", world) for name, world in _WORLDS.items())
