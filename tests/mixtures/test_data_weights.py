import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from torch.overrides import TorchFunctionMode

from adagan.mixtures.data_weights import (
    Dagger,
    DataWeightRule,
    DataWeights,
    Flattened,
    Multiplicative,
    Star,
    TopK,
    TopKLast,
    Uniform,
)

RULES: list[DataWeightRule] = [
    Star(),
    Dagger(),
    TopK(0.4),
    TopKLast(0.4),
    Multiplicative(),
    Uniform(),
    Flattened(Star(), 0.5),
    Flattened(Dagger(), 1.0),
    Flattened(TopKLast(0.5), 0.0),
]

QUARTERS = [0.25] * 4
STAR = [
    (QUARTERS, [0, 0.5, 1, 2.5], 0.5, 0.916667, [0.458333, 0.333333, 0.208333, 0]),
    (QUARTERS, [0, 0.5, 1, 2.5], 0.25, 0.6875, [0.6875, 0.3125, 0, 0]),
    ([0.1, 0.2, 0.3, 0.4], [2, 0.5, 1, 0.75], 0.3, 0.877778, [0, 0.351852, 0.177778, 0.47037]),
    (QUARTERS, [0, 0, 2, 2], 0.5, 1, [0.5, 0.5, 0, 0]),
]
DAGGER = [
    (QUARTERS, [0, 0.5, 1, 2.5], 0.5, 1.333333, [0.5, 0.333333, 0.166667, 0]),
    (QUARTERS, [0, 0.5, 1, 2.5], 0.25, None, [1, 0, 0, 0]),
    ([0.1, 0.2, 0.3, 0.4], [2, 0.5, 1, 0.75], 0.3, 1.22449, [0, 0.380952, 0.142857, 0.47619]),
    (QUARTERS, [0, 0, 2, 2], 0.5, 1, [0.5, 0.5, 0, 0]),
]
EXTREMES = st.sampled_from([-math.inf, -800.0, -700.0, -30.0, 0.0, 0.0, 1.0, 30.0, 700.0, math.inf])


@st.composite
def points(draw: st.DrawFn, values: st.SearchStrategy[float]) -> tuple[Tensor, Tensor]:
    """Log ratios with ties, base weights with zeros."""
    log_ratio = draw(st.lists(values, min_size=1, max_size=10))
    base = draw(st.lists(st.integers(0, 4), min_size=len(log_ratio), max_size=len(log_ratio)))
    assume(sum(base) > 0)
    return torch.tensor(log_ratio, dtype=torch.float64), torch.tensor(base, dtype=torch.float64)


MODERATE = st.sampled_from([-math.inf, -1.0, 0.0, 0.0, 0.5, 2.0]) | st.floats(-5, 5)


def root(total, low: float, high: float) -> float:
    """The root of an increasing function by halving, on a logarithmic scale."""
    for _ in range(400):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if total(middle) < 1 else (low, middle)
    return high


@pytest.mark.parametrize(("base", "ratios", "beta", "level", "weights"), STAR)
def test_golden_values_of_star(base, ratios, beta, level, weights) -> None:
    found = Star()(torch.tensor(ratios).double().log(), beta, base)
    assert found.level == pytest.approx(level, abs=5.1e-7)
    np.testing.assert_allclose(found.values, weights, rtol=0, atol=5.1e-7)
    assert found.note == ""


@pytest.mark.parametrize(("base", "ratios", "beta", "level", "weights"), DAGGER)
def test_golden_values_of_dagger(base, ratios, beta, level, weights) -> None:
    found = Dagger()(torch.tensor(ratios).double().log(), beta, base)
    assert found.level == (None if level is None else pytest.approx(level, abs=5.1e-7))
    np.testing.assert_allclose(found.values, weights, rtol=0, atol=5.1e-7)
    assert ("misses a mass of 0.25 >= beta" in found.note) == (level is None)


@given(points(MODERATE), st.floats(0.01, 0.99))
def test_star_against_bisection(case: tuple[Tensor, Tensor], beta: float) -> None:
    log_ratio, base = case
    found = Star()(log_ratio, beta, base)
    p, u = base / base.sum(), log_ratio.exp()

    def formula(level: float) -> Tensor:
        return p / beta * (level - (1 - beta) * u).clamp(min=0)

    level = root(lambda value: math.fsum(formula(value).tolist()), 1e-6, 1e6)
    assert found.level == pytest.approx(level, rel=1e-12)
    np.testing.assert_allclose(found.values, formula(level), rtol=0, atol=1e-11 * max(1.0, level / beta))
    assert bool((found.values <= found.level * p / beta * (1 + 1e-9) + 1e-15).all())


