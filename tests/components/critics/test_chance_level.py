"""The two-sample level of a critic: false alarms, power, and its numbers by hand."""

import math

import pytest
import torch
from scipy.stats import mannwhitneyu
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from adagan import Mixture
from adagan.components import ClassifierCritic, Gaussian
from adagan.components.critics.chance_level import level_over_folds, ranking_level, visible_mass


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniform(count: int) -> Tensor:
    return torch.full((count,), 1 / count, dtype=torch.float64)


def linear_critic_of_two_folds(data: Tensor, samples: Tensor) -> float:
    """The level of a critic that projects on the difference of the other fold's means."""
    levels = []
    fold = torch.arange(len(data)) % 2
    for index in (0, 1):
        direction = samples[fold != index].mean(dim=0) - data[fold != index].mean(dim=0)
        at_data, at_samples = data[fold == index] @ direction, samples[fold == index] @ direction
        levels.append(ranking_level(at_data, at_samples, uniform(len(at_data)), uniform(len(at_samples))))
    return level_over_folds(levels)


def test_folds_that_see_the_same_luck_raise_no_more_false_alarms() -> None:
    """At level .05, 2,000 trials give 100 alarms or fewer on average; 6 standard errors above is 159.

    The scores of both folds in one test, as if they were independent, give about 190.
    """
    points = torch.randn(2_000, 2, 80, 20, generator=seeded(100), dtype=torch.float64)
    levels = torch.tensor([linear_critic_of_two_folds(*pair) for pair in points])
    assert int((levels <= 0.05).sum()) <= 158
    assert int((levels <= 0.001).sum()) <= 10  # 2 on average; 11 or more have a probability of 8e-6
    # and the test is not mute
    assert int((levels <= 0.05).sum()) > 20


def test_a_difference_is_found() -> None:
    data = torch.randn(200, 20, generator=seeded(101), dtype=torch.float64)
    assert linear_critic_of_two_folds(data, data.flip(0) + 0.3) < 1e-3


@pytest.mark.slow
def test_a_cross_fitted_critic_raises_no_false_alarms_at_unequal_weights() -> None:
    """24 trials at level .1: 13 alarms or more have a probability of 1e-7."""
    alarms = 0
    for seed in range(100, 124):
        data = torch.randn(100, 3, generator=seeded(seed))
        components = [Gaussian().fit(torch.randn(4_000, 3, generator=seeded(seed + 1_000))) for _ in range(2)]
        weights = torch.rand(100, generator=seeded(seed))
        critic = ClassifierCritic(LogisticRegression(), seed=seed).fit(
            data, Mixture(components, [0.8, 0.2]), weights=weights
        )
        alarms += critic.calibration_.level <= 0.1
    assert alarms <= 12


@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_it_is_mann_and_whitneys_test_or_more_careful(shift: float) -> None:
    data = torch.randn(60, generator=seeded(102), dtype=torch.float64)
    samples = torch.randn(40, generator=seeded(103), dtype=torch.float64) + shift
    level = ranking_level(data, samples, uniform(60), uniform(40))
    theirs = mannwhitneyu(samples, data, alternative="greater", method="asymptotic", use_continuity=False).pvalue
    assert level >= theirs * (1 - 1e-9) or theirs > 0.5
    assert level == pytest.approx(theirs, rel=0.25)


def test_ties_say_nothing_and_weights_count() -> None:
    ties = torch.zeros(30, dtype=torch.float64)
    assert ranking_level(ties, ties, uniform(30), uniform(30)) == pytest.approx(0.5)
    data, samples = torch.tensor([0.0, 2.0]).double(), torch.tensor([1.0]).double()
    # the share of pairs ranked rightly is the weight of the first point
    variance = (0.9**2 + 0.1**2 + 1 + 0.9**2 + 0.1**2) / 12
    expected = 0.5 * math.erfc((0.9 - 0.5) / math.sqrt(variance) / math.sqrt(2))
    assert ranking_level(data, samples, torch.tensor([0.9, 0.1]).double(), uniform(1)) == pytest.approx(expected)


def test_levels_over_folds() -> None:
    assert level_over_folds([0.01, 0.5]) == pytest.approx(0.02)
    assert level_over_folds([0.9, 0.8, 0.7]) == 1


@pytest.mark.parametrize("count", [200, 2_000])
def test_what_an_ideal_critic_sees_at_even_odds(count: int) -> None:
    """The level of an ideal critic is .001 where the mixture lacks the visible mass, and worse where it lacks less."""
    mass = visible_mass(uniform(count), uniform(count))
    at_samples = torch.randn(count, generator=seeded(104), dtype=torch.float64)

    def level(missing: float) -> float:
        at_data = at_samples.clone()
        at_data[torch.randperm(count, generator=seeded(105))[: round(missing * count)]] = -10.0
        return ranking_level(at_data, at_samples, uniform(count), uniform(count))

    assert level(0.8 * mass) > 1e-3 > level(1.2 * mass)
    assert mass < visible_mass(uniform(count), uniform(count), tests=2) < 1.2 * mass
    assert visible_mass(uniform(4), uniform(4)) == 1


def test_a_critic_says_what_it_could_have_seen() -> None:
    data = torch.randn(400, 2, generator=seeded(106))
    mixture = Mixture([Gaussian().fit(data)])
    record = ClassifierCritic(LogisticRegression(), seed=106).fit(data, mixture).calibration_
    assert record.visible_mass == pytest.approx(visible_mass(uniform(200), uniform(200), tests=2))
