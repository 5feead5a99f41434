import math

import pytest
import torch
from divergence_lists import DIVERGENCES, METRIC_ROOTS, SMOOTH
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adagan.mixtures.divergences import (
    Alpha,
    FDivergence,
    ForwardKL,
    GeneralizedJensenShannon,
    Jeffreys,
    JensenShannon,
    LeCam,
    NeymanChi2,
    PearsonChi2,
    ReverseKL,
    SquaredHellinger,
    TotalVariation,
)

DATA, MODEL = [0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.4, 0.1]
GOLDEN = [
    (ForwardKL(), 0.331955),
    (ReverseKL(), 0.261302),
    (JensenShannon(), 0.069765),
    (GeneralizedJensenShannon(0.1), 0.028453),
    (GeneralizedJensenShannon(0.5), 0.069765),
    (GeneralizedJensenShannon(0.9), 0.023677),
    (PearsonChi2(), 0.495833),
    (NeymanChi2(), 1.025),
    (SquaredHellinger(), 0.143738),
    (TotalVariation(), 0.3),
    (LeCam(), 0.264127),
    (Jeffreys(), 0.593257),
]

# f of the ratio u itself, as in the literature
FORMULAS = [
    (ForwardKL(), lambda u: -u.log()),
    (ReverseKL(), lambda u: u * u.log()),
    (JensenShannon(), lambda u: 0.5 * (u * u.log() - (u + 1) * ((u + 1) / 2).log())),
    (
        GeneralizedJensenShannon(0.3),
        lambda u: -0.3 * (0.3 + 0.7 * u).log() + 0.7 * u * (u.log() - (0.3 + 0.7 * u).log()),
    ),
    (PearsonChi2(), lambda u: (u - 1) ** 2),
    (NeymanChi2(), lambda u: (1 - u) ** 2 / u),
    (SquaredHellinger(), lambda u: (u.sqrt() - 1) ** 2),
    (TotalVariation(), lambda u: 0.5 * (u - 1).abs()),
    (LeCam(), lambda u: (u - 1) ** 2 / (u + 1)),
    (Jeffreys(), lambda u: (u - 1) * u.log()),
    (Alpha(2.5), lambda u: (u**2.5 - 2.5 * u + 1.5) / (2.5 * 1.5)),
]


def log_ratios(count: int = 400, scale: float = 2.0, seed: int = 0) -> Tensor:
    values = torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return scale * values


def distributions(seed: int, size: int = 6) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    values = -torch.rand(2, size, generator=source, dtype=torch.float64).log()
    model, data = values / values.sum(dim=1, keepdim=True)
    return model, data


@pytest.mark.parametrize(("divergence", "value"), GOLDEN, ids=lambda item: repr(item))
def test_golden_values(divergence: FDivergence, value: float) -> None:
    assert divergence.between(MODEL, DATA) == pytest.approx(value, abs=5.1e-7)


@pytest.mark.parametrize(("divergence", "formula"), FORMULAS, ids=lambda item: type(item).__name__)
def test_f_is_the_formula_of_the_literature(divergence, formula) -> None:
    log_ratio = log_ratios()
    torch.testing.assert_close(divergence.f(log_ratio), formula(log_ratio.exp()), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=repr)
