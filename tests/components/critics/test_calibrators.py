"""Calibrators: known distortions are undone, the best one is chosen, and nothing judges itself."""

import math

import pytest
import torch
from torch import Tensor

from adagan.components import Critic, Gaussian
from adagan.components.critics.calibration_map import CalibrationMap
from adagan.components.critics.calibrators import (
    BestOf,
    Calibrator,
    Isotonic,
    Platt,
    RawRatios,
    Temperature,
    VectorScaling,
    cross_calibrated,
)
from adagan.mixtures.mixture import Mixture

HALVES = torch.tensor([0.5, 0.5]).log()


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def truth(count: int, seed: int = 100) -> tuple[Tensor, Tensor]:
    """Log ratios of Normal(1, 1) over Normal(0, 1) at points of both, and the points' classes."""
    points = torch.randn(2 * count, generator=seeded(seed), dtype=torch.float64)
    points[count:] += 1
    return points - 0.5, torch.arange(2).repeat_interleave(count)


def distorted(name: str, count: int = 8_000) -> tuple[RawRatios, Tensor]:
    true, labels = truth(count)
    raw = {"confident": 3 * true, "shifted": 3 * true + 2, "warped": torch.sign(true) * true.abs() ** 3}[name]
    return RawRatios(raw[:, None], labels, HALVES, torch.ones(2 * count)), true


def error(calibrator: Calibrator, held_out: RawRatios, true: Tensor) -> float:
    return float((calibrator.fit(held_out)(held_out.values)[:, 0] - true).square().mean().sqrt())


@pytest.mark.parametrize(
    ("name", "calibrator", "bound"),
    [
        ("confident", Temperature(), 0.1),
        ("confident", Platt(), 0.1),
        ("shifted", Platt(), 0.1),
        ("confident", Isotonic(), 0.25),
        ("warped", Isotonic(), 0.25),
    ],
)
def test_distortions_are_undone(name: str, calibrator: Calibrator, bound: float) -> None:
    # the raw errors are 2 and more; slope and intercept have standard errors of about .03, six are .18 at one deviation
    held_out, true = distorted(name)
    assert float((held_out.values[:, 0] - true).square().mean().sqrt()) > 1
    assert error(calibrator, held_out, true) < bound


def test_each_is_as_flexible_as_it_says() -> None:
    shifted, true = distorted("shifted")
    assert error(Temperature(), shifted, true) > 0.4
    warped, true = distorted("warped")
    assert error(Platt(), warped, true) > 2 * error(Isotonic(), warped, true)


@pytest.mark.parametrize(("name", "best"), [("confident", Temperature), ("shifted", Platt), ("warped", Isotonic)])
def test_the_simplest_that_suffices_is_chosen(name: str, best: type[Calibrator]) -> None:
    held_out, _ = distorted(name, 3_000)
    calibrator = BestOf()
    assert type(calibrator.choose(held_out)) is best
    assert torch.equal(calibrator.fit(held_out)(held_out.values), best().fit(held_out)(held_out.values))


def test_with_too_few_points_the_simplest_is_taken() -> None:
    few = RawRatios(torch.randn(8, 1, generator=seeded(0)).double(), torch.arange(8) % 2, HALVES, torch.ones(8))
    assert BestOf().choose(few) == Temperature()


def test_isotonic_stays_finite_and_in_order_where_classes_are_apart() -> None:
    raw = torch.linspace(-5, 5, 100, dtype=torch.float64)
    held_out = RawRatios(raw[:, None], (raw > 0).long(), HALVES, torch.ones(100))
    fitted = Isotonic().fit(held_out)
    found = fitted(torch.linspace(-9, 9, 500, dtype=torch.float64)[:, None])[:, 0]
    # fifty points of a class and one imagined of the other: odds of 50
    assert float(found.abs().max()) == pytest.approx(math.log(50), rel=1e-6)
    assert bool((found.diff() >= -1e-12).all())


