"""Verdict and advice: no word without an interval or a test behind it."""

from dataclasses import replace

import pytest
import torch
from reported_runs import record

from adagan.components.critics.calibration import calibration_record
from adagan.missing.missing_mass import Missing, Region
from adagan.report.numbers import number, share, with_error
from adagan.report.verdicts import certainty, next_step, state_of

STARVED = calibration_record(torch.tensor([1.0, -1.0]).repeat(50), torch.tensor([1.0, -1.0]).repeat(50), 1.0)
CHANCE = replace(STARVED, visible_mass=0.01)


def missing(
    value: float, low: float, high: float, visible: float = 0.002, regions: int = 1, strays: float = 0.0
) -> Missing:
    region = Region(torch.arange(3), torch.zeros(2), value, low, high, 0.1)
    return Missing(value, low, high, visible, (region,) * regions, torch.zeros(1_000), 20_000, strays)


FOUND, NOTHING, OPEN = missing(0.0035, 0.0013, 0.0057), missing(0, 0, 0.002, regions=0), missing(0, 0, 0.4, 0.4, 0)


def test_small_shares_are_not_rounded_away() -> None:
    assert [share(value) for value in (0.0, 1.0, 0.5, 0.187, 0.0035, 0.00042, 4e-6, 0.99996)] == [
        "0%", "100%", "50.0%", "18.7%", "0.35%", "0.04%", "0.0004%", "99.996%",
    ]  # fmt: skip
    assert [number(value) for value in (0.0, 1.04, 0.00012, -0.5, 12_345.6)] == [
        "0",
        "1.04",
        "0.00012",
        "−0.5",
        "12,346",
    ]
    assert with_error(0.25, 0.01) == "0.25 ± 0.0196"


def test_the_verdict_has_its_interval() -> None:
    assert state_of(FOUND) == "At least 0.35% of the data is missing (0.13% to 0.57%), in 1 region."
    assert state_of(replace(FOUND, rejected=0.4, regions=FOUND.regions * 2)).endswith(
        "in 2 regions, behind the 40.0% of the samples that lie where no data are."
    )
    assert state_of(replace(FOUND, strays=0.9)).endswith(
        "90.0% of the samples are far from all data: have they its scale?"
    )
    assert state_of(NOTHING).startswith("Nothing is missing that 20,000 samples can show")
    assert state_of(OPEN).startswith("Cannot tell: only a region of 40% of the data or more would be seen")


@pytest.mark.parametrize(
    ("found", "changes", "advice"),
    [
        (FOUND, {}, "Run more rounds: at least 0.13% of the data is missing, by the lower end of the interval."),
        (FOUND, {"weights": (1.0, 0.0)}, "Train each component for longer, or take another kind"),
        (NOTHING, {}, "Refine the samples: a critic still tells them from data that it did not learn from"),
        (NOTHING, {"calibration": CHANCE}, "Stop here: no region is missing"),
        (NOTHING, {"calibration": STARVED}, "in another way the critic cannot say"),
        (OPEN, {}, "Nothing here says that rounds would help"),
    ],
)
def test_advice_follows_from_what_was_tested(found: Missing, changes: dict[str, object], advice: str) -> None:
    rounds = [record(1, [1.0]), replace(record(2, [0.5, 0.5]), **changes)]
    assert advice in next_step(found, rounds)
    assert next_step(found, rounds).startswith("Run") is (found is FOUND and not changes)


def test_newcomers_that_failed_are_to_be_mended_first() -> None:
    advice = next_step(FOUND, [record(1, [1.0])], "round 2: the newcomer failed twice: ValueError: no")
    assert advice.startswith("Mend what the newcomers are made by, or take another kind")


def test_advice_on_somebody_elses_model() -> None:
    assert "adagan fit DATA --first-samples FILE trains a patch" in next_step(FOUND)
    assert next_step(NOTHING).startswith("Nothing: no region")


def test_how_sure_it_is_names_what_a_perfect_model_scores() -> None:
    lines = " ".join(certainty(FOUND, replace(NOTHING, visible=0.013)))
    assert "95 % interval from 0.13% to 0.57%" in lines
    assert "1,000 data points and 20,000 samples" in lines
    assert "A region of 0.20% of the data or more" in lines
    assert "nothing is missing there (what is visible at that size is 1.3%)" in lines
    assert "lie far from all data" in " ".join(certainty(missing(0.1, 0.05, 0.2, strays=0.2), None))