class TestEveryDivergence:
    def test_f_of_one_is_zero(self, divergence: FDivergence) -> None:
        assert float(divergence.f(torch.zeros((), dtype=torch.float64))) == pytest.approx(0, abs=1e-15)

    def test_derivative_by_finite_differences(self, divergence: FDivergence) -> None:
        log_ratio = log_ratios(scale=1.5)
        log_ratio = log_ratio[log_ratio.abs() > 1e-3]
        step = 1e-5
        upper, lower = log_ratio + step, log_ratio - step
        slope = (divergence.f(upper) - divergence.f(lower)) / (upper.exp() - lower.exp())
        torch.testing.assert_close(divergence.derivative(log_ratio), slope, rtol=2e-8, atol=2e-8)

    def test_derivative_rises_as_f_is_convex(self, divergence: FDivergence) -> None:
        derivative = divergence.derivative(log_ratios().sort().values)
        assert bool((derivative.diff() >= -1e-15).all())

    def test_conjugate_is_a_supremum(self, divergence: FDivergence) -> None:
        # f*(t) = sup_v (v t − f(v)): reached at u for t = f'(u), exceeded nowhere
        at, other = log_ratios(60, seed=1), log_ratios(90, seed=2)
        slopes = divergence.derivative(at)
        lines = other.exp() * slopes[:, None] - divergence.f(other)
        conjugate = divergence.conjugate(at)
        torch.testing.assert_close(conjugate, at.exp() * slopes - divergence.f(at), rtol=1e-12, atol=1e-12)
        assert bool((lines <= conjugate[:, None] + 1e-10 * (1 + lines.abs())).all())

    def test_value_at_zero_is_the_limit(self, divergence: FDivergence) -> None:
        near = divergence.f(torch.tensor([-30.0, -60.0, -300.0], dtype=torch.float64))
        if math.isinf(divergence.value_at_zero):
            assert float(near[0]) >= 29
            assert float(near[2]) >= 299
        else:
            assert float(near[2]) == pytest.approx(divergence.value_at_zero, abs=1e-12)

    def test_slope_at_infinity_is_the_limit(self, divergence: FDivergence) -> None:
        log_ratio = torch.tensor([30.0, 60.0, 200.0], dtype=torch.float64)
        slope = divergence.f(log_ratio) / log_ratio.exp()
        if math.isinf(divergence.slope_at_infinity):
            assert float(slope[0]) >= 29
            assert float(slope[2]) >= 199
        else:
            assert float(slope[2]) == pytest.approx(divergence.slope_at_infinity, rel=1e-12, abs=1e-12)

    def test_reduced_takes_the_slope_at_infinity_away(self, divergence: FDivergence) -> None:
        log_ratio = log_ratios()
        at_one = float(divergence.derivative(torch.zeros((), dtype=torch.float64)))
        slope = divergence.slope_at_infinity if math.isfinite(divergence.slope_at_infinity) else at_one
        expected = divergence.f(log_ratio) - slope * torch.expm1(log_ratio)
        torch.testing.assert_close(divergence.reduced(log_ratio), expected, rtol=1e-11, atol=1e-12)
        generic = FDivergence.reduced(divergence, log_ratio)
        torch.testing.assert_close(divergence.reduced(log_ratio), generic, rtol=1e-11, atol=1e-12)

    def test_reduced_slope_is_its_derivative(self, divergence: FDivergence) -> None:
        log_ratio = log_ratios()
        generic = FDivergence.reduced_slope(divergence, log_ratio)
        torch.testing.assert_close(divergence.reduced_slope(log_ratio), generic, rtol=1e-11, atol=1e-12)
        leaf = log_ratio.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(divergence.reduced(leaf).sum(), leaf)
        torch.testing.assert_close(divergence.reduced_slope(log_ratio), gradient, rtol=1e-9, atol=1e-10)

    def test_curvature_is_the_second_derivative(self, divergence: FDivergence) -> None:
        if isinstance(divergence, TotalVariation):
            pytest.skip("its derivative jumps")
        log_ratio = log_ratios()
        generic = FDivergence.curvature(divergence, log_ratio)
        torch.testing.assert_close(divergence.curvature(log_ratio), generic, rtol=1e-9, atol=1e-12)

    def test_mass_outside_the_data_never_makes_an_estimate_negative(self, divergence: FDivergence) -> None:
        # a proper model, of which the data points show a part only
        for outside in (0.0, 0.3, 0.9):
            assert divergence.estimate([math.log1p(-outside)] * 3) >= -1e-15

    def test_reduced_is_smooth_where_the_ratio_is_huge(self, divergence: FDivergence) -> None:
        if math.isinf(divergence.slope_at_infinity):
            pytest.skip("reduced is f itself")
        log_ratio = torch.linspace(15.0, 700.0, 5000, dtype=torch.float64)
        reduced = divergence.reduced(log_ratio)
        assert bool(torch.isfinite(reduced).all())
        # f − slope · (u − 1) falls towards its limit and never rises: noise from cancellation would show
        assert bool((reduced.diff() <= 1e-12 * reduced.abs()[1:]).all())

    @pytest.mark.parametrize("seed", range(5))
    def test_estimate_equals_between_on_a_shared_support(self, divergence: FDivergence, seed: int) -> None:
        model, data = distributions(seed)
        estimate = divergence.estimate((model / data).log(), data)
        assert estimate == pytest.approx(divergence.between(model, data), rel=1e-10, abs=1e-13)

    def test_estimate_counts_model_mass_outside_the_data(self, divergence: FDivergence) -> None:
        data, model = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.2, 0.3, 0.5])
        value = divergence.between(model, data)
        if math.isinf(divergence.slope_at_infinity):
            assert value == math.inf
        else:
            log_ratio = (model[:2].double() / data[:2].double()).log()
            assert divergence.estimate(log_ratio) == pytest.approx(value, rel=1e-7)

    def test_estimate_counts_data_that_the_model_misses(self, divergence: FDivergence) -> None:
        data, model = [0.25, 0.75], [0.0, 1.0]
        log_ratio = torch.tensor([-math.inf, math.log(4 / 3)], dtype=torch.float64)
        assert divergence.estimate(log_ratio, data) == pytest.approx(divergence.between(model, data), rel=1e-12)

    def test_points_of_weight_zero_do_not_count(self, divergence: FDivergence) -> None:
        log_ratio = [-math.inf, 0.5, -0.25, 700.0]
        expected = divergence.estimate([0.5, -0.25], [0.4, 0.6])
        assert divergence.estimate(log_ratio, [0.0, 0.4, 0.6, 0.0]) == pytest.approx(expected, rel=1e-14)

    def test_zero_only_between_equals(self, divergence: FDivergence) -> None:
        for seed in range(20):
            model, data = distributions(seed)
            assert divergence.between(data, data) == pytest.approx(0, abs=1e-15)
            assert divergence.between(model, data) > 1e-4

    def test_processing_never_raises_it(self, divergence: FDivergence) -> None:
        for seed in range(20):
            model, data = distributions(seed)
            merged = divergence.between(model.reshape(3, 2).sum(1), data.reshape(3, 2).sum(1))
            assert merged <= divergence.between(model, data) + 1e-14

    def test_repr_names_the_class(self, divergence: FDivergence) -> None:
        assert repr(divergence).startswith(type(divergence).__name__ + "(")


