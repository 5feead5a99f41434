"""The judge of the glyphs: of which class a sample is, how sure that is, and whether it looks like a glyph at all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from adagan.data.glyphs import CLASSES, glyph_shares, glyphs, labelled_glyphs
from adagan.mixtures.randomness import isolated_randomness
from adagan.study.metrics.histogram import Scores, histogram_scores

SURE = 0.5
"""O and 0 look alike in some fonts, so that more is not asked for."""
STRANGE = 0.99
"""A sample whose features are further from every real image's than this share of real images is no glyph."""
TRAINED_ON, HELD_OUT, SEED = 20_000, 5_000, 40_000
STEPS, BATCH_SIZE, LEARNING_RATE = 600, 128, 6e-3


@dataclass(frozen=True)
class GlyphJudge:
    """A small convolutional classifier.

    Attributes:
        network: Images to features, then to the classes' logits.
        accuracy: On images that it did not learn from.
        features: Of the images that it learnt from.
        classes: Of these images.
        far: The distance of features that counts as far.
    """

    network: nn.Sequential
    accuracy: float
    features: Tensor
    classes: Tensor
    far: float


@lru_cache(maxsize=1)
def glyph_judge() -> GlyphJudge:
    """The judge, trained once in a process, in about a quarter of a CPU minute."""
    classes = torch.arange(TRAINED_ON) % len(CLASSES)  # as many of each: it is to know the rare ones as well
    images = glyphs(classes, torch.Generator().manual_seed(SEED))
    others, truth = labelled_glyphs(HELD_OUT, SEED + 1)
    with isolated_randomness(SEED):
        network = _network()
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
        for _ in range(STEPS):
            rows = torch.randint(len(images), (BATCH_SIZE,))
            loss = nn.functional.cross_entropy(network(images[rows]), classes[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    network.eval().requires_grad_(False)
    known, seen = network[:-1](images), network[:-1](others)
    accuracy = float((network[-1](seen).argmax(dim=1) == truth).double().mean())
    far = float(torch.quantile(torch.cdist(seen, known).amin(dim=1), STRANGE))
    return GlyphJudge(network, accuracy, known, classes, far)


def _network() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inside, outside in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.BatchNorm2d(outside), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 16, 64), nn.ReLU(), nn.Linear(64, len(CLASSES)))


def score_glyphs(samples: Tensor) -> Scores:
    """Scores images of shape (N, 1, 28, 28): the classes are the modes.

    A sample is of high quality when the judge is sure of its class and a real image has features near its own; a class
    counts strictly with a third of its true share.
    """
    judge, truth = glyph_judge(), glyph_shares().double().numpy()
    features = judge.network[:-1](samples.float().nan_to_num().clamp(0, 1))
    probabilities, found = judge.network[-1](features).softmax(dim=1).max(dim=1)
    good = (probabilities >= SURE) & (torch.cdist(features, judge.features).amin(dim=1) <= judge.far)
    return histogram_scores(
        torch.bincount(found[good], minlength=len(truth)).numpy(),
        torch.bincount(found, minlength=len(truth)).numpy(),
        truth,
        num_samples=len(samples),
        strict_count=None,
        spread=None,
    )
