"""Methods: each makes its rows within a budget, and every kind is made for vectors and for images."""

import json

import pytest
import torch
from torch import Tensor

from adagan import GAN
from adagan.components import Gaussian
from adagan.components.adapters.as_component import as_component
from adagan.mixtures.randomness import isolated_randomness
from adagan.step_cost import StepCost
from adagan.study.cells import benchmark_cells
from adagan.study.method import Lesson
from adagan.study.methods.catalogue import DEFAULT_ROWS, METHOD_OF_ROW, METHODS
from adagan.study.methods.kinds import KINDS, PEERS
from adagan.study.methods.rivals import metropolis_hastings
from adagan.study.methods.training import (
    FEWEST_PILOTS,
    MOST_PILOTS,
    affordable_samples,
    component_cost,
    fit_alike,
    fit_bare,
    fit_boosted,
)
from adagan.study.runner import cell_rows


def lesson(data: Tensor, seconds: float = 1.0, rounds: int = 2) -> Lesson:
    return Lesson(data, None, seconds, rounds, seed=0)


def test_names_of_rows_are_those_of_methods() -> None:
    assert set(DEFAULT_ROWS) <= set(METHOD_OF_ROW)
    assert set(METHOD_OF_ROW.values()) <= set(METHODS)
    assert all(name == method.name for name, method in METHODS.items())
    assert METHODS["vae boosted"].rows == ("boosted", "boosted-refined")
    assert METHODS["conditional-gan bare"].labelled


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:round", "ignore:Initialization", "ignore:Best performing")
@pytest.mark.parametrize("method", dict.fromkeys(METHOD_OF_ROW.values()))
def test_every_method_makes_rows(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metropolis_hastings, "CHAIN", 2)
    _, cell = benchmark_cells("unbalanced-ring", METHODS[method].rows, [0])
    rows = cell_rows(cell, 0.7, 2)
    assert [(row["method"], row["num_samples"]) for row in rows] == [
        (name, size) for name in METHODS[method].rows for size in (10_000, 50_000)
    ]
    for row in rows:
        assert row["failure"] == ""
        assert row["train_cpu_seconds"] > 0
        assert row["cpu_seconds"] >= row["train_cpu_seconds"]
        assert row["rounds"] >= 1
        assert 0 <= row["high_quality"] <= 1
        json.dumps(row, allow_nan=False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind not in PEERS])
def test_every_kind_is_made_for_vectors_and_images(kind: str) -> None:
    if kind == "flow":
        pytest.importorskip("zuko")
    generator = torch.Generator().manual_seed(100)
    for data in (torch.randn(260, 2, generator=generator), torch.rand(260, 1, 8, 8, generator=generator)):
        with isolated_randomness(100):
            labels = {"labels": torch.arange(len(data)) % 3} if KINDS[kind].labelled else {}
            component = as_component(KINDS[kind].make(tuple(data.shape[1:]), 2)).fit(data, **labels)
        samples = component.sample(5, generator=generator)
        assert samples.shape == (5, *data.shape[1:])
        assert bool(samples.isfinite().all())


def test_steps_cost_time() -> None:
    data = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    cost = component_cost(lambda steps: GAN(max_steps=steps, width=8, batch_size=16), lesson(data))
    assert cost is not None
    assert 1e-5 < cost.step < 0.1
    assert component_cost(lambda steps: Gaussian(), lesson(data), in_steps=False) is None


def test_a_bare_component_gets_the_steps_that_fit() -> None:
    steps_given = []

    def make(steps: int) -> Gaussian:
        steps_given.append(steps)
        return Gaussian()

    data = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    fit_bare(make, StepCost(fixed=1, step=0.5), lesson(data, 11.0))
    fit_bare(make, None, lesson(data, 11.0))
    assert steps_given == [20, 1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:round")
def test_boosting_keeps_its_budget() -> None:
    data = torch.randn(2_000, 2, generator=torch.Generator().manual_seed(0))
    trained = fit_boosted(lambda steps: GAN(max_steps=steps, width=16), lesson(data, 3.0))
    assert trained.rounds >= 1
    assert len(trained.answers) == 2
    # a loaded machine adds to a clock of CPU seconds too
    assert 1.5 < trained.cpu_seconds < 8
    with pytest.raises(ValueError, match="rounds: expected 2 or more, since one round does not boost, got 1"):
        fit_alike(lambda steps: Gaussian(), lesson(data, rounds=1))
    generator = torch.Generator().manual_seed(1)
    for sampler in trained.answers:
        assert sampler.sample(7, generator=generator).shape == (7, 2)


def test_pilots_are_as_many_as_the_budget_affords() -> None:
    source = Gaussian().fit(torch.randn(50, 2, generator=torch.Generator().manual_seed(0)))
    assert affordable_samples(source, 1e-12) == FEWEST_PILOTS
    assert affordable_samples(source, 1e12) == MOST_PILOTS