@pytest.mark.parametrize("divergence", METRIC_ROOTS, ids=repr)
def test_roots_that_are_metrics(divergence: FDivergence) -> None:
    for seed in range(200):
        (a, b), (c, _) = distributions(seed), distributions(seed + 10_000)
        ab, bc, ac = (divergence.between(*pair) ** 0.5 for pair in ((a, b), (b, c), (a, c)))
        assert ac <= ab + bc + 1e-12
        assert divergence.between(b, a) ** 0.5 == pytest.approx(ab, rel=1e-9)


@pytest.mark.parametrize(
    ("divergence", "swapped"),
    [
        (ForwardKL(), ReverseKL()),
        (PearsonChi2(), NeymanChi2()),
        (JensenShannon(), JensenShannon()),
        (GeneralizedJensenShannon(0.2), GeneralizedJensenShannon(0.8)),
        (Jeffreys(), Jeffreys()),
        (Alpha(0.3), Alpha(0.7)),
        (Alpha(3.0), Alpha(-2.0)),
    ],
    ids=repr,
)
def test_swapping_the_arguments(divergence: FDivergence, swapped: FDivergence) -> None:
    for seed in range(10):
        model, data = distributions(seed)
        assert divergence.between(model, data) == pytest.approx(swapped.between(data, model), rel=1e-9)


def test_relations_between_members() -> None:
    for seed in range(10):
        model, data = distributions(seed)
        forward, reverse = ForwardKL().between(model, data), ReverseKL().between(model, data)
        assert Jeffreys().between(model, data) == pytest.approx(forward + reverse, rel=1e-10)
        half = GeneralizedJensenShannon(0.5).between(model, data)
        assert JensenShannon().between(model, data) == pytest.approx(half, rel=1e-10)
        assert Alpha(2).between(model, data) == pytest.approx(PearsonChi2().between(model, data) / 2, rel=1e-9)
        assert Alpha(-1).between(model, data) == pytest.approx(NeymanChi2().between(model, data) / 2, rel=1e-9)
        hellinger = SquaredHellinger().between(model, data)
        assert Alpha(0.5).between(model, data) == pytest.approx(2 * hellinger, rel=1e-9)
        # the limits that name the KLs
        assert GeneralizedJensenShannon(1e-7).between(model, data) / 1e-7 == pytest.approx(forward, rel=1e-4)
        assert GeneralizedJensenShannon(1 - 1e-7).between(model, data) / 1e-7 == pytest.approx(reverse, rel=1e-4)
        assert Alpha(1e-5).between(model, data) == pytest.approx(forward, rel=1e-3)
        assert Alpha(1 - 1e-5).between(model, data) == pytest.approx(reverse, rel=1e-3)


class OriginalGAN(FDivergence):
    """Table 1 of f-GAN has the GAN's divergence as u log u − (u + 1) log(u + 1), here as a user's own."""

    value_at_zero, slope_at_infinity = 0.0, 0.0

    def f(self, log_ratio: Tensor) -> Tensor:
        ratio = log_ratio.exp()
        return ratio * log_ratio - (ratio + 1) * torch.log1p(ratio)

    def derivative(self, log_ratio: Tensor) -> Tensor:
        return log_ratio - torch.log1p(log_ratio.exp())