@given(points(MODERATE), st.floats(0.01, 0.99))
def test_dagger_against_bisection(case: tuple[Tensor, Tensor], beta: float) -> None:
    log_ratio, base = case
    p, u = base / base.sum(), log_ratio.exp()
    missed = float(p[u == 0].sum())
    # where a prefix has the mass beta exactly, lambda is not determined
    ordered = torch.cumsum(p[u.argsort()], 0)
    assume(float((ordered - beta).abs().min()) > 1e-6)
    found = Dagger()(log_ratio, beta, base)
    if missed >= beta:
        assert found.level is None
        np.testing.assert_allclose(found.values, p * (u == 0) / missed, rtol=0, atol=1e-15)
        return

    def formula(level: float) -> Tensor:
        return p / beta * (1 - level * (1 - beta) * u).clamp(min=0)

    level = 1 / root(lambda value: math.fsum(formula(1 / value).tolist()), 1e-12, 1e12)
    # near a prefix of mass beta lambda is ill-conditioned by the reciprocal of the distance
    distance = float((ordered - beta).abs().min())
    assert found.level == pytest.approx(level, rel=1e-12 / distance)
    np.testing.assert_allclose(found.values, formula(level), rtol=0, atol=1e-12 / distance / beta)


@pytest.mark.parametrize("rule", RULES, ids=repr)
class TestEveryRule:
    @given(case=points(EXTREMES), beta=st.sampled_from([1e-6, 0.1, 0.5, 1 - 1e-6, 1.0]))
    def test_extremes_give_a_distribution(self, rule: DataWeightRule, case, beta: float) -> None:
        log_ratio, base = case
        found = rule(log_ratio, beta, base)
        assert bool(torch.isfinite(found.values).all())
        assert bool((found.values >= 0).all())
        assert float(found.values.sum()) == pytest.approx(1, rel=1e-12)
        assert bool((found.values[base == 0] == 0).all())
        assert found.level is None or math.isfinite(found.level)
        assert 1 - 1e-9 <= found.effective_sample_size <= len(base) * (1 + 1e-9)
        assert 1 / len(base) <= found.kept_share <= 1

    def test_a_constant_ratio_gives_the_base_weights(self, rule: DataWeightRule) -> None:
        base = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
        expected = base if not isinstance(rule, Flattened) else base**rule.power / (base**rule.power).sum()
        for value in (-700.0, -1.0, 0.0, 3.0, 700.0):
            found = rule(torch.full((4,), value), 0.3, base)
            np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-14)

    def test_permuting_the_points_permutes_the_weights(self, rule: DataWeightRule, generator) -> None:
        log_ratio = torch.randn(50, generator=generator, dtype=torch.float64).mul(2).round() / 2  # with ties
        base = torch.rand(50, generator=generator, dtype=torch.float64)
        order = torch.randperm(50, generator=generator)
        there = rule(log_ratio, 0.3, base).values[order]
        np.testing.assert_allclose(rule(log_ratio[order], 0.3, base[order]).values, there, rtol=0, atol=1e-15)

    def test_duplicating_every_point_changes_nothing(self, rule: DataWeightRule, generator) -> None:
        log_ratio = torch.randn(50, generator=generator, dtype=torch.float64)
        once, twice = rule(log_ratio, 0.3).values, rule(log_ratio.repeat(2), 0.3).values
        np.testing.assert_allclose(twice[:50] + twice[50:], once, rtol=0, atol=1e-14)

    def test_points_that_the_model_lacks_more_weigh_more(self, rule: DataWeightRule, generator) -> None:
        log_ratio = torch.randn(50, generator=generator, dtype=torch.float64).sort().values
        assert bool((rule(log_ratio, 0.3).values.diff() <= 1e-16).all())

    def test_beta_of_one_gives_the_base_weights(self, rule: DataWeightRule, generator) -> None:
        if rule.accumulates:
            pytest.skip("beta does not enter")
        log_ratio = torch.randn(20, generator=generator, dtype=torch.float64)
        base = torch.rand(20, generator=generator, dtype=torch.float64)
        np.testing.assert_allclose(rule(log_ratio, 1.0, base).values, base / base.sum(), rtol=1e-15)

    def test_one_point_has_all_the_weight(self, rule: DataWeightRule) -> None:
        for value in (-math.inf, -700.0, 0.0, 700.0, math.inf):
            assert rule([value], 0.5, [3.0]).values.tolist() == [1.0]

    def test_any_kind_of_array_will_do(self, rule: DataWeightRule) -> None:
        numbers, base = [0.5, -0.25, 1.5, -2.0], [1.0, 2.0, 3.0, 2.0]
        expected = rule(
            torch.tensor(numbers, dtype=torch.float64), 0.25, torch.tensor(base, dtype=torch.float64)
        ).values
        single, double = np.array(numbers, dtype=np.float32), np.array(numbers)
        double.setflags(write=False)
        backwards = np.array(numbers[::-1])[::-1]
        learnt = torch.tensor(numbers, requires_grad=True)
        for kind in (numbers, tuple(numbers), single, double, backwards, torch.from_numpy(single), learnt):
            found = rule(kind, 0.25, base).values
            assert found.dtype == torch.float64
            assert not found.requires_grad
            assert found.tolist() == expected.tolist()

    def test_arguments_stay_as_they_were(self, rule: DataWeightRule, generator) -> None:
        log_ratio = torch.randn(20, generator=generator, dtype=torch.float64)
        base = torch.full((20,), 0.05, dtype=torch.float64)
        before = log_ratio.clone(), base.clone()
        rule(log_ratio, 0.25, base).values.mul_(2)
        assert torch.equal(log_ratio, before[0])
        assert torch.equal(base, before[1])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([0.0, math.nan], 0.5), "log_ratio: 1 of 2 values are NaN; the critic"),
            (([], 0.5), "log_ratio: expected a non-empty array"),
            (([[0.0]], 0.5), r"log_ratio: .*got shape \(1, 1\)"),
            (([0.0], 0.0), r"beta: expected a number in \(0, 1\], got 0.0"),
            (([0.0], 1.1), r"beta: expected a number in \(0, 1\], got 1.1"),
            (([0.0], math.nan), r"beta: expected a number in \(0, 1\], got nan"),
            (([0.0, 1.0], 0.5, [1.0]), "base: expected 2 weights, one per point"),
            (([0.0, 1.0], 0.5, [1.0, -1.0]), "base: weights must not be negative; 1 of 2 are"),
            (([0.0, 1.0], 0.5, [1.0, math.inf]), "base: weights must be finite; 1 of 2 are not"),
            (([0.0, 1.0], 0.5, [0.0, 0.0]), "base: all 2 weights are zero"),
        ],
    )
    def test_errors(self, rule: DataWeightRule, arguments, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            rule(*arguments)


class _OnTheDevice(TorchFunctionMode):
    """Refuses what would move data to the host, and tensors made without the data's device."""

    moves = (Tensor.cpu, Tensor.numpy, Tensor.tolist)
    makers = (torch.zeros, torch.ones, torch.full, torch.empty, torch.arange, torch.eye, torch.tensor)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        assert func not in self.moves or args[0].numel() <= 1, f"{func.__name__} moves data to the host"
        assert func not in self.makers or "device" in (kwargs or {}), f"{func.__name__} without a device"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("count", [5, 100_000])
def test_rules_work_where_the_data_are(rule: DataWeightRule, count: int, generator) -> None:
    log_ratio = torch.randn(count, generator=generator, dtype=torch.float64)
    base = torch.rand(count, generator=generator, dtype=torch.float64)
    with _OnTheDevice():
        for weights in (None, base):
            assert rule(log_ratio, 0.3, weights).values.device == log_ratio.device


def test_weights_of_any_scale_are_normalised() -> None:
    for scale in (1e-320, 1e-300, 1.0, 1e300, 1e308):
        found = Star()([0.0, -1.0], 0.5, torch.tensor([scale, scale], dtype=torch.float64))
        np.testing.assert_allclose(
            found.values, Star()([0.0, -1.0], 0.5).values, rtol=1e-3 if scale < 1e-307 else 1e-12
        )


def test_star_says_that_a_ratio_is_miscalibrated() -> None:
    assert "lambda is 3.5 > 1: the ratios average more than 1" in Star()([math.log(6)] * 3, 0.5).note
    assert Star()([0.0, 0.0], 0.5).note == ""


def test_star_keeps_its_volume_beside_a_huge_common_ratio() -> None:
    assert Star()([700.0, 700.0], 0.5, [1.0, 3.0]).values.tolist() == [0.25, 0.75]


@pytest.mark.parametrize("shift", [-690.0, -400.0, 0.0, 690.0])
def test_dagger_sees_ratios_of_ratios_only(shift: float) -> None:
    log_ratio = torch.tensor([0.0, 1.0, 2.0, 5.0], dtype=torch.float64)
    found, expected = Dagger()(log_ratio + shift, 0.4), Dagger()(log_ratio, 0.4)
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-12)
    assert math.log(found.level or 0) == pytest.approx(math.log(expected.level or 0) - shift, abs=1e-10)


