"""Scores of digits among the glyphs: stacked to a thousand modes, and in two colours."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.data.digit_glyphs import DIGITS, FIRST, MINORITY, digit_shares
from adagan.study.metrics.glyph_judge import glyph_judge
from adagan.study.metrics.histogram import Scores, histogram_scores

SURE = 0.9
PURE = 0.9
"""Of an image's light, the share of its own colour: in the data it is all."""
BLOCK = 4_096


def judged_digits(images: Tensor) -> tuple[Tensor, Tensor]:
    """The digit of every image of shape (N, 1, 28, 28), and whether it is of high quality, both of shape (N,).

    The judge of all glyphs decides among the ten digits. An image is of high quality where it is sure, and a real image
    has features near its own.
    """
    judge = glyph_judge()
    known = judge.features[judge.classes >= FIRST]
    digits, good = [], []
    for part in torch.split(images, BLOCK):
        features = judge.network[:-1](part.float().nan_to_num().clamp(0, 1))
        logits = judge.network[-1](features)[:, FIRST : FIRST + DIGITS]
        probabilities, found = logits.softmax(dim=1).max(dim=1)
        near = torch.cdist(features, known).amin(dim=1) <= judge.far
        digits.append(found)
        good.append((probabilities >= SURE) & near)
    return torch.cat(digits), torch.cat(good)


def score_stacked(samples: Tensor, *, unbalanced: bool = False) -> tuple[Scores, int]:
    """Scores images of shape (N, 3, 28, 28), whose modes are triples of digits; and the modes by first choice alone.

    A sample is of high quality when all its channels are. A perfect model of 26,000 samples has 1,000 modes by the
    first choice, and the oracle's row says how many by quality.
    """
    digits, good = (of.reshape(samples.shape[:2]) for of in judged_digits(samples.flatten(0, 1).unsqueeze(1)))
    mode = digits @ torch.tensor([1, 10, 100])
    share = digit_shares(unbalanced=unbalanced)
    # the first channel counts the units of a mode's number
    truth = torch.einsum("a,b,c->cba", share, share, share).flatten()
    return _scores(mode, good.all(dim=1), truth), int((torch.bincount(mode) > 0).sum())


def score_coloured(samples: Tensor) -> tuple[Scores, float]:
    """Scores images of shape (N, 3, 28, 28), whose modes are ten digits in two colours; and the minority's share.

    A sample is of high quality when its light is of one colour and the digit is one. The second number is the share of
    the samples of high quality, times green, in units of the truth's: 1 for a perfect model, with a standard deviation
    of .1 at 10,000 samples, of the quality that the oracle's row says.
    """
    light = samples.float().nan_to_num().clamp(0, 1)
    sums = light.sum(dim=(2, 3))
    pure, colour = (sums / sums.sum(dim=1, keepdim=True).clamp(min=1e-6)).max(dim=1)
    digits, good = judged_digits(light.amax(dim=1, keepdim=True))
    good &= (pure >= PURE) & (colour < 2)
    mode = digits + DIGITS * colour.clamp(max=1)
    truth = torch.cat([(1 - MINORITY) * digit_shares(), MINORITY * digit_shares()])
    green = float((good & (colour == 1)).double().sum() / good.double().sum().clamp(min=1))
    return _scores(mode, good, truth), green / MINORITY


def _scores(mode: Tensor, good: Tensor, truth: Tensor) -> Scores:
    within, everywhere = (torch.bincount(of, minlength=len(truth)).numpy() for of in (mode[good], mode))
    return histogram_scores(within, everywhere, truth.numpy(), num_samples=len(mode), strict_count=None, spread=None)
