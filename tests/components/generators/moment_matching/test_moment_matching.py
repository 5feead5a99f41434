"""Moment matching: kernels and discrepancies against closed forms, the witness penalty, learnt features."""

import math

import pytest
import torch

from adagan.components import GaussianKernel, LearntFeatures, MomentMatching, RationalQuadratic
from adagan.components.generators.gan.judged_batches import JudgedBatch
from adagan.components.generators.moment_matching.kernels import Kernel, median_distance, squared_discrepancy
from adagan.components.generators.moment_matching.learnt_features import FeatureDiscrepancy, WitnessPenalty
from adagan.mixtures.randomness import isolated_randomness

KERNELS: list[Kernel] = [GaussianKernel(), GaussianKernel([1.0]), RationalQuadratic(), RationalQuadratic([2.0])]


def test_golden_values() -> None:
    x, y = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    assert float(GaussianKernel([5.0, 1.0])(x, y)) == pytest.approx((math.exp(-0.5) + math.exp(-12.5)) / 2)
    assert float(RationalQuadratic([0.5, 1.0])(x, y)) == pytest.approx((26**-0.5 + 13.5**-1) / 2)


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_are_positive_definite(kernel: Kernel, generator: torch.Generator) -> None:
    x = torch.randn(40, 1, 2, 2, generator=generator, dtype=torch.float64)
    matrix = kernel(x, x)
    torch.testing.assert_close(matrix.diagonal(), torch.ones(40, dtype=torch.float64))
    torch.testing.assert_close(matrix, matrix.T)
    assert float(torch.linalg.eigvalsh(matrix).min()) > -1e-10


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_discrepancy_is_the_mean_over_pairs(kernel: Kernel, generator: torch.Generator) -> None:
    x, y = (torch.randn(count, 2, generator=generator, dtype=torch.float64) for count in (5, 7))

    def mean(a: torch.Tensor, b: torch.Tensor, *, same: bool) -> float:
        pairs = [(p, q) for i, p in enumerate(a) for j, q in enumerate(b) if not (same and i == j)]
        return sum(float(kernel.of((p - q).square().sum())) for p, q in pairs) / len(pairs)

    expected = mean(x, x, same=True) + mean(y, y, same=True) - 2 * mean(x, y, same=False)
    assert float(squared_discrepancy(kernel, x, y)) == pytest.approx(expected, abs=1e-12)


def test_the_estimate_is_that_of_normal_distributions() -> None:
    """MMD² of N(0, 1) and N(m, 1) under exp(−d²/2) is 2 (1 − exp(−m²/6))/√3; below 1e-8 by 400 estimates of 100."""
    generator = torch.Generator().manual_seed(100)
    x, y = torch.randn(2, 400, 100, 1, generator=generator, dtype=torch.float64)
    for shift in (0.0, 1.0):
        values = torch.stack(
            [squared_discrepancy(GaussianKernel([1.0]), a, b + shift) for a, b in zip(x, y, strict=True)]
        )
        expected = 2 * (1 - math.exp(-(shift**2) / 6)) / math.sqrt(3)
        assert abs(float(values.mean()) - expected) < 6 * float(values.std()) / 400**0.5


def test_gradients_are_finite_where_points_coincide() -> None:
    x = torch.zeros(4, 2, requires_grad=True)
    squared_discrepancy(GaussianKernel(), torch.zeros(4, 2), x).backward()
    assert x.grad is not None
    assert bool(torch.isfinite(x.grad).all())


def test_median_distance() -> None:
    assert float(median_distance(torch.tensor([[0.0], [0.0], [3.0], [4.0]]))) == 3
    assert float(median_distance(torch.ones(5, 2))) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianKernel([]), "bandwidths: expected at least one number"),
        (lambda: GaussianKernel([1.0, 0.0]), "bandwidths: expected a positive number, got 0.0"),
        (lambda: RationalQuadratic([-1.0]), "shapes: expected a positive number, got -1.0"),
    ],
)
def test_scales_out_of_range_are_named(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_the_witness_penalty_is_that_of_its_slope() -> None:
    """One point on each side, the identity as features: w(x) = k(x, a) − k(x, b) has a slope in closed form."""
    kernel = GaussianKernel([1.0])
    points = torch.tensor([[0.0], [0.0], [2.0], [2.0]], dtype=torch.float64)
    with isolated_randomness(0):
        value = float(WitnessPenalty(kernel)(JudgedBatch(points, 2, points), lambda x: x).detach())
    with isolated_randomness(0):
        share = torch.rand(2, 1, dtype=torch.float64)
    x = 2 - 2 * share
    slope = -x * (-x.square() / 2).exp() + (x - 2) * (-(x - 2).square() / 2).exp()
    assert value == pytest.approx(float((slope.abs() - 1).square().mean()))


def test_features_and_generator_pull_in_opposite_directions(generator: torch.Generator) -> None:
    objective, (real, fake) = FeatureDiscrepancy(RationalQuadratic()), torch.randn(2, 10, 4, generator=generator)
    assert torch.equal(objective.discriminator_loss(real, fake), -objective.generator_loss(real, fake))
    assert "RationalQuadratic" in repr(objective)


def test_learnt_features_make_another_generator(generator: torch.Generator) -> None:
    data = torch.randn(100, 2, generator=generator)
    options = {"latent_dim": 2, "width": 8, "max_steps": 5, "batch_size": 32, "seed": 100}
    draws = [
        MomentMatching(features=features, **options).fit(data).sample(10, generator=torch.Generator().manual_seed(0))  # type: ignore[arg-type]
        for features in (None, LearntFeatures(num_features=4), LearntFeatures(num_features=4, penalty=0.0))
    ]
    assert not torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[1], draws[2])