def test_top_k_keeps_the_share_covered_least() -> None:
    assert TopK(0.5)([3.0, 1.0, 2.0, 0.0], 0.5).values.tolist() == [0, 0.5, 0, 0.5]
    assert TopK(0.01)([3.0, 1.0, 2.0, 0.0], 0.5).values.tolist() == [0, 0, 0, 1]
    assert TopK(0.5)([3.0, 1.0, 2.0, 0.0], 0.5, [0.1, 0.2, 0.3, 0.6]).values.tolist() == pytest.approx(
        [0, 0.25, 0, 0.75]
    )
    # points without base weight are no points
    assert TopK(0.5)([3.0, 1.0, 2.0, 0.0], 0.5, [1, 1, 0, 0]).values.tolist() == [0, 1, 0, 0]
    # ties divide what is left of the share: one whole point and half of the two that tie
    assert TopK(0.5)([0.0, 1.0, 1.0, 2.0], 0.5).values.tolist() == [0.5, 0.25, 0.25, 0]


def test_multiplicative_doubles_what_the_last_component_misses() -> None:
    found = Multiplicative(0.25)([math.log(0.2), math.log(0.3), 0.0], 0.5, [0.2, 0.4, 0.4])
    np.testing.assert_allclose(found.values, [1 / 3, 1 / 3, 1 / 3], rtol=1e-14)


