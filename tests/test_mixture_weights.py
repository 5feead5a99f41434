import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_divergences import DIVERGENCES
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
from adagan.mixtures.mixture_weights import fit_mixture_weights, mixture_log_ratio

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


@pytest.mark.parametrize("seed", range(3))
def test_total_variation_improves_on_a_grid(seed: int) -> None:
    # its kinks defeat gradients, so that only a coarse promise is kept
    log_ratios, base = worlds(seed, parts=2)
    found = value(TotalVariation(), log_ratios, fit_mixture_weights(log_ratios, TotalVariation(), base), base)
    grid = [
        value(TotalVariation(), log_ratios, torch.tensor([1 - a, a], dtype=torch.float64), base)
        for a in np.linspace(0, 1, 201)
    ]
    assert found <= min(grid) + 0.02


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
        (lambda: fit_mixture_weights([[-math.inf, -math.inf]], ForwardKL()), "infinite for all weights"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
