"""What is missing of one data set, round after round, and the data weights that follow from it."""

from functools import partial
from typing import Any, Self

import pytest
import torch
from clusters import three_clusters
from torch import Tensor

from adagan.data.training_data import TrainingData
from adagan.missing.lookout import KEPT, Lookout, by_critic, sparse_log_ratio, without_strays
from adagan.mixtures import Mixture, Star
from adagan.mixtures.steps import missing_mass

DATA = three_clusters(900)


class Known:
    """Stands in for a fitted critic: gives the ratios that it was made with."""

    def __init__(self, ratio: Tensor) -> None:
        self.log_ratio_ = ratio.log()
        self.component_log_ratios_ = torch.stack([torch.zeros_like(ratio), 2 * self.log_ratio_], dim=1)

    def fit(self, data: Tensor, mixture: Mixture, *, weights: Any = None) -> Self:
        return self


class Some:
    """Samples a part of the data with a little noise."""

    def __init__(self, points: Tensor) -> None:
        self.points = points

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        rows = torch.randint(len(self.points), (num_samples,), generator=generator)
        return self.points[rows] + 0.01 * torch.randn(num_samples, 2, generator=generator)


def test_the_newcomer_is_sent_where_something_is_missing_and_nowhere_else() -> None:
    data = TrainingData.checked(DATA)
    lookout = Lookout(data, None, seed=0)
    left = DATA[:, 0] < DATA[:, 0].median()
    mixture = Mixture([Some(DATA[left])])
    found = lookout.look(mixture, 1)
    of_mixture, for_rule = lookout.log_ratios(found, mixture, 1, of_last=False)
    assert found.verdict == "missing"
    assert of_mixture is for_rule
    base = data.weights
    assert float(base @ for_rule.exp()) == pytest.approx(1.0)
    # beta as large as what is missing puts all the weight on it
    beta = missing_mass(for_rule, base)
    assert beta == pytest.approx(found.value, abs=0.02)
    weights = Star()(for_rule, beta, base).values
    named = torch.zeros(len(DATA), dtype=torch.bool)
    named[found.rows] = True
    assert float(weights[named].sum()) == pytest.approx(1.0, abs=0.05)
    assert not bool(left[named].any())


def test_nothing_missing_leaves_the_data_as_they_are() -> None:
    data = TrainingData.checked(DATA)
    lookout, mixture = Lookout(data, None, seed=0), Mixture([Some(DATA)])
    found = lookout.look(mixture, 1)
    ratio, _ = lookout.log_ratios(found, mixture, 1, of_last=False)
    assert found.verdict == "nothing found"
    assert ratio.allclose(torch.zeros(len(DATA), dtype=torch.float64))
    assert sparse_log_ratio(found, data.weights).equal(ratio)


def test_the_last_component_alone_is_looked_at_where_a_rule_asks_for_it() -> None:
    data = TrainingData.checked(DATA)
    mixture = Mixture([Some(DATA), Some(DATA[DATA[:, 0] < DATA[:, 0].median()])])
    lookout = Lookout(data, None, seed=0)
    of_mixture, of_last = lookout.log_ratios(lookout.look(mixture, 1), mixture, 1, of_last=True)
    right = DATA[:, 0] > DATA[:, 0].median()
    assert float(of_last[right].mean()) < -1
    assert float(of_mixture[right].mean()) > -1


def test_the_users_critic_is_asked_instead() -> None:
    # half of the data is not made at all, a quarter half as often: .5 + .25 · .5
    ratio = torch.tensor([1e-300] * 2 + [0.5, 2.0], dtype=torch.float64).repeat(50)
    data = TrainingData.checked(torch.arange(200.0)[:, None])
    lookout = Lookout(data, partial(Known, ratio), seed=0)
    mixture = Mixture([Some(DATA)])
    found = lookout.look(mixture, 1)
    of_mixture, of_last = lookout.log_ratios(found, mixture, 1, of_last=True)
    assert found.value == pytest.approx(0.625)
    assert found.low < 0.625 < found.high
    assert of_mixture.equal(ratio.log())
    assert of_last.equal(2 * ratio.log())
    again = by_critic(Known(ratio), data, 0.5, 0)  # type: ignore[arg-type]
    assert sum(region.mass for region in again.regions) == pytest.approx(0.5, abs=0.13)


def test_the_same_seed_sees_the_same() -> None:
    data = TrainingData.checked(DATA)
    first, second = (Lookout(data, None, seed=3).look(Mixture([Some(DATA[:300])]), 4) for _ in range(2))
    assert first.log_ratio.equal(second.log_ratio)
    assert first.value == second.value


class Densities:
    """Stands in for a fitted critic: nothing below zero is data, and all else is made as it is there."""

    def log_ratio(self, x: Tensor) -> Tensor:
        return torch.where(x[:, 0] < 0, 5.0, 0.0).double()


def test_strays_are_rejected_and_little_else() -> None:
    points = torch.cat([torch.full((400, 1), -1.0), torch.ones(600, 1)])
    kept = without_strays(points, Densities(), 0)  # type: ignore[arg-type]
    # c = 2: a stray is kept with probability 2 exp(-5)
    assert int((kept > 0).sum()) == 600
    assert int((kept < 0).sum()) <= 20


def test_where_all_is_far_from_the_data_a_share_is_kept() -> None:
    points = torch.cat([torch.full((900, 1), -1.0), torch.ones(100, 1)])
    kept = without_strays(points, Densities(), 0)  # type: ignore[arg-type]
    assert len(kept) / 1000 == pytest.approx(KEPT, abs=0.07)  # four standard errors
    assert int((kept > 0).sum()) == 100


AROUND, STARVED = 0.8, DATA[:, 0] > 3
CENTRE = DATA[STARVED].mean(dim=0)


class Behind:
    """Draws one of three clusters at .3 of its share, and puts the others of its samples on a circle around it."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        rows = torch.randint(len(DATA), (num_samples,), generator=generator)
        luck, direction = torch.rand(num_samples, generator=generator), torch.randn(num_samples, 2, generator=generator)
        strays = CENTRE + AROUND * torch.nn.functional.normalize(direction)
        return torch.where((STARVED[rows] & (luck < 0.7))[:, None], strays, DATA[rows] + 0.1 * direction)


class OnTheCircle:
    """Stands in for a fitted critic: what is on that circle is no data."""

    def log_ratio(self, x: Tensor) -> Tensor:
        return torch.where(((x - CENTRE).norm(dim=1) - AROUND).abs() < 0.01, 6.0, 0.0).double()


def test_what_is_starved_behind_strays_is_seen() -> None:
    lookout, mixture = Lookout(TrainingData.checked(DATA), None, seed=0), Mixture([Behind()])
    assert lookout.look(mixture, 1).verdict == "nothing found"
    found = lookout.look(mixture, 1, critic=OnTheCircle())  # type: ignore[arg-type]
    assert found.rejected == pytest.approx(0.7 / 3, abs=0.02)
    # of what is kept the cluster holds .1/.767 where the data have a third
    assert found.value == pytest.approx(1 / 3 - 0.1 / 0.767, abs=0.03)
    # of the nodes that are called missing one in twenty may not be
    assert float(STARVED[found.rows].float().mean()) > 0.9
    assert "behind the 23% of its samples" in found.finding.words
    assert "behind the 23% of the samples" in found.describe()