def test_flattened_interpolates() -> None:
    log_ratio = [math.log(0.5), math.log(0.9), math.log(3.0)]
    sharp = Star()(log_ratio, 0.5)
    assert sharp.values[2] == 0
    assert Flattened(Star(), 0.0)(log_ratio, 0.5).values.tolist() == [0.5, 0.5, 0]
    assert Flattened(Star(), 1.0)(log_ratio, 0.5).values.tolist() == pytest.approx(sharp.values.tolist())
    half = sharp.values.sqrt() / sharp.values.sqrt().sum()
    assert Flattened(Star(), 0.5)(log_ratio, 0.5).values.tolist() == pytest.approx(half.tolist())


@pytest.mark.parametrize(
    ("rule", "of_last", "accumulates"),
    [
        (Star(), False, False),
        (TopK(0.5), False, False),
        (TopKLast(0.5), True, False),
        (Multiplicative(), True, True),
        (Flattened(Star()), False, False),
        (Flattened(TopKLast(0.5)), True, False),
        (Flattened(Multiplicative()), True, True),
    ],
    ids=repr,
)
def test_what_a_rule_wants_to_be_given(rule: DataWeightRule, of_last: bool, accumulates: bool) -> None:
    assert rule.of_last_component is of_last
    assert rule.accumulates is accumulates


def test_effective_sample_size_and_kept_share() -> None:
    weights = DataWeights(torch.tensor([0.5, 0.5, 0.0, 0.0], dtype=torch.float64), 0.5)
    assert weights.effective_sample_size == 2
    assert weights.kept_share == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TopK(0.0), r"share: expected a number in \(0, 1\]"),
        (lambda: TopKLast(1.5), r"share: expected a number in \(0, 1\]"),
        (lambda: Multiplicative(0.0), "threshold: expected a positive ratio"),
        (lambda: Multiplicative(math.nan), "threshold: expected a positive ratio"),
        (lambda: Flattened(Star(), 1.5), r"power: expected a number in \[0, 1\]"),
    ],
)
def test_errors_of_constructors(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
