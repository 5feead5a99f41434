"""Objectives: hand-made values, what they are at the optimal discriminator, and the errors."""

import math
from collections.abc import Callable

import pytest
import torch
from divergence_lists import DIVERGENCES
from torch import Tensor

from adagan.components import (
    FGAN,
    GeneralizedMinimax,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticPairing,
    Wasserstein,
)
from adagan.mixtures import (
    ForwardKL,
    GeneralizedJensenShannon,
    JensenShannon,
    NeymanChi2,
    PearsonChi2,
    ReverseKL,
    SquaredHellinger,
    TotalVariation,
)
from adagan.mixtures.f_divergence import FDivergence

OBJECTIVES = [
    NonSaturating(),
    Minimax(),
    GeneralizedMinimax(0.2),
    LeastSquares(),
    LeastSquares(a=-1.0, b=1.0, c=0.0),
    Hinge(),
    Wasserstein(),
    RelativisticPairing(),
    *(FGAN(divergence) for divergence in DIVERGENCES),
    *(FGAN(divergence, saturating=True) for divergence in DIVERGENCES),
]
# a finite space of four points: so many of twenty draws fall on each
DATA_COUNTS, MODEL_COUNTS = torch.tensor([2, 4, 6, 8]), torch.tensor([5, 5, 8, 2])
DATA, MODEL = DATA_COUNTS.double() / 20, MODEL_COUNTS.double() / 20
LOG_RATIO = (MODEL / DATA).log()


def at_data(outputs: Tensor) -> Tensor:
    return outputs.repeat_interleave(DATA_COUNTS)


def at_samples(outputs: Tensor) -> Tensor:
    return outputs.repeat_interleave(MODEL_COUNTS)


def discriminator_loss(objective: Objective, outputs: Tensor) -> Tensor:
    return objective.discriminator_loss(at_data(outputs), at_samples(outputs))


