import math

import numpy as np
import pytest
import torch
from divergence_lists import DIVERGENCES
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize
from torch import Tensor

from adagan.mixtures.divergences import (
    FDivergence,
    ForwardKL,
    GeneralizedJensenShannon,
    JensenShannon,
    PearsonChi2,
    ReverseKL,
    SquaredHellinger,
    TotalVariation,
)
from adagan.mixtures.weights.intervals import bootstrap_mixture_weights
from adagan.mixtures.weights.mixture_weights import fit_mixture_weights, minimise_divergence, mixture_log_ratio

SMOOTH = [divergence for divergence in DIVERGENCES if not isinstance(divergence, TotalVariation)]
DATA = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
PARTS = torch.tensor([[0.6, 0.2, 0.1, 0.1], [0.05, 0.1, 0.2, 0.65], [0.1, 0.4, 0.4, 0.1]], dtype=torch.float64)
GOLDEN = [
    (ForwardKL(), [0.05194, 0.55781, 0.39026]),
    (ReverseKL(), [0.05258, 0.55957, 0.38786]),
    (JensenShannon(), [0.05225, 0.55869, 0.38905]),
    (PearsonChi2(), [0.05323, 0.56124, 0.38553]),
    (SquaredHellinger(), [0.05225, 0.5587, 0.38905]),
]
GOLDEN_VALUES = [(ForwardKL(), 0.00254), (JensenShannon(), 0.00063)]


def expectation_maximisation(log_ratios: Tensor, base: Tensor, rounds: int = 20_000) -> Tensor:
    """The monotone update for ForwardKL, an independent way to its minimum."""
    weights = torch.full((log_ratios.shape[1],), 1 / log_ratios.shape[1], dtype=torch.float64)
    scaled = (log_ratios - log_ratios.max(dim=1, keepdim=True).values).exp()
    for _ in range(rounds):
        parts = weights * scaled
        weights = base @ (parts / parts.sum(dim=1, keepdim=True))
    return weights


def value(divergence: FDivergence, log_ratios: Tensor, weights: Tensor, base: Tensor) -> float:
    return divergence.estimate(mixture_log_ratio(log_ratios, weights), base)


def worlds(seed: int, points: int = 12, parts: int = 4) -> tuple[Tensor, Tensor]:
    """Log ratios of proper components, and data probabilities."""
    source = torch.Generator().manual_seed(seed)
    table = -torch.rand(parts + 1, points, generator=source, dtype=torch.float64).log()
    table /= table.sum(dim=1, keepdim=True)
    return (table[1:] / table[0]).log().T, table[0]


@pytest.mark.parametrize(("divergence", "weights"), GOLDEN, ids=repr)
def test_golden_weights(divergence: FDivergence, weights: list[float]) -> None:
    found = fit_mixture_weights((PARTS / DATA).log().T, divergence, DATA)
    np.testing.assert_allclose(found, weights, rtol=0, atol=5.1e-6)


@pytest.mark.parametrize(("divergence", "least"), GOLDEN_VALUES, ids=repr)
def test_golden_minima(divergence: FDivergence, least: float) -> None:
    found = fit_mixture_weights((PARTS / DATA).log().T, divergence, DATA)
    assert divergence.between(found @ PARTS, DATA) == pytest.approx(least, abs=5.1e-6)


@pytest.mark.parametrize("divergence", SMOOTH, ids=repr)
@pytest.mark.parametrize("seed", range(5))
def test_the_gap_certifies_the_minimum(divergence: FDivergence, seed: int) -> None:
    log_ratios, base = worlds(seed)
    found = fit_mixture_weights(log_ratios, divergence, base)
    assert float(found.sum()) == pytest.approx(1, rel=1e-12)
    assert bool((found >= 0).all())
    # for a convex function g·a − min g bounds the distance to the minimum from above
    mixed = mixture_log_ratio(log_ratios, found)
    finite = divergence.slope_at_infinity if math.isfinite(divergence.slope_at_infinity) else 0.0
    slope = base * (divergence.derivative(mixed) - finite)
    gradient = log_ratios.exp().T @ slope
    assert float(gradient @ found - gradient.min()) <= 1e-5 * max(1.0, value(divergence, log_ratios, found, base))


@pytest.mark.parametrize("seed", range(100, 103))
def test_total_variation_is_the_linear_programs_minimum(seed: int) -> None:
    log_ratios, base = worlds(seed, points=30, parts=6)
    points, count = log_ratios.shape
    ratios = log_ratios.exp().numpy()
    # least Σ p s over s ≥ 1 − u and weights
    least = linprog(
        np.concatenate([np.zeros(count), base.numpy()]),
        A_ub=-np.hstack([ratios, np.eye(points)]),
        b_ub=-np.ones(points),
        A_eq=np.concatenate([np.ones(count), np.zeros(points)])[None],
        b_eq=[1.0],
    ).fun
    found = minimise_divergence(log_ratios, TotalVariation(), base)
    assert found.value == pytest.approx(least, abs=1e-6)
    assert found.value - found.gap <= least + 1e-12


