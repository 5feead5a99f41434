"""Equal CPU time: the cost of a step, the turns of a budget, and what took far more than its own."""

import pytest

from adagan.study.budget import Pace, Split, overdrawn, step_cost


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("adagan.study.budget.time.process_time", lambda: now[0])
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
    turns = Split(first=0.4, critics=0.3, last=1).turns(3)
    pace = Pace(100.0, turns)
    given = []
    for index in range(3):
        for kind in turns:
            given.append((kind, pace.seconds(kind, index)))
            clock[0] += given[-1][1]
    assert [seconds for kind, seconds in given if kind == "component"] == pytest.approx([40, 15, 15])
    assert [seconds for kind, seconds in given if kind != "component"] == pytest.approx([10] * 3)
    assert pace.elapsed() == pytest.approx(100)


@pytest.mark.parametrize("rounds", [2, 3, 8])
def test_the_shares_of_a_split_are_whole(rounds: int) -> None:
    turns = Split().turns(rounds)
    assert sum(sum(shares) for shares in turns.values()) == pytest.approx(1)
    assert {len(shares) for shares in turns.values()} == {rounds}
    assert turns["critic"][-1] > turns["critic"][0]


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


def test_what_took_far_more_than_its_budget_is_told() -> None:
    assert overdrawn(31.9, 16.0) == ""
    assert overdrawn(95.0, 16.0) == "took 95.0 CPU seconds of 16, 5.9 times its budget: not at equal CPU time"
    # a short budget is kept by luck
    assert overdrawn(9.0, 1.0) == ""
    assert "11.5 times its budget" in overdrawn(11.5, 1.0)