def assert_optimal(objective: Objective, outputs: Tensor) -> None:
    """No change of the outputs at the four points lowers the discriminator's loss."""
    outputs = outputs.clone().requires_grad_()
    loss = discriminator_loss(objective, outputs)
    (gradient,) = torch.autograd.grad(loss, outputs)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-9, rtol=0)
    for seed in range(100, 120):
        change = 0.3 * torch.randn(4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        assert float(discriminator_loss(objective, outputs.detach() + change)) >= loss.item() - 1e-12


@pytest.mark.parametrize("objective", [Minimax(), NonSaturating()], ids=repr)
def test_the_original_objective_is_the_jensen_shannon_divergence(objective: Objective) -> None:
    best = -LOG_RATIO
    assert_optimal(objective, best)
    expected = 2 * JensenShannon().between(MODEL, DATA) - 2 * math.log(2)
    assert -float(discriminator_loss(objective, best)) == pytest.approx(expected, rel=1e-12)


def test_what_the_generators_of_the_original_objectives_minimise() -> None:
    fake = at_samples(-LOG_RATIO)
    shares = (DATA / (DATA + MODEL)).repeat_interleave(MODEL_COUNTS)
    none = fake.new_empty(0)
    assert float(Minimax().generator_loss(none, fake)) == pytest.approx(float((1 - shares).log().mean()), rel=1e-9)
    assert float(NonSaturating().generator_loss(none, fake)) == pytest.approx(float(-shares.log().mean()), rel=1e-9)


@pytest.mark.parametrize("pi", [0.05, 0.1, 0.5, 0.9, 0.95])
def test_generalized_minimax_is_the_generalized_jensen_shannon_divergence(pi: float) -> None:
    objective = GeneralizedMinimax(pi)
    best = -LOG_RATIO + math.log(pi / (1 - pi))
    assert_optimal(objective, best)
    entropy = -pi * math.log(pi) - (1 - pi) * math.log(1 - pi)
    divergence = GeneralizedJensenShannon(pi).between(MODEL, DATA)
    assert float(discriminator_loss(objective, best)) == pytest.approx(2 * (entropy - divergence), rel=1e-12)
    # half the critic's cross-entropy over a minibatch with a share pi of data: that is how many points it is given
    assert objective.data_share == pi


def test_generalized_minimax_at_one_half_is_minimax() -> None:
    real, fake = torch.randn(2, 30, generator=torch.Generator().manual_seed(100))
    half = GeneralizedMinimax(0.5)
    assert torch.equal(half.discriminator_loss(real, fake), Minimax().discriminator_loss(real, fake))
    assert torch.equal(half.generator_loss(real, fake), Minimax().generator_loss(real, fake))


@pytest.mark.parametrize(("a", "b", "c"), [(-1.0, 1.0, 0.0), (0.5, 2.5, 1.5), (3.0, 5.0, 4.0)])
def test_least_squares_is_a_pearson_divergence(a: float, b: float, c: float) -> None:
    """Mao et al., eq. 8, with b − c = 1 and b − a = 2; the generator's cost is taken over both sides, as there."""
    objective = LeastSquares(a, b, c)
    best = (b * DATA + a * MODEL) / (DATA + MODEL)
    assert_optimal(objective, best)
    cost = sum(float(objective.generator_loss(at_data(best), side(best))) for side in (at_data, at_samples))
    both, model = DATA + MODEL, 2 * MODEL
    assert 2 * cost == pytest.approx(float(((both - model).square() / both).sum()), rel=1e-12)
    # against the mean of both, (M − model)²/M with M = both/2 is Pearson's divergence from M
    assert 2 * cost == pytest.approx(2 * PearsonChi2().between(MODEL, both / 2), rel=1e-12)


@pytest.mark.parametrize("divergence", [d for d in DIVERGENCES if not isinstance(d, TotalVariation)], ids=repr)
def test_f_gan_attains_every_divergence(divergence: FDivergence) -> None:
    assert_optimal(FGAN(divergence), -LOG_RATIO)
    value = -float(discriminator_loss(FGAN(divergence), -LOG_RATIO))
    assert value == pytest.approx(divergence.between(MODEL, DATA), rel=1e-6)


def test_f_gan_attains_the_total_variation_in_the_limit() -> None:
    objective = FGAN(TotalVariation())
    expected = TotalVariation().between(MODEL, DATA)
    values = [-float(discriminator_loss(objective, -factor * LOG_RATIO)) for factor in (1, 5, 40)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(expected, abs=1e-3)


def _published(activation: Callable[[Tensor], Tensor], conjugate: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """Minus the bound of Nowozin et al., eq. 6, with the activation and the conjugate of their tables 2 and 6."""
    return lambda real, fake: conjugate(activation(fake)).mean() - activation(real).mean()


# their D_f(data ‖ model) is ours with f's arguments swapped; then their v, as a function of our output s = −log ratio
PUBLISHED: list[tuple[FDivergence, float, Callable[..., Tensor], Callable[[Tensor], Tensor]]] = [
    (ForwardKL(), 1.0, _published(lambda v: v, lambda t: (t - 1).exp()), lambda s: 1 + s),
    (ReverseKL(), 1.0, _published(lambda v: -v.exp(), lambda t: -1 - (-t).log()), lambda s: -s),
    (NeymanChi2(), 1.0, _published(lambda v: v, lambda t: t.square() / 4 + t), lambda s: 2 * torch.expm1(s)),
    (PearsonChi2(), 1.0, _published(lambda v: 1 - v.exp(), lambda t: 2 - 2 * (1 - t).sqrt()), lambda s: -2 * s),
    (SquaredHellinger(), 1.0, _published(lambda v: 1 - v.exp(), lambda t: t / (1 - t)), lambda s: -s / 2),
    (
        JensenShannon(),
        2.0,
        _published(lambda v: math.log(2) - torch.log1p((-v).exp()), lambda t: -(2 - t.exp()).log()),
        lambda s: s,
    ),
]


@pytest.mark.parametrize(("divergence", "scale", "published", "their_output"), PUBLISHED, ids=lambda x: str(x)[:20])
def test_f_gan_reproduces_the_published_table(
    divergence: FDivergence,
    scale: float,
    published: Callable[..., Tensor],
    their_output: Callable[[Tensor], Tensor],
) -> None:
    outputs = torch.randn(2, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(100))
    ours = scale * FGAN(divergence).discriminator_loss(*outputs)
    torch.testing.assert_close(ours, published(*map(their_output, outputs)), rtol=1e-9, atol=1e-9)


def test_the_f_gan_of_jensen_shannon_is_the_original_gan() -> None:
    real, fake = torch.randn(2, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(100))
    ours = 2 * FGAN(JensenShannon()).discriminator_loss(real, fake)
    torch.testing.assert_close(ours, Minimax().discriminator_loss(real, fake) - 2 * math.log(2))


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=repr)
@pytest.mark.parametrize("saturating", [False, True])
def test_f_gan_stays_finite_in_single_precision(divergence: FDivergence, saturating: bool) -> None:
    objective = FGAN(divergence, saturating=saturating)
    outputs = torch.tensor([-1e4, -50.0, 0.0, 50.0, 1e4], requires_grad=True)
    loss = objective.discriminator_loss(outputs, outputs.flip(0)) + objective.generator_loss(outputs, outputs)
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert bool(torch.isfinite(loss))
    assert bool(torch.isfinite(gradient).all())


def test_non_saturating_by_hand() -> None:
    real, fake = torch.tensor([0.0, 2.0]), torch.tensor([0.0, -1.0])
    expected = (math.log(2) + math.log(1 + math.exp(-2))) / 2 + (math.log(2) + math.log(1 + math.exp(-1))) / 2
    assert float(NonSaturating().discriminator_loss(real, fake)) == pytest.approx(expected)
    assert float(NonSaturating().generator_loss(real, fake)) == pytest.approx((math.log(2) + math.log(1 + math.e)) / 2)


def test_non_saturating_is_cross_entropy() -> None:
    outputs = torch.linspace(-30, 30, 61, dtype=torch.float64)
    loss = NonSaturating().discriminator_loss(outputs, outputs.flip(0))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    expected = entropy(outputs, torch.ones_like(outputs)) + entropy(outputs.flip(0), torch.zeros_like(outputs))
    assert float(loss) == pytest.approx(float(expected), rel=1e-8)


def test_least_squares_by_hand() -> None:
    real, fake = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 1.5])
    assert float(LeastSquares().discriminator_loss(real, fake)) == pytest.approx(0.5 * (0.5 + (0.25 + 2.25) / 2))
    assert float(LeastSquares().generator_loss(real, fake)) == pytest.approx(0.5 * 0.25)
    other = LeastSquares(a=-1.0, b=2.0, c=0.5)
    assert float(other.discriminator_loss(real, fake)) == pytest.approx(0.5 * ((1 + 4) / 2 + (2.25 + 6.25) / 2))
    assert float(other.generator_loss(real, fake)) == pytest.approx(0.5 * (0 + 1) / 2)


