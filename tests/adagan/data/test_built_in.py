"""Built-in data: the protocols of the literature, to the letter."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan.data.built_in import (
    BUILT_IN_NAMES,
    KNOWN_NAMES,
    PLANAR_NAMES,
    KnownModes,
    built_in,
    digits,
    known_modes,
    stack_digits,
    unbalanced_digits,
)

RADII = {"ring": 1.0, "unbalanced-ring": 2.5}
GRIDS = ("grid", "unbalanced-grid")
STD = {"ring": 0.01, "grid": 0.05, "unbalanced-ring": 0.05, "unbalanced-grid": 0.05}
POINTS = {
    "glyphs": 60_000,
    "ring": 100_000,
    "grid": 100_000,
    "unbalanced-ring": 50_000,
    "unbalanced-grid": 50_000,
    "clusters-16": 20_000,
    "clusters-64": 20_000,
    "stacked-glyphs": 20_000,
    "stacked-glyphs-unbalanced": 20_000,
    "coloured-glyphs": 10_000,
    **{f"gaussians-{count}": 64_000 for count in range(1, 11)},
    "digits": 1_797,
    # one in twenty of 179 sevens, 174 eights and 180 nines
    "digits-unbalanced": 1_797 - 533 + 9 + 9 + 9,
    "stacked-digits": 60_000,
    "stacked-digits-unbalanced": 60_000,
}
SIZES = {
    "ring": (2_500, 50_000),
    "grid": (2_500, 50_000),
    "unbalanced-ring": (10_000, 50_000),
    "unbalanced-grid": (10_000, 50_000),
}


@pytest.mark.parametrize("name", RADII)
def test_rings_have_eight_distinct_modes(name: str) -> None:
    centres = known_modes(name).centres.double()
    expected = torch.tensor([[math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)] for k in range(8)])
    assert torch.allclose(centres, RADII[name] * expected.double(), atol=1e-6)
    distances = torch.cdist(centres, centres) + torch.eye(8) * 9
    # the nearest neighbour on an octagon is 2 r sin(π/8) away
    assert float(distances.min()) == pytest.approx(2 * RADII[name] * math.sin(math.pi / 8), rel=1e-5)


@pytest.mark.parametrize("name", GRIDS)
def test_grids_are_five_by_five(name: str) -> None:
    places = {(float(x), float(y)) for x, y in known_modes(name).centres}
    assert places == {(x, y) for x in (-4.0, -2.0, 0.0, 2.0, 4.0) for y in (-4.0, -2.0, 0.0, 2.0, 4.0)}


@pytest.mark.parametrize("name", STD)
def test_the_protocol(name: str) -> None:
    benchmark = known_modes(name)
    assert benchmark.name == name
    assert benchmark.std == STD[name]
    assert benchmark.num_points == POINTS[name]
    assert benchmark.sample_sizes == SIZES[name]
    assert benchmark.strict_count == (50 if name.startswith("unbalanced") else None)
    assert float(benchmark.probabilities.sum()) == pytest.approx(1)


def test_the_shares_of_the_modes() -> None:
    assert torch.allclose(known_modes("ring").probabilities, torch.full((8,), 1 / 8))
    assert torch.allclose(known_modes("grid").probabilities, torch.full((25,), 1 / 25))
    ring = known_modes("unbalanced-ring").probabilities
    assert torch.allclose(ring[:4] / ring[4:], torch.full((4,), 0.05))
    assert float(10_000 * ring[0]) == pytest.approx(119, abs=0.1)
    grid = known_modes("unbalanced-grid")
    rare = grid.centres[:, 0] <= -2  # the ten modes with the two lowest x
    assert int(rare.sum()) == 10
    assert torch.allclose(grid.probabilities[rare], 0.05 * grid.probabilities[~rare][:1].expand(10))
    assert float(10_000 * grid.probabilities[rare][0]) == pytest.approx(32, abs=0.5)


def nearest(points: Tensor, benchmark: KnownModes) -> tuple[Tensor, Tensor]:
    distance, mode = torch.cdist(points, benchmark.centres).min(dim=1)
    return distance, mode


@pytest.mark.parametrize("name", PLANAR_NAMES)
def test_draws_follow_the_protocol(name: str) -> None:
    benchmark = known_modes(name)
    count = 40_000
    points = benchmark.draw(count, seed=1)
    assert points.shape == (count, 2)
    assert points.dtype == torch.float32
    distance, mode = nearest(points, benchmark)
    shares = torch.bincount(mode, minlength=len(benchmark.centres)) / count
    error = (benchmark.probabilities * (1 - benchmark.probabilities) / count).sqrt()
    # six standard errors of each share: a false alarm below 1e-7 over all of them
    assert bool(((shares - benchmark.probabilities).abs() < 6 * error).all())
    # E r² = 2 std², with a relative standard error of 1/√n = .005: six are .03
    assert float((distance / benchmark.std).square().mean()) == pytest.approx(2, rel=0.03)
    assert torch.equal(points, benchmark.draw(count, seed=1))
    assert not torch.equal(points, benchmark.draw(count, seed=2))


@pytest.mark.parametrize("name", STD)
def test_rotation_turns_by_thirty_degrees_and_keeps_distances(name: str) -> None:
    plain, turned = known_modes(name), known_modes(f"{name}-rotated")
    assert turned.name == f"{name}-rotated"
    assert torch.allclose(
        torch.cdist(plain.centres, plain.centres), torch.cdist(turned.centres, turned.centres), atol=1e-4
    )
    assert torch.allclose(plain.centres.norm(dim=1), turned.centres.norm(dim=1), atol=1e-5)
    angle = torch.atan2(turned.centres[0, 1], turned.centres[0, 0]) - torch.atan2(
        plain.centres[0, 1], plain.centres[0, 0]
    )
    assert math.degrees(float(angle)) % 360 == pytest.approx(30, abs=1e-3)
    assert torch.equal(plain.probabilities, turned.probabilities)
    # no mode of the turned ring lies where one of the plain ring is
    assert float(torch.cdist(plain.centres[:1], turned.centres).min()) > 3 * plain.std


def test_digits_are_real_images() -> None:
    images, classes = digits()
    assert images.shape == (1797, 1, 8, 8)
    assert images.dtype == torch.float32
    assert (float(images.min()), float(images.max())) == (0.0, 1.0)
    assert np.bincount(classes.numpy()).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.mark.parametrize("name", BUILT_IN_NAMES)
def test_built_in_data_by_name_and_seed(name: str) -> None:
    data = built_in(name, seed=3)
    assert len(data) == POINTS[name]
    assert torch.equal(data, built_in(name, seed=3))
    assert bool(torch.isfinite(data).all())


@pytest.mark.parametrize(("count", "variance"), [(1, 5), (2, 5), (3, 1.875), (5, 1.5), (4, 15 / 48), (10, 0.05)])
def test_gaussians_are_adagans_toy(count: int, variance: float) -> None:
    modes = known_modes(f"gaussians-{count}")
    assert modes.centres.shape == (count, 2)
    assert float(modes.centres.abs().max()) <= 15
    assert modes.std**2 == pytest.approx(variance)
    assert (modes.num_points, modes.sample_sizes) == (64_000, (10_000,))
    assert torch.equal(modes.probabilities, torch.full((count,), 1 / count))
    # the centres belong to the benchmark, not to a seed of its data
    assert torch.equal(modes.centres, known_modes(f"gaussians-{count}").centres)


@pytest.mark.parametrize("dimension", [16, 64])
def test_clusters_are_apart_and_half_of_them_rare(dimension: int) -> None:
    modes = known_modes(f"clusters-{dimension}")
    assert modes.centres.shape == (10, dimension)
    distances = torch.pdist(modes.centres)
    # the radius that holds nearly all of a cluster is about √D + 2 standard deviations
    assert float(distances.min()) > 2 * (math.sqrt(dimension) + 2) * modes.std
    assert torch.allclose(modes.probabilities[:5] / modes.probabilities[5:], torch.full((5,), 0.05))


@pytest.mark.parametrize("name", KNOWN_NAMES)
def test_variants_change_what_their_name_says_only(name: str) -> None:
    modes = known_modes(name)
    assert modes.name == name
    assert float(modes.probabilities.sum()) == pytest.approx(1)
    if name.startswith("gaussians") and name.endswith("-unbalanced"):
        plain, rare = known_modes(name.removesuffix("-unbalanced")), len(modes.centres) // 2
        assert torch.equal(modes.centres, plain.centres)
        assert torch.allclose(modes.probabilities[:rare], 0.05 * modes.probabilities[rare:][:1].expand(rare))


def test_unbalanced_digits_are_those_of_three_classes_thinned() -> None:
    images, classes = unbalanced_digits()
    assert np.bincount(classes.numpy()).tolist() == [178, 182, 177, 183, 181, 182, 181, 9, 9, 9]
    every, _ = digits()
    assert {image.numpy().tobytes() for image in images} <= {image.numpy().tobytes() for image in every}


def test_stacked_digits_are_three_digits_each() -> None:
    images, _ = digits()
    stacked = stack_digits(images, 500, seed=1)
    assert stacked.shape == (500, 3, 8, 8)
    known = {image.numpy().tobytes() for image in images}
    channels = [stacked[:, channel : channel + 1] for channel in range(3)]
    assert all(image.numpy().tobytes() in known for channel in channels for image in channel)
    # drawn independently: two channels of 1,797 images agree in .3 of 500 rows on average; 10 would be a wonder
    assert sum(bool(torch.equal(a, b)) for a, b in zip(channels[0], channels[1], strict=True)) < 10
