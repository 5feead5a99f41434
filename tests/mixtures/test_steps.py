import math

import numpy as np
import pytest
import torch
from divergence_lists import DIVERGENCES
from hypothesis import given
from hypothesis import strategies as st

from adagan.mixtures.data_weights import Star
from adagan.mixtures.divergences import (
    ForwardKL,
    JensenShannon,
    PearsonChi2,
    ReverseKL,
    SquaredHellinger,
    TotalVariation,
)
from adagan.mixtures.steps import (
    Constant,
    FullyCorrective,
    Harmonic,
    KeepShare,
    LineSearch,
    MissingMass,
    MixtureStep,
    Step,
    append_weight,
    missing_mass,
)

STEPS: list[Step] = [Harmonic(), Constant(0.3), KeepShare(0.6), MissingMass()]
MIXTURE_STEPS: list[MixtureStep] = [*STEPS, LineSearch(), FullyCorrective()]

DATA = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
MIXTURE = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
NEWCOMER = torch.tensor([0.05, 0.05, 0.3, 0.6], dtype=torch.float64)
LINE_SEARCH = [
    (ForwardKL(), 0.71791),
    (ReverseKL(), 0.7558),
    (JensenShannon(), 0.73785),
    (PearsonChi2(), 0.78304),
    (SquaredHellinger(), 0.73785),
]
SMOOTH = [divergence for divergence in DIVERGENCES if not isinstance(divergence, TotalVariation)]