def test_hinge_wasserstein_and_pairing_by_hand() -> None:
    real, fake = torch.tensor([0.5, 3.0]), torch.tensor([-2.0, 1.0])
    assert float(Hinge().discriminator_loss(real, fake)) == pytest.approx(0.5 / 2 + 2 / 2)
    assert float(Hinge().generator_loss(real, fake)) == pytest.approx(0.5)
    assert float(Wasserstein().discriminator_loss(real, fake)) == pytest.approx(-0.5 - 1.75)
    assert float(Wasserstein().generator_loss(real, fake)) == pytest.approx(0.5)
    by_hand = (math.log(1 + math.exp(-2.5)) + math.log(1 + math.exp(-2.0))) / 2
    assert float(RelativisticPairing().discriminator_loss(real, fake)) == pytest.approx(by_hand, rel=1e-5)
    by_hand = (math.log(1 + math.exp(2.5)) + math.log(1 + math.exp(2.0))) / 2
    assert float(RelativisticPairing().generator_loss(real, fake)) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_the_two_sides_pull_apart(objective: Objective) -> None:
    real = torch.tensor([0.1, -0.2], requires_grad=True)
    fake = torch.tensor([0.3, 0.2], requires_grad=True)
    at_real, at_fake = torch.autograd.grad(objective.discriminator_loss(real, fake), (real, fake))
    assert bool((at_real < 0).all())  # the discriminator raises its outputs at data
    assert bool((at_fake > 0).all())  # and lowers them at samples
    low = torch.tensor([-0.9, -0.5], requires_grad=True)
    (wish,) = torch.autograd.grad(objective.generator_loss(real.detach(), low), low)
    assert bool((wish < 0).all())  # the generator wants them higher


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"a, b, c: expected finite targets, got nan, 1\.0 and 1\.0"):
        LeastSquares(math.nan)
    with pytest.raises(ValueError, match=r"a: the targets for samples and for data must differ, both are 1\.0"):
        LeastSquares(a=1.0, b=1.0)
    for pi in (0.0, 1.0, -0.3, float("nan")):
        with pytest.raises(ValueError, match=r"pi: expected a number in \(0, 1\), got"):
            GeneralizedMinimax(pi)
    with pytest.raises(TypeError, match=r"divergence: expected an f-divergence object such as ForwardKL\(\), got 'kl'"):
        FGAN("kl")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"max_log_ratio: expected a positive number, got 0\.0"):
        FGAN(ForwardKL(), max_log_ratio=0.0)


def test_the_contract_is_abstract_and_named() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Objective()  # type: ignore[abstract]
    assert repr(LeastSquares(c=0.5)) == "LeastSquares(a=0.0, b=1.0, c=0.5)"
    assert repr(FGAN(ForwardKL())) == "FGAN(divergence=ForwardKL(), saturating=False, max_log_ratio=10.0)"
