"""The families of known worlds: planar modes, clusters, digits, glyphs and a table, each with changes and losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from adagan.data.built_in import KnownModes, digits, known_modes
from adagan.data.glyphs import CLASSES, glyph_shares, glyphs
from adagan.study.task import Task
from adagan.study.tasks.missing import Change, Estimator, Family, MissingWorld, missing_world

PREFIX = "missing-"
"""Before a family's name in the list of tasks."""


def _of_modes(name: str, modes: KnownModes, losses: Mapping[str, Mapping[int, float]]) -> Family:
    """Round Gaussians: a model may be narrower, wider, or beside them."""
    dimensions = modes.centres.shape[1]

    def draw(groups: Tensor, generator: torch.Generator) -> Tensor:
        return modes.centres[groups] + modes.std * torch.randn(len(groups), dimensions, generator=generator)

    def scaled(factor: float, points: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
        return modes.centres[groups] + factor * (points - modes.centres[groups])

    def shifted(points: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
        ways = torch.randn(len(modes.centres), dimensions, generator=generator)
        return points + modes.std * functional.normalize(ways, dim=1)[groups]

    def strays(points: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
        count, points = len(points) // 33, points.clone()
        low, high = points.amin(dim=0), points.amax(dim=0)
        points[:count] = low + (high - low) * torch.rand(count, dimensions, generator=generator)
        return points

    wider = 1.5 if dimensions == 2 else 1.3
    changes: dict[str, Change] = {
        "narrowed": partial(scaled, 0.7),
        "widened": partial(scaled, wider),
        "shifted": shifted,
        "strays": strays,
    }
    return Family(name, modes.probabilities, draw, draw, changes, losses)


def _of_covariances(dimensions: int) -> Family:
    """Twenty Gaussians with random covariances, eight of them at a tenth of the others' share."""
    generator = torch.Generator().manual_seed(dimensions)
    centres = 2 * torch.randn(20, dimensions, generator=generator)
    factors = 0.5 * torch.randn(20, dimensions, dimensions, generator=generator) / dimensions**0.5
    shares = torch.where(torch.arange(20) < 8, 0.1, 1.0)

    def draw(groups: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(len(groups), dimensions, generator=generator)
        spread = torch.empty_like(noise)
        for group in range(20):
            spread[groups == group] = noise[groups == group] @ factors[group].T
        return centres[groups] + spread

    def scaled(factor: float, points: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
        return centres[groups] + factor * (points - centres[groups])

    changes: dict[str, Change] = {"narrowed": partial(scaled, 0.7), "widened": partial(scaled, 1.3)}
    losses = {
        "four rare": dict.fromkeys(range(4), 0.0),
        "one rare": {0: 0.0},
        "two large": {10: 0.0, 11: 0.0},
        "one starved": {12: 0.3},
    }
    return Family(f"clusters-{dimensions}", shares / shares.sum(), draw, draw, changes, losses)


def _digits() -> Family:
    """Scikit-learn's digits: data are drawn from every other image of a class, samples from those between them."""
    images, classes = digits()
    shares = torch.bincount(classes).float()

    def drawn(half: int, groups: Tensor, generator: torch.Generator) -> Tensor:
        uniform, chosen = torch.rand(len(groups), generator=generator), torch.empty_like(groups)
        for digit in range(10):
            own, mask = (classes == digit).nonzero()[half::2, 0], groups == digit
            chosen[mask] = own[(uniform[mask] * len(own)).long()]
        return images[chosen]

    changes: dict[str, Change] = {"softened": softened, "noise": noisy}
    losses = {"3 and 7": {3: 0.0, 7: 0.0}, "5": {5: 0.0}, "8 starved": {8: 0.2}}
    shares = shares / shares.sum()
    return Family("digits", shares, partial(drawn, 0), partial(drawn, 1), changes, losses, num_points=900)


def _glyphs() -> Family:
    changes: dict[str, Change] = {"softened": softened, "jittered": jittered, "noise": noisy, "thinned": thinned}
    losses = {
        "D and 4": {CLASSES.index("D"): 0.0, CLASSES.index("4"): 0.0},
        "F (rare)": {CLASSES.index("F"): 0.0},
        "M starved": {CLASSES.index("M"): 0.2},
    }
    return Family("glyphs", glyph_shares(), glyphs, glyphs, changes, losses)


def softened(images: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
    """A pixel's neighbours enter it at half its weight."""
    kernel = torch.tensor([0.25, 0.5, 0.25])
    window = (kernel[:, None] * kernel).expand(images.shape[1], 1, 3, 3)
    return functional.conv2d(functional.pad(images, (1, 1, 1, 1), mode="replicate"), window, groups=images.shape[1])


def jittered(images: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
    """Moved by up to two pixels."""
    steps = torch.randint(-2, 3, (len(images), 2), generator=generator)
    moved = images.clone()
    for down in range(-2, 3):
        for across in range(-2, 3):
            own = (steps == torch.tensor([down, across])).all(dim=1)
            moved[own] = images[own].roll((down, across), dims=(2, 3))
    return moved


def noisy(images: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
    """Noise of a tenth of the range on every pixel."""
    return images + 0.1 * torch.randn(images.shape, generator=generator)


def thinned(images: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
    """Grey pixels, those on the strokes' edges, are darker."""
    return images.square()


def _table() -> Family:
    """Three numbers, one of them with a long tail, and two columns of categories, one-hot; groups are their pairs."""
    first, second = torch.tensor([0.5, 0.25, 0.15, 0.09, 0.01]), torch.tensor([0.6, 0.27, 0.1, 0.03])
    pairs = torch.cartesian_prod(torch.arange(5), torch.arange(4))

    def draw(groups: Tensor, generator: torch.Generator) -> Tensor:
        left, right = pairs[groups].T
        numbers = torch.randn(len(groups), 3, generator=generator)
        numbers[:, 2] = numbers[:, 2].exp()
        numbers[:, 0] += left
        return torch.cat([numbers, functional.one_hot(left, 5), functional.one_hot(right, 4)], dim=1)

    def rattled(points: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
        numbers = points[:, :3] + 0.1 * points[:, :3].std(dim=0) * torch.randn(len(points), 3, generator=generator)
        return torch.cat([numbers, points[:, 3:]], dim=1)

    def rounded(points: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
        return torch.cat([(4 * points[:, :3]).round() / 4, points[:, 3:]], dim=1)

    changes: dict[str, Change] = {"jittered": rattled, "rounded": rounded}
    losses = {
        "rare category": {row: 0.0 for row, pair in enumerate(pairs.tolist()) if pair[0] == 4},
        "rarer category": {row: 0.0 for row, pair in enumerate(pairs.tolist()) if pair[1] == 3},
        "a pair": {pairs.tolist().index([1, 2]): 0.0},
    }
    return Family("table", (first[:, None] * second).flatten(), draw, draw, changes, losses)


RING_LOSSES = {
    "four rare": dict.fromkeys(range(4), 0.0),
    "one rare": {0: 0.0},
    "two large": {5: 0.0, 6: 0.0},
    "one starved": {7: 0.3},
}
GRID_LOSSES = {
    "ten rare": dict.fromkeys(range(10), 0.0),
    "four rare": dict.fromkeys(range(4), 0.0),
    "two large": {12: 0.0, 20: 0.0},
    "one starved": {22: 0.3},
}

FAMILIES: dict[str, Callable[[], Family]] = {
    "ring": lambda: _of_modes("ring", known_modes("unbalanced-ring"), RING_LOSSES),
    "grid": lambda: _of_modes("grid", known_modes("unbalanced-grid"), GRID_LOSSES),
    "clusters-16": lambda: _of_covariances(16),
    "clusters-64": lambda: _of_covariances(64),
    "digits": _digits,
    "glyphs": _glyphs,
    "table": _table,
}


def _world(name: str, seed: int) -> MissingWorld:
    return missing_world(FAMILIES[name](), seed)


MISSING = tuple(Task[Estimator](f"{PREFIX}{name}", partial(_world, name)) for name in FAMILIES)
