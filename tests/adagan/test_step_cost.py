"""The cost of a step, from pilot trainings that are as short as they can be."""

import pytest

from adagan.step_cost import step_cost


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("time.process_time", lambda: now[0])
    return now


def test_the_cost_of_a_step_is_a_slope(clock: list[float]) -> None:
    def train(steps: int) -> None:
        clock[0] += 2 + 0.01 * steps

    cost = step_cost(train)
    assert (cost.fixed, cost.step) == (pytest.approx(2, abs=1e-9), pytest.approx(0.01))
    assert cost.steps(3.005) == 100
    assert cost.steps(0) == 1


def test_what_happens_once_is_no_part_of_it(clock: list[float]) -> None:
    lengths = []

    def train(steps: int) -> None:
        clock[0] += 0.1 * steps + (0 if lengths else 5)
        lengths.append(steps)

    cost = step_cost(train)
    assert (cost.fixed, cost.step) == (pytest.approx(0, abs=1e-9), pytest.approx(0.1))


def test_a_dear_step_needs_a_short_pilot_only(clock: list[float]) -> None:
    lengths = []

    def train(steps: int) -> None:
        lengths.append(steps)
        clock[0] += 0.2 * steps

    assert step_cost(train).step == pytest.approx(0.2)
    assert lengths == [1, 1, 5]


def test_the_search_ends_where_steps_cost_nothing(clock: list[float]) -> None:
    lengths = []
    assert step_cost(lengths.append).step > 0
    assert lengths[-1] == 4**6 + 1
