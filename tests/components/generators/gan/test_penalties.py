"""Penalties and spectral normalisation: values of linear discriminators, other sides, and what is refused."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from adagan import GAN
from adagan.components import Packing, Wasserstein
from adagan.components.generators.gan.judged_batches import JudgedBatch
from adagan.components.generators.gan.penalties import (
    GradientPenalty,
    Penalty,
    ZeroCenteredPenalty,
    as_penalty,
)
from adagan.components.generators.gan.spectral import normalize_spectrally
from adagan.mixtures.randomness import isolated_randomness

SLOPE = torch.tensor([1.0, -2.0, 2.0], dtype=torch.float64)
TINY = {"latent_dim": 2, "width": 16, "max_steps": 6, "batch_size": 32, "seed": 100}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def judged(judge, num_real: int, num_fake: int) -> JudgedBatch:
    points = torch.randn(num_real + num_fake, 3, generator=seeded(100), dtype=torch.float64).requires_grad_()
    return JudgedBatch(points, num_real, judge(points))


def steeper_at_data(points: Tensor) -> Tensor:
    """Slope 3 (the length of SLOPE) at the first four points, 6 at all others."""
    factors = torch.where(torch.arange(len(points)) < 4, 1.0, 2.0)
    return factors * (points @ SLOPE)


@pytest.mark.parametrize("num_fake", [4, 9])
def test_zero_centered_penalties_by_hand(num_fake: int) -> None:
    batch = judged(steeper_at_data, 4, num_fake)
    both, r1, r2 = (
        ZeroCenteredPenalty(1.0),
        ZeroCenteredPenalty(1.0, at_samples=False),
        ZeroCenteredPenalty(1.0, at_data=False),
    )
    assert r1(batch, steeper_at_data).item() == pytest.approx(0.5 * 9)
    assert r2(batch, steeper_at_data).item() == pytest.approx(0.5 * 36)
    assert both(batch, steeper_at_data).item() == pytest.approx(0.5 * (9 + 36))


@pytest.mark.parametrize(("scale", "expected"), [(1 / 3, 0.0), (1.0, 4.0), (0.0, 1.0)])
def test_gradient_penalty_of_a_linear_function(scale: float, expected: float) -> None:
    def judge(points: Tensor) -> Tensor:
        return scale * (points @ SLOPE)

    with isolated_randomness(100):
        value = GradientPenalty()(judged(judge, 6, 4), judge)
    assert value.item() == pytest.approx(expected, abs=1e-12)


def test_gradient_penalty_looks_between_data_and_samples() -> None:
    seen: list[Tensor] = []

    def judge(points: Tensor) -> Tensor:
        seen.append(points.detach())
        return points @ SLOPE

    points = torch.cat([torch.zeros(50, 3), torch.ones(50, 3)]).double()
    with isolated_randomness(100):
        GradientPenalty()(JudgedBatch(points, 50, judge(points)), judge)
    between = seen[-1]
    assert torch.equal(between[:, 0], between[:, 2])
    assert float(between.min()) > 0
    assert float(between.max()) < 1
    assert len(between[:, 0].unique()) == 50


def test_points_that_are_judged_together_have_one_slope() -> None:
    def judge(points: Tensor) -> Tensor:
        return (points @ SLOPE).reshape(-1, 2).sum(dim=1)

    with isolated_randomness(100):
        value = GradientPenalty()(judged(judge, 6, 4), judge)
    assert value.item() == pytest.approx((2**0.5 * 3 - 1) ** 2)


@pytest.mark.parametrize("penalty", [ZeroCenteredPenalty(0.5), GradientPenalty()], ids=repr)
def test_penalties_lead_the_slope_to_their_centre(penalty: Penalty) -> None:
    slope = SLOPE.clone().requires_grad_()
    for _ in range(60):
        judge = partial(torch.mv, vec=slope)
        with isolated_randomness(100):
            (gradient,) = torch.autograd.grad(penalty(judged(judge, 8, 8), judge), slope)
        slope = (slope - 0.3 * gradient).detach().requires_grad_()
    centre = 1.0 if isinstance(penalty, GradientPenalty) else 0.0
    assert slope.norm().item() == pytest.approx(centre, abs=1e-3)


def test_numbers_mean_the_zero_centered_penalty() -> None:
    assert repr(as_penalty(0.3)) == repr(ZeroCenteredPenalty(0.3))
    assert as_penalty(0.0) is None
    points = torch.randn(64, 2, generator=seeded(100))
    by_number = GAN(**TINY, penalty=0.5).fit(points).sample(9, generator=seeded(101))
    by_object = GAN(**TINY, penalty=ZeroCenteredPenalty(0.5)).fit(points).sample(9, generator=seeded(101))
    assert torch.equal(by_number, by_object)
    one_sided = GAN(**TINY, penalty=ZeroCenteredPenalty(0.5, at_samples=False))
    assert not torch.equal(one_sided.fit(points).sample(9, generator=seeded(101)), by_number)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"penalty: expected 0 or more, got nan"):
        GAN(penalty=float("nan"))
    with pytest.raises(TypeError, match=r"penalty: expected a number or a Penalty object.*got 'r1'"):
        GAN(penalty="r1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"factor: expected a positive number, got 0\.0"):
        GradientPenalty(0.0)
    with pytest.raises(ValueError, match="at_data, at_samples: one of them must be True"):
        ZeroCenteredPenalty(1.0, at_data=False, at_samples=False)


def test_wasserstein_needs_a_bounded_slope() -> None:
    with pytest.raises(ValueError, match=r"penalty: the loss of Wasserstein\(\) has no minimum unless"):
        GAN(Wasserstein(), penalty=0.0)
    GAN(Wasserstein(), penalty=0.0, spectral_normalization=True)
    GAN(Wasserstein(), penalty=GradientPenalty())


def test_gradient_penalty_refuses_batch_normalisation() -> None:
    with isolated_randomness(100):
        discriminator = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    gan = GAN(discriminator=discriminator, penalty=GradientPenalty(), **TINY)
    with pytest.raises(ValueError, match=r"penalty: GradientPenalty.*layer.*1 \(BatchNorm1d\).*LayerNorm"):
        gan.fit(torch.randn(64, 2, generator=seeded(100)))


def test_spectral_normalisation_bounds_the_slope() -> None:
    with isolated_randomness(100):
        network = nn.Sequential(nn.Linear(3, 32), nn.LeakyReLU(), nn.Linear(32, 32), nn.LeakyReLU(), nn.Linear(32, 1))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(20)
        points = torch.randn(200, 3).requires_grad_()
        (before,) = torch.autograd.grad(network(points).sum(), points)
        normalize_spectrally(network)
        for _ in range(50):  # each pass is one step of the power iteration
            outputs = network(points)
        (after,) = torch.autograd.grad(outputs.sum(), points)
    assert float(before.norm(dim=1).max()) > 10
    assert float(after.norm(dim=1).max()) <= 1.001


def test_spectral_normalisation_needs_layers() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.ones(()))

        def forward(self, points: Tensor) -> Tensor:
            return self.factor * points.sum(dim=1)

    gan = GAN(discriminator=Sum, spectral_normalization=True, **TINY)
    with pytest.raises(ValueError, match="spectral_normalization: the discriminator has no linear or convolutional"):
        gan.fit(torch.randn(64, 2, generator=seeded(100)))


def test_spectral_normalisation_leaves_the_users_module_alone() -> None:
    with isolated_randomness(100):
        discriminator = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(), nn.Linear(8, 1))
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    options = {**TINY, "spectral_normalization": True, "techniques": [Packing(2)]}
    GAN(discriminator=discriminator, **options).fit(torch.randn(64, 2, generator=seeded(100)))
    assert discriminator.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in discriminator.state_dict().items())


@pytest.mark.parametrize(
    ("shape", "zero_centered", "gradient"),
    [((2,), 0.02, 1.0), ((8,), 0.02, 1.0), ((9,), 10.0, 10.0), ((2, 5), 10.0, 10.0), ((1, 8, 8), 1.0, 10.0)],
)
def test_without_a_factor_it_is_that_of_the_shape(
    shape: tuple[int, ...], zero_centered: float, gradient: float
) -> None:
    assert repr(ZeroCenteredPenalty().suited(shape)) == repr(ZeroCenteredPenalty(zero_centered))
    assert repr(GradientPenalty().suited(shape)) == repr(GradientPenalty(gradient))
    assert repr(GradientPenalty(3.0).suited(shape)) == repr(GradientPenalty(3.0))
    gentle = ZeroCenteredPenalty().suited(shape, recognises=True)
    assert repr(gentle) == repr(ZeroCenteredPenalty({10.0: 2.0}.get(zero_centered, 0.02)))
    data = torch.randn(32, *shape, generator=seeded(100))
    drawn = [
        GAN(**{**TINY, "batch_size": 16}, penalty=value).fit(data).sample(9, generator=seeded(101))
        for value in (None, zero_centered, 3.0)
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_every_penalty_has_an_interval_of_its_own() -> None:
    # the gradient penalty holds a Wasserstein discriminator at every step, the zero-centred one may be lazy
    assert GAN().penalty_interval == 4
    assert GAN(Wasserstein(), penalty=GradientPenalty()).penalty_interval == 1
    assert GAN(Wasserstein(), penalty=GradientPenalty(), penalty_interval=3).penalty_interval == 3
    assert GAN(penalty=0).penalty_interval == 1
