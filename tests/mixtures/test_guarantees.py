"""Every line of the list of guarantees, on random finite distributions: these tests are exact."""

import math

import pytest
import torch
from divergence_lists import DIVERGENCES, METRIC_ROOTS
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from adagan.mixtures.data_weights import Dagger, Star
from adagan.mixtures.divergences import ForwardKL, JensenShannon
from adagan.mixtures.steps import append_weight

BETAS = st.floats(0.02, 0.98)
every_divergence = pytest.mark.parametrize("divergence", DIVERGENCES, ids=repr)
every_metric_root = pytest.mark.parametrize("divergence", METRIC_ROOTS, ids=repr)


def normalised(values: list[int]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64) / sum(values)


@st.composite
def worlds(draw: st.DrawFn, count: int = 2, missed: bool = True) -> list[Tensor]:
    """Distributions on a handful of points; the first, the data, lives on all of them."""
    size = draw(st.integers(2, 8))
    data = draw(st.lists(st.integers(1, 20), min_size=size, max_size=size))
    lowest = 0 if missed else 1
    others = [
        draw(st.lists(st.integers(lowest, 20), min_size=size, max_size=size).filter(any)) for _ in range(count - 1)
    ]
    return [normalised(values) for values in (data, *others)]


def mixed(old: Tensor, new: Tensor, beta: float) -> Tensor:
    return (1 - beta) * old + beta * new


def tolerance(value: float) -> float:
    return 1e-9 * (1 + abs(value))


@every_divergence
@pytest.mark.parametrize("rule", [Star(), Dagger()], ids=repr)
@given(world=worlds(), beta=BETAS)
def test_an_optimal_update_takes_the_share_beta_away(divergence, rule, world: list[Tensor], beta: float) -> None:
    data, old = world
    target = rule((old / data).log(), beta, data).values
    before, after = divergence.between(old, data), divergence.between(mixed(old, target, beta), data)
    assert after <= (1 - beta) * before + tolerance(before)


@every_divergence
@given(world=worlds(3), beta=BETAS)
def test_no_other_target_beats_star(divergence, world: list[Tensor], beta: float) -> None:
    data, old, other = world
    star = Star()((old / data).log(), beta, data).values
    best = divergence.between(mixed(old, star, beta), data)
    value = divergence.between(mixed(old, other, beta), data)
    assert best <= value + (tolerance(best) if math.isfinite(best) else 0)


@every_divergence
@given(world=worlds())
def test_harmonic_steps(divergence, world: list[Tensor]) -> None:
    data, model = world
    first, largest = divergence.between(model, data), float((model / data).max())
    for round_ in range(2, math.ceil(largest) + 2):
        model = mixed(model, Star()((model / data).log(), 1 / round_, data).values, 1 / round_)
        value = divergence.between(model, data)
        assert value <= first / round_ + (tolerance(first) if math.isfinite(first) else 0)
        if round_ >= largest + 1e-9:
            # the distributions agree to rounding, and the divergence is as near to zero as that allows
            assert float((model - data).abs().max()) < 1e-13
            assert value < 1e-12


@given(world=worlds(), beta=st.floats(0.05, 0.9))
def test_constant_steps_are_exact_after_a_logarithm_of_rounds(world: list[Tensor], beta: float) -> None:
    data, model = world
    bound = (1 - beta) * float((model / data).max())
    rounds = math.ceil(math.log(max(bound, 1)) / -math.log1p(-beta) + 1e-9) + 1
    for _ in range(rounds):
        model = mixed(model, Star()((model / data).log(), beta, data).values, beta)
    assert float((model - data).abs().max()) < 1e-12


@every_metric_root
@given(world=worlds(3), beta=BETAS, share=st.floats(0, 1))
def test_star_with_an_imperfect_component(divergence, world: list[Tensor], beta: float, share: float) -> None:
    data, old, noise = world
    before = divergence.between(old, data)
    assume(before > 1e-6)
    target = Star()((old / data).log(), beta, data).values
    component = mixed(target, noise, share)
    gamma = divergence.between(component, target) / before
    after = divergence.between(mixed(old, component, beta), data)
    assert after <= (math.sqrt(gamma * beta) + math.sqrt(1 - beta)) ** 2 * before + tolerance(before)
    if gamma < (1 - math.sqrt(1 - beta)) ** 2 / beta:
        assert after <= before
    if gamma <= beta / 4:
        assert gamma <= (1 - math.sqrt(1 - beta)) ** 2 / beta + 1e-15


@given(BETAS)
def test_a_quarter_of_beta_is_enough(beta: float) -> None:
    assert beta / 4 <= (1 - math.sqrt(1 - beta)) ** 2 / beta
    assert (math.sqrt(beta / 4 * beta) + math.sqrt(1 - beta)) ** 2 < 1


@every_divergence
@given(world=worlds(3), beta=BETAS, share=st.floats(0, 1))
def test_dagger_with_an_imperfect_component(divergence, world: list[Tensor], beta: float, share: float) -> None:
    data, old, noise = world
    before = divergence.between(old, data)
    assume(1e-6 < before < math.inf)
    target = Dagger()((old / data).log(), beta, data).values
    component = mixed(target, noise, share)
    gamma = divergence.between(component, target) / before
    assume(gamma < 1)
    after = divergence.between(mixed(old, component, beta), data)
    assert after <= (1 - beta * (1 - gamma)) * before + tolerance(before)


@given(world=worlds(), beta=BETAS, outside=st.floats(0.01, 0.99))
def test_mass_outside_the_data_is_only_diluted(world: list[Tensor], beta: float, outside: float) -> None:
    data, inside = world
    # the last point is not in the data: no weight on data points can reach it
    model = torch.cat([(1 - outside) * inside, inside.new_tensor([outside])])
    for rule in (Star(), Dagger()):
        target = rule((model[:-1] / data).log(), beta, data).values
        after = mixed(model, torch.cat([target, target.new_zeros(1)]), beta)
        assert float(after[-1]) == pytest.approx((1 - beta) * outside, rel=1e-12)


@given(world=worlds(missed=False), beta=BETAS)
def test_calibrated_levels_lie_on_their_side_of_one(world: list[Tensor], beta: float) -> None:
    data, old = world
    log_ratio = (old / data).log()
    star, dagger = Star()(log_ratio, beta, data), Dagger()(log_ratio, beta, data)
    assert star.level is not None
    assert star.level <= 1 + 1e-12
    assert star.note == ""
    assert dagger.level is not None
    assert dagger.level >= 1 - 1e-12


@given(world=worlds(4), betas=st.tuples(BETAS, BETAS))
def test_the_weights_after_three_rounds_are_the_mixture_itself(world: list[Tensor], betas: tuple[float, float]) -> None:
    data, *parts = world
    weights = torch.ones(1, dtype=torch.float64)
    model = parts[0]
    for part, beta in zip(parts[1:], betas, strict=True):
        model, weights = mixed(model, part, beta), append_weight(weights, beta)
    torch.testing.assert_close(weights @ torch.stack(parts), model, rtol=1e-13, atol=1e-15)
    assert JensenShannon().between(model, data) <= sum(
        float(w) * JensenShannon().between(part, data) for w, part in zip(weights, parts, strict=True)
    ) + tolerance(1.0)


def test_a_missed_point_is_repaired_whatever_it_cost() -> None:
    data, old = normalised([1, 1, 2]), normalised([0, 1, 1])
    assert ForwardKL().between(old, data) == math.inf
    target = Star()((old / data).log(), 0.5, data).values
    assert ForwardKL().between(mixed(old, target, 0.5), data) == pytest.approx(0, abs=1e-15)