def test_isotonic_leaves_components_among_themselves_alone() -> None:
    labels = torch.arange(3).repeat(400)
    raw = torch.randn(1_200, 2, generator=seeded(101), dtype=torch.float64)
    raw[labels > 0, 0] += 1
    held_out = RawRatios(raw, labels, torch.tensor([0.5, 0.3, 0.2]).log(), torch.ones(1_200))
    platt, isotonic = Platt().fit(held_out)(raw), Isotonic().fit(held_out)(raw)
    assert torch.allclose(platt[:, 0] - platt[:, 1], isotonic[:, 0] - isotonic[:, 1], atol=1e-9)
    assert not torch.allclose(platt, isotonic, atol=1e-3)


def test_a_flexible_map_is_not_applied_to_points_that_it_was_fitted_to() -> None:
    held_out, _ = distorted("warped", 50)
    _, values = cross_calibrated(Isotonic(), held_out)
    moved = held_out.values.clone()
    moved[3] = 4.0
    _, others = cross_calibrated(Isotonic(), RawRatios(moved, held_out.labels, HALVES, held_out.counts))
    own = next(part for part in held_out.parts(2) if part[3])
    rest = own & (torch.arange(100) != 3)
    # the map of a point's own part does not see where it is, that of the other part does
    assert torch.equal(values[rest], others[rest])
    assert not torch.equal(values[~own], others[~own])


@pytest.mark.parametrize("calibrator", [Temperature(), Platt(), VectorScaling(), Isotonic()])
def test_points_that_count_nothing_do_not_count(calibrator: Calibrator) -> None:
    held_out, _ = distorted("shifted", 500)
    counts = (torch.arange(1_000) % 2).double()
    some = RawRatios(held_out.values, held_out.labels, HALVES, counts)
    assert torch.allclose(
        calibrator.fit(some)(held_out.values), calibrator.fit(some.rows(counts > 0))(held_out.values), atol=0.01
    )


def test_a_map_keeps_its_values_in_its_state() -> None:
    held_out, _ = distorted("warped", 300)
    fitted = Isotonic().fit(held_out)
    again = CalibrationMap.like(1, fitted.temperature, fitted.knots)
    again.load_state_dict(fitted.state_dict())
    assert torch.equal(again(held_out.values), fitted(held_out.values))


def unequal(count: int = 4_000) -> tuple[RawRatios, Tensor]:
    """Two components: Normal(0, 1) like the data, its raw ratio noise, and Normal(2, 1), its raw ratio true."""
    points = torch.randn(4 * count, generator=seeded(100), dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 2]).repeat(count)
    points[labels == 2] += 2
    noise = torch.randn(4 * count, generator=seeded(101), dtype=torch.float64)
    true = torch.stack([torch.zeros_like(points), 2 * points - 2], dim=1)
    raw = true + torch.stack([noise, torch.zeros_like(noise)], dim=1)
    return RawRatios(raw, labels, torch.tensor([0.5, 0.25, 0.25]).log(), torch.ones(4 * count)), true


def test_vector_scaling_silences_the_component_that_the_critic_cannot_tell_from_the_data() -> None:
    held_out, true = unequal()
    errors = {
        name: (calibrator.fit(held_out)(held_out.values) - true).square().mean(dim=0).sqrt()
        for name, calibrator in (("platt", Platt()), ("vector", VectorScaling()))
    }
    # slopes and intercepts have standard errors of about .02; over 20 seeds the larger error was .02 to .12
    assert float(errors["platt"][0]) > 0.3
    assert float(errors["vector"].max()) < 0.25


def test_vector_scaling_of_one_component_is_platt() -> None:
    held_out, _ = distorted("shifted", 500)
    assert torch.equal(VectorScaling().fit(held_out)(held_out.values), Platt().fit(held_out)(held_out.values))


def test_a_critic_with_a_slope_for_every_component_is_stored_by_value() -> None:
    data = torch.randn(200, 2, generator=seeded(100))
    mixture = Mixture([Gaussian().fit(data), Gaussian().fit(data + 1)], torch.tensor([0.5, 0.5]))
    critic = Critic(max_steps=20, calibrator=VectorScaling(), seed=100).fit(data, mixture)
    again = Critic.from_config(critic.config())
    again.load_state_dict(critic.state_dict())
    assert torch.equal(again.log_ratio(data), critic.log_ratio(data))


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="candidates: expected one calibrator or more, got none"):
        BestOf(candidates=())
    with pytest.raises(ValueError, match="splits: expected 2 or more, so that no candidate judges itself, got 1"):
        BestOf(splits=1)