# f-GAN writes D_f(P ‖ Q) = E_Q[f(p/q)] with P the data: with its ratio's logarithm for ours, its table is
#   name, our f, output activation g_f(v), domain check by conjugate f*(t), v as a function of the log ratio
def _identity(v: Tensor) -> Tensor:
    return v


F_GAN_TABLE = [
    ("Kullback-Leibler", ReverseKL(), 1.0, _identity, lambda t: (t - 1).exp()),
    ("reverse KL", ForwardKL(), 1.0, lambda v: -(-v).exp(), lambda t: -1 - (-t).log()),
    ("Pearson", PearsonChi2(), 1.0, _identity, lambda t: t**2 / 4 + t),
    ("Neyman", NeymanChi2(), 1.0, lambda v: 1 - v.exp(), lambda t: 2 - 2 * (1 - t).sqrt()),
    ("squared Hellinger", SquaredHellinger(), 1.0, lambda v: 1 - (-v).exp(), lambda t: t / (1 - t)),
    # f-GAN's Jensen-Shannon is twice ours
    (
        "Jensen-Shannon",
        JensenShannon(),
        2.0,
        lambda v: math.log(2) - (1 + (-v).exp()).log(),
        lambda t: -(2 - t.exp()).log(),
    ),
    ("GAN", OriginalGAN(), 1.0, lambda v: -(1 + (-v).exp()).log(), lambda t: -(1 - t.exp()).log()),
]
F_GAN_OUTPUT = {  # v at which g_f(v) = f'(u), from the log ratio
    "Kullback-Leibler": lambda log_ratio: 1 + log_ratio,
    "reverse KL": lambda log_ratio: log_ratio,
    "Pearson": lambda log_ratio: 2 * (log_ratio.exp() - 1),
    "Neyman": lambda log_ratio: -2 * log_ratio,
    "squared Hellinger": lambda log_ratio: log_ratio / 2,
    "Jensen-Shannon": lambda log_ratio: log_ratio,
    "GAN": lambda log_ratio: log_ratio,
}


@pytest.mark.parametrize(
    ("name", "divergence", "scale", "activation", "conjugate"), F_GAN_TABLE, ids=[row[0] for row in F_GAN_TABLE]
)
def test_table_of_f_gan(name, divergence, scale, activation, conjugate) -> None:
    log_ratio = log_ratios(scale=1.0)
    slope = scale * divergence.derivative(log_ratio)
    torch.testing.assert_close(activation(F_GAN_OUTPUT[name](log_ratio)), slope, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(conjugate(slope), scale * divergence.conjugate(log_ratio), rtol=1e-8, atol=1e-10)


def test_a_divergence_of_ones_own_needs_two_functions() -> None:
    assert OriginalGAN().between(MODEL, DATA) == pytest.approx(
        2 * JensenShannon().between(MODEL, DATA) - 2 * math.log(2.0), rel=1e-12
    )


@given(st.floats(-700, 700), st.sampled_from(SMOOTH))
def test_no_nan_over_the_whole_range(value: float, divergence: FDivergence) -> None:
    log_ratio = torch.tensor([value], dtype=torch.float64)
    for function in (divergence.f, divergence.derivative, divergence.integrand, divergence.reduced_slope):
        assert not bool(function(log_ratio).isnan().any())


def test_disjoint_supports_cost_both_ends() -> None:
    for divergence in DIVERGENCES:
        value = divergence.between([1, 0], [0, 1])
        assert value == pytest.approx(divergence.value_at_zero + divergence.slope_at_infinity)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GeneralizedJensenShannon(0.0), r"pi: expected a number in \(0, 1\), got 0.0"),
        (lambda: GeneralizedJensenShannon(1.0), r"pi: expected a number in \(0, 1\), got 1.0"),
        (lambda: GeneralizedJensenShannon(math.nan), "pi: expected a number"),
        (lambda: Alpha(0), "use ForwardKL"),
        (lambda: Alpha(1.0), "use ReverseKL"),
        (lambda: Alpha(math.inf), "a: expected a real number"),
        (lambda: ForwardKL().between([0.5, 0.5], [1.0]), "model: expected 1 weights"),
        (lambda: ForwardKL().between([0.5, -0.5], [0.5, 0.5]), "model: weights must not be negative"),
        (lambda: ForwardKL().between([0.5, 0.5], [0.0, 0.0]), "data: all 2 weights are zero"),
        (lambda: ForwardKL().estimate([math.nan, 0.0]), "1 of 2 values are NaN"),
        (lambda: ForwardKL().estimate([]), "non-empty array"),
        (lambda: ForwardKL().estimate([[0.0]]), r"shape \(N,\), got shape \(1, 1\)"),
        (lambda: ForwardKL().estimate([0.0, 0.0], [1.0]), "weights: expected 2 weights"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