@pytest.mark.parametrize(
    ("share", "beta", "weights"),
    [(0.6, 0.230769, [0.666667, 0.333333, 0, 0, 0]), (0.8, 0.545455, [0.416667, 0.333333, 0.25, 0, 0])],
)
def test_golden_values_of_keep_share(share: float, beta: float, weights: list[float]) -> None:
    log_ratio = torch.tensor([0, 0.5, 1, 2.5, 3]).double().log()
    found = KeepShare(share).beta(log_ratio)
    assert found == pytest.approx(beta, abs=5.1e-7)
    np.testing.assert_allclose(Star()(log_ratio, found).values, weights, rtol=0, atol=5.1e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_keep_share_of_many_points_is_that_of_sorting(weighted: bool) -> None:
    source = torch.Generator().manual_seed(100)
    log_ratio = torch.randn(200_000, generator=source, dtype=torch.float64)
    base = torch.rand(200_000, generator=source, dtype=torch.float64) if weighted else torch.ones_like(log_ratio)
    ordered, order = log_ratio.exp().sort()
    spare = math.fsum((base[order] / base.sum() * (ordered[60_000 - 1] - ordered))[:60_000].tolist())
    found = KeepShare(0.3).beta(log_ratio, base if weighted else None)
    assert found == pytest.approx(spare / (1 + spare), rel=1e-12)


@pytest.mark.parametrize(("divergence", "beta"), LINE_SEARCH, ids=repr)
def test_golden_values_of_line_search(divergence, beta: float) -> None:
    found = LineSearch(divergence).beta((MIXTURE / DATA).log(), (NEWCOMER / DATA).log(), DATA)
    assert found == pytest.approx(beta, abs=5.1e-6)


@given(
    st.lists(st.floats(-3, 3), min_size=2, max_size=20, unique=True),
    st.floats(0.05, 1),
    st.integers(0, 2**31),
)
def test_keep_share_keeps_the_share(log_ratio: list[float], share: float, seed: int) -> None:
    kept = math.ceil(share * len(log_ratio) - 1e-9)
    base = torch.rand(len(log_ratio), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.1
    ratios = torch.tensor(log_ratio, dtype=torch.float64).exp()
    threshold = ratios.sort().values[kept - 1]
    if float((threshold - ratios).clamp(min=0).max()) < 1e-6:
        return
    beta = KeepShare(share).beta(log_ratio, base)
    found = Star()(log_ratio, beta, base)
    assert found.level == pytest.approx((1 - beta) * float(threshold), rel=1e-10)
    # the point at the threshold has weight zero, up to rounding
    assert bool((found.values[ratios > threshold] < 1e-9).all())
    below = ratios < threshold
    expected = (1 - beta) / beta * base / base.sum() * (threshold - ratios)
    np.testing.assert_allclose(found.values[below], expected[below], rtol=1e-6, atol=1e-9)


def test_keep_share_counts_points_with_weight_only() -> None:
    log_ratio = [-5.0, -4.0, 0.0, 0.5, 1.0]
    found = KeepShare(1.0).beta(log_ratio, [0, 0, 1, 1, 1])
    assert found == pytest.approx(KeepShare(1.0).beta(log_ratio[2:]), rel=1e-12)


def test_keep_share_is_not_misled_by_rounding() -> None:
    # .6 · 5 is a hair above 3 in floating point
    log_ratio = torch.arange(5.0)
    assert KeepShare(0.6).beta(log_ratio) == KeepShare(0.59).beta(log_ratio)


@pytest.mark.parametrize("round_", [1, 2, 7])
def test_harmonic_steps_end_with_equal_weights(round_: int) -> None:
    weights = torch.zeros(0, dtype=torch.float64)
    for index in range(1, round_ + 1):
        weights = append_weight(weights, Harmonic().beta([0.0], round=index))
    assert weights.tolist() == pytest.approx([1 / round_] * round_, rel=1e-14)


def test_component_i_ends_with_its_beta_times_what_later_ones_leave() -> None:
    betas = [1.0, 0.5, 0.25, 0.1]
    weights = torch.zeros(0, dtype=torch.float64)
    for beta in betas:
        weights = append_weight(weights, beta)
    expected = [b * math.prod(1 - later for later in betas[i + 1 :]) for i, b in enumerate(betas)]
    assert weights.tolist() == pytest.approx(expected, rel=1e-15)
    assert float(weights.sum()) == pytest.approx(1, rel=1e-15)


def test_missing_mass_is_the_data_beyond_the_model() -> None:
    log_ratio = (MIXTURE / DATA).log()
    expected = float((DATA - MIXTURE).clamp(min=0).sum())
    assert missing_mass(log_ratio, DATA) == pytest.approx(expected, rel=1e-12)
    assert missing_mass(log_ratio, DATA) == pytest.approx(TotalVariation().between(MIXTURE, DATA), rel=1e-12)
    assert missing_mass([-math.inf, 700.0]) == 0.5
    step = MissingMass(0.1, 0.3)
    assert step.beta([0.0, 0.0]) == 0.1
    assert step.beta([-math.inf, 0.0]) == 0.3
    assert step.beta([math.log(0.6), 0.0]) == pytest.approx(0.2)


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_line_search_finds_the_minimum(divergence, seed: int) -> None:
    source = torch.Generator().manual_seed(seed)
    data, mixture, newcomer = (-torch.rand(3, 6, generator=source, dtype=torch.float64).log()).unbind()
    data, mixture, newcomer = data / data.sum(), mixture / mixture.sum(), newcomer / newcomer.sum()
    found = LineSearch(divergence).beta((mixture / data).log(), (newcomer / data).log(), data)
    values = [divergence.between((1 - b) * mixture + b * newcomer, data) for b in [found, *np.linspace(0, 1, 201)]]
    assert values[0] <= min(values[1:]) + 1e-12 * abs(values[0])


@pytest.mark.parametrize("divergence", SMOOTH, ids=repr)
@given(
    st.lists(st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.integers(0, 3)), min_size=1, max_size=12),
)
def test_line_search_against_bisection(divergence, points: list[tuple[float, float, int]]) -> None:
    mixture, newcomer, base = torch.tensor([*points, (0.0, 1.0, 1)], dtype=torch.float64).unbind(dim=1)
    base = base / base.sum()
    price = divergence.slope_at_infinity
    if math.isinf(price):
        price = float(divergence.derivative(torch.zeros((), dtype=torch.float64)))

    def slope(beta: float) -> float:
        u = (1 - beta) * mixture.exp() + beta * newcomer.exp()
        parts = base * (divergence.derivative(u.log()) - price) * (newcomer.exp() - mixture.exp())
        return math.fsum(parts.tolist())

    found = LineSearch(divergence).beta(mixture, newcomer, base)
    if slope(0.0) >= 0 or slope(1.0) <= 0:
        assert min(found, 1 - found) < 1e-14
        return
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    # the root is as sharp as the slope's rounding, 1e-15 of its parts, over its derivative there
    width = 1e-4 * min(high, 1 - high)
    steepness = (slope(high + width) - slope(high - width)) / (2 * width)
    u = (1 - high) * mixture.exp() + high * newcomer.exp()
    parts = (base * (divergence.derivative(u.log()).abs() + abs(price) + 1) * (newcomer.exp() + mixture.exp())).sum()
    # and below 1e-16 one minus beta is one
    assert found == pytest.approx(high, rel=1e-12, abs=1e-16 + 3e-15 * float(parts) / steepness)


def test_line_search_rejects_a_failed_newcomer() -> None:
    # the newcomer puts next to nothing where the data are
    assert LineSearch(JensenShannon()).beta([0.0, 0.0], [-50.0, -50.0]) == 0
    assert LineSearch(ForwardKL()).beta([0.0, 0.0], [-math.inf, -math.inf]) == 0


def test_line_search_can_take_the_newcomer_alone() -> None:
    assert LineSearch(ForwardKL()).beta([-math.inf, -math.inf], [0.0, 0.0]) == pytest.approx(1)


def test_line_search_does_not_look_at_points_of_weight_zero() -> None:
    mixture, newcomer = (MIXTURE / DATA).log(), (NEWCOMER / DATA).log()
    expected = LineSearch(ForwardKL()).beta(mixture, newcomer, DATA)
    missed = torch.tensor([-math.inf], dtype=torch.float64)
    base = torch.cat([DATA, DATA.new_zeros(1)])
    found = LineSearch(ForwardKL()).beta(torch.cat([mixture, missed]), torch.cat([newcomer, missed]), base)
    assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("step", MIXTURE_STEPS, ids=repr)
class TestEveryStep:
    def test_weights_are_a_distribution(self, step: MixtureStep, generator) -> None:
        incoming = torch.tensor([0.25, 0.75], dtype=torch.float64)
        found = step.weights(torch.randn(40, 3, generator=generator), incoming)
        assert found.shape == (3,)
        assert found.dtype == torch.float64
        assert float(found.sum()) == pytest.approx(1, rel=1e-12)
        assert bool((found >= 0).all())
        assert incoming.tolist() == [0.25, 0.75]

    def test_repr_names_the_class(self, step: MixtureStep) -> None:
        assert repr(step).startswith(type(step).__name__ + "(")


@pytest.mark.parametrize("step", [*STEPS, LineSearch()], ids=repr)
def test_steps_keep_the_proportions_of_the_components_before(step: MixtureStep, generator) -> None:
    found = step.weights(torch.randn(40, 3, generator=generator), torch.tensor([0.25, 0.75], dtype=torch.float64))
    assert float(found[1]) == pytest.approx(3 * float(found[0]), rel=1e-12)


def test_line_search_and_full_correction_improve_on_the_incoming_weights(generator) -> None:
    points = torch.rand(4, 8, generator=generator, dtype=torch.float64)
    data, parts = points[0] / points[0].sum(), points[1:] / points[1:].sum(1, keepdim=True)
    incoming = torch.tensor([0.9, 0.1], dtype=torch.float64)
    ratios = (parts / data).log().T
    for divergence in SMOOTH:
        before = divergence.between(incoming @ parts[:2], data)
        searched = divergence.between(LineSearch(divergence).weights(ratios, incoming, data) @ parts, data)
        corrected = divergence.between(FullyCorrective(divergence).weights(ratios, incoming, data) @ parts, data)
        assert corrected <= searched + 1e-9
        assert searched <= before + 1e-12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Constant(0.0), r"value: expected a number in \(0, 1\]"),
        (lambda: KeepShare(1.2), r"share: expected a number in \(0, 1\]"),
        (lambda: MissingMass(0.5, 0.2), "lowest: expected at most highest=0.2"),
        (lambda: KeepShare(0.5).beta([1.0, 1.0, 2.0, 3.0]), "the 2 lowest of 4 ratios are equal"),
        (lambda: KeepShare(0.5).beta([math.nan]), "log_ratio: 1 of 1 values are NaN"),
        (lambda: LineSearch().beta([0.0], [0.0, 0.0]), "log_ratio_newcomer: expected the 1 points"),
        (lambda: LineSearch().beta([math.nan], [0.0]), "log_ratio_mixture: 1 of 1 values are NaN"),
        (lambda: LineSearch().beta([0.0], [math.nan]), "log_ratio_newcomer: 1 of 1 values are NaN"),
        (lambda: LineSearch(ForwardKL()).beta([-math.inf], [-math.inf]), "infinite for every beta"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
