"""What is missing of one data set, round after round, and the data weights that follow from it."""

from functools import partial
from typing import Any, Self

import pytest
import torch
from clusters import three_clusters
from torch import Tensor

from adagan.data.training_data import TrainingData
from adagan.missing.lookout import Lookout, by_critic, sparse_log_ratio
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
    found, of_mixture, for_rule = lookout.look_for_weights(Mixture([Some(DATA[left])]), 1, of_last=False)
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
    found, ratio, _ = Lookout(data, None, seed=0).look_for_weights(Mixture([Some(DATA)]), 1, of_last=False)
    assert found.verdict == "nothing found"
    assert ratio.allclose(torch.zeros(len(DATA), dtype=torch.float64))
    assert sparse_log_ratio(found, data.weights).equal(ratio)


def test_the_last_component_alone_is_looked_at_where_a_rule_asks_for_it() -> None:
    data = TrainingData.checked(DATA)
    mixture = Mixture([Some(DATA), Some(DATA[DATA[:, 0] < DATA[:, 0].median()])])
    _, of_mixture, of_last = Lookout(data, None, seed=0).look_for_weights(mixture, 1, of_last=True)
    right = DATA[:, 0] > DATA[:, 0].median()
    assert float(of_last[right].mean()) < -1
    assert float(of_mixture[right].mean()) > -1


def test_the_users_critic_is_asked_instead() -> None:
    # half of the data is not made at all, a quarter half as often: .5 + .25 · .5
    ratio = torch.tensor([1e-300] * 2 + [0.5, 2.0], dtype=torch.float64).repeat(50)
    data = TrainingData.checked(torch.arange(200.0)[:, None])
    lookout = Lookout(data, partial(Known, ratio), seed=0)
    found, of_mixture, of_last = lookout.look_for_weights(Mixture([Some(DATA)]), 1, of_last=True)
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
