"""Equal CPU time: the cost of a step, the turns of a budget, and trainings that keep it."""

import pytest
import torch

from adagan import GAN, Mixture
from adagan.components import Gaussian
from adagan.study.boosted import (
    FEWEST_PILOTS,
    MOST_PILOTS,
    Split,
    affordable_samples,
    component_cost,
    fit_bare,
    fit_boosted,
    study_critic,
)
from adagan.study.pace import Pace, StepCost, step_cost


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("adagan.study.pace.time.process_time", lambda: now[0])
    return now


def test_every_training_gets_its_share_of_what_is_left(clock: list[float]) -> None:
    pace = Pace(40.0, {"component": [3.0, 3.0], "critic": [1.0, 1.0]})
    assert pace.seconds("component", 0) == pytest.approx(15)
    # to ask is not to take a turn
    assert pace.seconds("component", 0) == pytest.approx(15)
    clock[0] += 15
    assert pace.seconds("critic", 0) == pytest.approx(5)
    clock[0] += 5
    # the first half is spent, the second is shared as before
    assert pace.seconds("component", 1) == pytest.approx(15)
    clock[0] += 15
    assert pace.seconds("critic", 1) == pytest.approx(5)
    with pytest.raises(ValueError, match="index: no training of a critic was planned for the round 2"):
        pace.seconds("critic", 2)


def test_what_one_overdraws_falls_on_all_that_follow(clock: list[float]) -> None:
    pace = Pace(40.0, {"component": [3.0, 3.0], "critic": [1.0, 1.0]})
    clock[0] += 20
    assert pace.seconds("critic", 0) == pytest.approx(20 / 5)
    clock[0] += 100
    assert pace.seconds("component", 1) == 0
    assert pace.elapsed() == 120


def test_a_late_critic_gets_no_more_than_an_early_one(clock: list[float]) -> None:
    turns = Split(first=0.4, critics=0.3, sharp=1, coarse=1, last=1).turns(3)
    pace = Pace(100.0, turns)
    given = []
    for index in range(3):
        for kind in turns:
            given.append((kind, pace.seconds(kind, index)))
            clock[0] += given[-1][1]
    assert [seconds for kind, seconds in given if kind == "component"] == pytest.approx([40, 15, 15])
    assert [seconds for kind, seconds in given if kind != "component"] == pytest.approx([0, *[6] * 5])
    assert pace.elapsed() == pytest.approx(100)


@pytest.mark.parametrize("rounds", [2, 3, 8])
def test_the_shares_of_a_split_are_whole(rounds: int) -> None:
    turns = Split().turns(rounds)
    assert sum(sum(shares) for shares in turns.values()) == pytest.approx(1)
    assert {len(shares) for shares in turns.values()} == {rounds}
    assert turns["coarse critic"][0] == 0


def test_the_cost_of_a_step_is_a_slope(clock: list[float]) -> None:
    def train(steps: int) -> None:
        clock[0] += 2 + 0.01 * steps

    cost = step_cost(train)
    assert (cost.fixed, cost.step) == (pytest.approx(2, abs=1e-9), pytest.approx(0.01))
    assert cost.steps(3.005) == 100
    assert cost.steps(0) == 1


def test_a_dear_step_needs_a_short_pilot_only(clock: list[float]) -> None:
    lengths = []

    def train(steps: int) -> None:
        lengths.append(steps)
        clock[0] += 0.1 * steps

    assert step_cost(train).step == pytest.approx(0.1)
    assert lengths == [1, 26]


def test_steps_cost_time() -> None:
    data = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    cost = component_cost(lambda steps: GAN(max_steps=steps, width=8, batch_size=16), data)
    assert cost is not None
    assert 1e-5 < cost.step < 0.1
    assert component_cost(lambda steps: Gaussian(), data, in_steps=False) is None


def test_a_bare_component_gets_the_steps_that_fit() -> None:
    steps_given = []

    def make(steps: int) -> Gaussian:
        steps_given.append(steps)
        return Gaussian()

    data = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    fit_bare(make, StepCost(fixed=1, step=0.5), data, 11.0, seed=0)
    fit_bare(make, None, data, 11.0, seed=0)
    assert steps_given == [20, 1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:round")
def test_boosting_keeps_its_budget() -> None:
    data = torch.randn(2_000, 2, generator=torch.Generator().manual_seed(0))
    trained = fit_boosted(lambda steps: GAN(max_steps=steps, width=16), data, 3.0, 2, seed=0)
    assert list(trained.samplers) == ["boosted", "boosted-refined"]
    # a loaded machine adds to a clock of CPU seconds too
    assert 1.5 < trained.cpu_seconds < 6
    generator = torch.Generator().manual_seed(1)
    for sampler in trained.samplers.values():
        assert sampler.sample(7, generator=generator).shape == (7, 2)


def test_the_critic_of_images_takes_smaller_minibatches() -> None:
    images = torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    critic = study_critic(images, 2)
    assert critic.batch_size < study_critic(images.flatten(1), 2).batch_size
    assert critic.fit(images, Mixture([Gaussian().fit(images)])).log_ratio(images).shape == (60,)


def test_pilots_are_as_many_as_the_budget_affords() -> None:
    source = Gaussian().fit(torch.randn(50, 2, generator=torch.Generator().manual_seed(0)))
    assert affordable_samples(source, 1e-12) == FEWEST_PILOTS
    assert affordable_samples(source, 1e12) == MOST_PILOTS