def slsqp(divergence: FDivergence, log_ratios: Tensor, base: Tensor) -> float:
    """The least value that scipy's SLSQP finds, an independent way to the minimum."""
    count = log_ratios.shape[1]

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        variable = torch.as_tensor(weights).clamp(min=1e-15).requires_grad_()
        total = base @ divergence.reduced((log_ratios.exp() @ variable).log())
        (slope,) = torch.autograd.grad(total, variable)
        return float(total.detach()), slope.numpy()

    return float(
        minimize(
            objective,
            np.full(count, 1 / count),
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * count,
            constraints={"type": "eq", "fun": lambda a: a.sum() - 1.0, "jac": np.ones_like},
            options={"ftol": 1e-14, "maxiter": 500},
        ).fun
    )


@pytest.mark.parametrize("divergence", SMOOTH, ids=repr)
@pytest.mark.parametrize("seed", range(100, 103))
def test_agrees_with_scipy_and_is_certified(divergence: FDivergence, seed: int) -> None:
    log_ratios, base = worlds(seed, points=40, parts=8)
    found = minimise_divergence(log_ratios, divergence, base)
    # scipy never ends below the certified minimum, and for steep divergences now and then far above it
    theirs = slsqp(divergence, log_ratios, base)
    assert found.value <= theirs + 1e-6 * max(1.0, theirs)
    assert found.value - found.gap <= theirs + 1e-12 * max(1.0, theirs)
    assert found.value == pytest.approx(value(divergence, log_ratios, found.weights, base), rel=1e-12)
    assert 0 <= found.gap <= 1e-9 * max(1.0, found.value)


def test_components_below_the_threshold_are_dropped_and_the_others_refitted() -> None:
    log_ratios, base = worlds(100, points=40, parts=8)
    whole = minimise_divergence(log_ratios, JensenShannon(), base)
    threshold = float(whole.weights[whole.weights > 0].sort().values[:2].max()) + 1e-6
    pruned = minimise_divergence(log_ratios, JensenShannon(), base, threshold=threshold)
    kept = (pruned.weights > 0).nonzero()[:, 0]
    assert len(kept) < int((whole.weights > 0).sum())
    assert float(pruned.weights[kept].min()) >= threshold
    alone = fit_mixture_weights(log_ratios[:, kept], JensenShannon(), base)
    np.testing.assert_allclose(pruned.weights[kept], alone, rtol=0, atol=1e-5)
    # a threshold that would cost more than the incoming weights did is not enforced
    strict = minimise_divergence(log_ratios, JensenShannon(), base, initial=whole.weights, threshold=threshold)
    assert strict.value <= whole.value


def test_bootstrap_intervals() -> None:
    source = torch.Generator().manual_seed(100)
    widths = []
    for count in (100, 1600):
        drawn = torch.multinomial(DATA, count, replacement=True, generator=source)
        log_ratios = (PARTS / DATA).log().T[drawn]
        found = bootstrap_mixture_weights(log_ratios, JensenShannon(), resamples=60, generator=source)
        assert bool((found.lower <= found.fitted.weights).all())
        assert bool((found.fitted.weights <= found.upper).all())
        assert found.value[0] < found.value[1]
        widths.append(float((found.upper - found.lower).sum()))
    # sixteen times the points: about a quarter of the width, by far less than this
    assert widths[1] < 0.6 * widths[0]
    # at six times the interval's distance the true minimum is not missed once in a million
    truth = fit_mixture_weights((PARTS / DATA).log().T, JensenShannon(), DATA)
    assert bool(((truth - found.fitted.weights).abs() < 4 * (found.upper - found.lower)).all())


@pytest.mark.parametrize("scale", [1.0, 5.0, 30.0, 700.0])
@pytest.mark.parametrize("seed", range(3))
def test_forward_kl_agrees_with_expectation_maximisation(scale: float, seed: int) -> None:
    source = torch.Generator().manual_seed(seed)
    log_ratios = (scale * torch.randn(30, 4, generator=source, dtype=torch.float64)).clamp(-700, 700)
    base = torch.rand(30, generator=source, dtype=torch.float64)
    base /= base.sum()
    found = value(ForwardKL(), log_ratios, fit_mixture_weights(log_ratios, ForwardKL(), base), base)
    expected = value(ForwardKL(), log_ratios, expectation_maximisation(log_ratios, base), base)
    assert found == pytest.approx(expected, abs=1e-6)


EXTREMES = st.sampled_from([-math.inf, -700.0, -700.0, -30.0, 0.0, 1.0, 30.0, 700.0, 700.0])


