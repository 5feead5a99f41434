"""Stopping rules on hand-made records, and in a run."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from adagan import AdaGAN, Critic, Round
from adagan.components import Calibration, Gaussian
from adagan.stopping import NothingLeft, StoppingRule

CALIBRATION = Calibration(0.6, 0.6, 1e-9, 0.01, 1.0, 1.0, 0.01, (), (), ())
RECORD = Round(1, 1.0, None, 1.0, 100.0, None, (1.0,), 0.1, 0.01, "JensenShannon()", None, None, CALIBRATION, 1.0, 1.0)


def rounds(*missing: float, newcomer: float = 0.2) -> list[Round]:
    """A first round, then one for each missing mass."""
    later = [
        replace(RECORD, index=index, missing_mass=mass, weights=(1 - newcomer, newcomer))
        for index, mass in enumerate(missing, start=2)
    ]
    return [RECORD, *later]


def test_nothing_stops_a_run_that_has_something_to_repair() -> None:
    rule = NothingLeft(missing_mass=0.02, patience=2)
    assert rule.reason([]) == ""
    assert rule.reason([RECORD]) == ""
    assert rule.reason(rounds(0.3, 0.1)) == ""
    assert rule.reason(rounds(0.3, 0.01)) == ""
    assert rule.reason(rounds(0.01, 0.05)) == ""


def test_two_rounds_without_missing_mass_stop_it() -> None:
    assert "less than 2.0% of the data was missing" in NothingLeft(0.02, 2).reason(rounds(0.3, 0.01, 0.015))


def test_a_critic_at_chance_stops_it_at_once() -> None:
    blind = replace(RECORD, calibration=replace(CALIBRATION, accuracy=0.5, level=0.5))
    assert "no better than chance" in NothingLeft().reason([blind])


def test_rejected_newcomers_stop_it() -> None:
    assert "were rejected" in NothingLeft(patience=3).reason(rounds(0.3, 0.3, 0.3, newcomer=0.0))
    assert NothingLeft(patience=3).reason(rounds(0.3, 0.3, newcomer=0.0)) == ""


@pytest.mark.parametrize(
    ("arguments", "message"), [({"missing_mass": 1.0}, "missing_mass"), ({"patience": 0}, "patience")]
)
def test_values_out_of_range_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NothingLeft(**arguments)  # type: ignore[arg-type]


class AfterTwo(StoppingRule):
    """Stops after two rounds."""

    def reason(self, rounds: list[Round]) -> str:  # type: ignore[override]
        return "two are enough" if len(rounds) == 2 else ""


def test_a_run_stops_and_says_why() -> None:
    data = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    quick = partial(Critic, max_steps=20, width=8)
    model = AdaGAN(Gaussian, rounds=5, critic=quick, coarse_critic=quick, stop=AfterTwo()).fit(data)
    assert len(model.rounds_) == len(model.mixture_) == 2
    assert model.stopped_ == "two are enough"
    assert AdaGAN(Gaussian, rounds=1, critic=quick, coarse_critic=quick).fit(data).stopped_ == ""