@settings(max_examples=40)
@pytest.mark.filterwarnings("ignore:the mixture weights are not certified")
@given(st.integers(1, 6), st.integers(1, 4), st.data())
@pytest.mark.parametrize(
    "divergence",
    [ForwardKL(), JensenShannon(), GeneralizedJensenShannon(0.9), ReverseKL(), SquaredHellinger()],
    ids=repr,
)
def test_extremes_never_end_above_the_incoming_weights(
    divergence, points: int, count: int, data: st.DataObject
) -> None:
    log_ratios = torch.tensor(
        data.draw(st.lists(EXTREMES, min_size=points * count, max_size=points * count)), dtype=torch.float64
    ).reshape(points, count)
    shares = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count).filter(any))
    incoming = torch.tensor(shares, dtype=torch.float64) / sum(shares)
    base = torch.full((points,), 1 / points, dtype=torch.float64)
    before = value(divergence, log_ratios, incoming, base)
    unreached = bool((log_ratios == -math.inf).all(dim=1).any())
    if unreached and isinstance(divergence, ForwardKL) and count > 1:
        with pytest.raises(ValueError, match="infinite for all weights: some data points"):
            fit_mixture_weights(log_ratios, divergence, initial=incoming)
        return
    found = fit_mixture_weights(log_ratios, divergence, initial=incoming)
    assert float(found.sum()) == pytest.approx(1, rel=1e-12)
    assert bool((found >= 0).all())
    if count > 1 and math.isfinite(before):
        assert value(divergence, log_ratios, found, base) <= before + 1e-9 * abs(before)


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_never_above_the_incoming_weights(divergence: FDivergence, seed: int) -> None:
    log_ratios, base = worlds(seed)
    incoming = torch.tensor([0.7, 0.2, 0.1, 0.0], dtype=torch.float64)
    found = fit_mixture_weights(log_ratios, divergence, base, initial=incoming)
    before = value(divergence, log_ratios, incoming, base)
    assert value(divergence, log_ratios, found, base) <= before


def test_a_component_that_is_the_data_takes_everything() -> None:
    for divergence in SMOOTH:
        log_ratios = torch.stack([torch.zeros(4, dtype=torch.float64), (PARTS[0] / DATA).log()], dim=1)
        assert float(fit_mixture_weights(log_ratios, divergence, DATA)[0]) == pytest.approx(1, abs=1e-4)


def test_points_of_weight_zero_do_not_count() -> None:
    log_ratios = (PARTS / DATA).log().T
    expected = fit_mixture_weights(log_ratios, ForwardKL(), DATA)
    missed = torch.full((1, 3), -math.inf, dtype=torch.float64)
    found = fit_mixture_weights(torch.cat([log_ratios, missed]), ForwardKL(), torch.cat([DATA, DATA.new_zeros(1)]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_any_kind_of_array_will_do() -> None:
    log_ratios = (PARTS / DATA).log().T
    expected = fit_mixture_weights(log_ratios, JensenShannon(), DATA)
    for kind in (log_ratios.tolist(), log_ratios.numpy(), np.asfortranarray(log_ratios.numpy())):
        found = fit_mixture_weights(kind, JensenShannon(), (1000 * DATA).tolist())
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)
    single = fit_mixture_weights(log_ratios.float(), JensenShannon(), DATA.float())
    assert single.dtype == torch.float64
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-5)


def test_one_component_has_all_the_weight() -> None:
    assert fit_mixture_weights([[0.0], [-math.inf]], ForwardKL()).tolist() == [1.0]


def test_mixture_log_ratio_is_the_logarithm_of_the_mixture() -> None:
    weights = torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
    found = mixture_log_ratio((PARTS / DATA).log().T, weights)
    torch.testing.assert_close(found, ((weights @ PARTS) / DATA).log())
    lost = mixture_log_ratio(torch.tensor([[-math.inf, -math.inf, 5.0]], dtype=torch.float64), weights)
    assert lost.tolist() == [-math.inf]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_mixture_weights([[math.nan, 0.0]], ForwardKL()), "log_ratios: 1 of 2 values are NaN"),
        (lambda: fit_mixture_weights([0.0, 0.0], ForwardKL()), r"log_ratios: .*shape \(N, K\), got shape \(2,\)"),
        (lambda: fit_mixture_weights([[0.0, 0.0]], ForwardKL(), [1.0, 1.0]), "base: expected 1 weights"),
        (lambda: fit_mixture_weights([[0.0, 0.0]], ForwardKL(), initial=[1.0]), "initial: expected 2 weights"),
        (lambda: fit_mixture_weights([[0.0, 0.0]], ForwardKL(), threshold=1.0), r"threshold: expected a share"),
        (
            lambda: bootstrap_mixture_weights([[0.0]], ForwardKL(), resamples=1, generator=torch.Generator()),
            "resamples: expected at least 2, got 1",
        ),
        (lambda: fit_mixture_weights([[-math.inf, -math.inf]], ForwardKL()), "infinite for all weights"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
