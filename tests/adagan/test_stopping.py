"""Stopping rules on hand-made records, and in a run."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from clusters import (
    DATA,
    TINY_CRITIC,
    Nearest,
    assert_same_mixture,
    model,
    seeded,
    three_rounds,
)

from adagan import AdaGAN, Mixture, Round, run_folder
from adagan.components import Calibration, Gaussian
from adagan.prefixes import Prefixes
from adagan.round import verdict
from adagan.run_folder import RunFolder
from adagan.stopping import Never, NothingLeft, NothingMissing, StoppingRule

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")

CALIBRATION = Calibration(0.6, 0.6, 1e-9, 0.01, 1.0, 1.0, 0.01, (), (), ())
RECORD = Round(
    index=1,
    beta=1.0,
    level=None,
    kept_share=1.0,
    effective_sample_size=100.0,
    missing_mass=None,
    missing_mass_error=None,
    weights=(1.0,),
    divergence=0.1,
    divergence_error=0.01,
    divergence_name="JensenShannon()",
    prefixes=Prefixes((0.1,), (0.0,)),
    gamma=None,
    gamma_bound=None,
    calibration=CALIBRATION,
    seconds=1.0,
    cpu_seconds=1.0,
)


def rounds(*missing: float, newcomer: float = 0.2) -> list[Round]:
    """A first round, then one for each missing mass, each clearly better than the one before."""
    found = [RECORD]
    for index, mass in enumerate(missing, start=2):
        prefixes = Prefixes(tuple(1 / t for t in range(1, index + 1)), (0.01,) * (index - 1) + (0.0,))
        weights = (*[(1 - newcomer) / (index - 1)] * (index - 1), newcomer)
        found.append(replace(RECORD, index=index, missing_mass=mass, weights=weights, prefixes=prefixes))
    return found


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


def test_a_critic_at_chance_is_doubted_while_something_was_missing() -> None:
    blind = replace(CALIBRATION, accuracy=0.5, level=0.5)
    sharp, *later = rounds(0.3, 0.05, 0.04)
    records = [sharp, later[0], *(replace(record, calibration=blind) for record in later[1:])]
    assert NothingLeft(patience=2).reason(records[:3]) == ""
    assert "no better than chance" in NothingLeft(patience=2).reason(records)
    assert "no better than chance" in NothingLeft(missing_mass=0.1, patience=2).reason(records[:3])


def test_a_first_round_at_chance_stops_it_only_if_it_could_have_seen_what_counts_as_missing() -> None:
    blind = replace(CALIBRATION, accuracy=0.5, level=0.5)
    few, many = (replace(RECORD, calibration=replace(blind, visible_mass=mass)) for mass in (0.15, 0.015))
    assert NothingLeft(0.02).reason([few]) == ""
    assert "it tells a difference that concerns 1.5%" in NothingLeft(0.02).reason([many])
    assert "no better than chance" in NothingLeft(0.2).reason([few])
    second = replace(few, index=2, missing_mass=0.3, weights=(0.5, 0.5))
    assert "no better than chance" in NothingLeft(0.02, patience=2).reason([few, second])
    # what the coarse critic found is too little for the sharp one to see: its silence says nothing
    rare = replace(second, missing_mass=0.1, prefixes=Prefixes((0.1, 0.05), (0.01, 0.0)))
    assert NothingLeft(0.02, patience=2).reason([few, rare]) == ""
    hardly_better = replace(rare, prefixes=Prefixes((0.1, 0.05), (0.02, 0.0)))
    assert "no better than chance" in NothingLeft(0.02, patience=2).reason([few, hardly_better])


def test_the_verdict_asks_for_another_round_where_something_was_missing_before() -> None:
    blind = replace(CALIBRATION, level=0.5, visible_mass=0.091)
    doubtful, settled = (
        verdict(replace(RECORD, index=2, missing_mass=mass, weights=(0.5, 0.5), calibration=blind))
        for mass in (0.1, 0.01)
    )
    assert "as 10.0% of the data was missing before it, let another round confirm" in doubtful
    assert "stop here" not in doubtful
    assert "stop here" not in settled
    settled = verdict(replace(RECORD, calibration=replace(blind, visible_mass=0.03)))
    assert settled.endswith("(it tells a difference that concerns 3.0% of the data or more); stop here.")


@pytest.mark.parametrize(
    ("changes", "cure"),
    [
        (
            {"visible_mass": 0.091},
            "concerns 9.1% of the data or more; with 4 times as many points, of 5%.",
        ),
        ({"visible_mass": 1.0}, "it has too few points: give it more data."),
        ({"visible_mass": 0.01, "learnt_level": 0.2}, "give it more training, such as a larger max_steps."),
    ],
)
def test_a_starved_critic_advises_neither_rounds_nor_an_end(changes: dict[str, float], cure: str) -> None:
    record = replace(RECORD, calibration=replace(CALIBRATION, level=0.5, **changes))
    assert record.calibration.is_starved
    assert "cannot tell whether they differ" in verdict(record)
    assert verdict(record).endswith(cure)
    assert NothingLeft(0.02).reason([record]) == ""


def test_a_critic_that_learnt_nothing_stops_no_run() -> None:
    blind = replace(CALIBRATION, level=0.5, visible_mass=0.01, learnt_level=0.2)
    records = [replace(record, calibration=blind) for record in rounds(0.05, 0.05)]
    assert NothingLeft(0.02, patience=2).reason(records) == ""
    seeing = [replace(record, calibration=replace(blind, learnt_level=1e-9)) for record in records]
    assert "no better than chance" in NothingLeft(0.02, patience=2).reason(seeing)


def test_rejected_newcomers_stop_it() -> None:
    assert "were rejected" in NothingLeft(patience=3).reason(rounds(0.3, 0.3, 0.3, newcomer=0.0))
    assert NothingLeft(patience=3).reason(rounds(0.3, 0.3, newcomer=0.0)) == ""


@pytest.mark.parametrize(
    ("arguments", "message"), [({"missing_mass": 1.0}, "missing_mass"), ({"patience": 0}, "patience")]
)
def test_values_out_of_range_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NothingLeft(**arguments)  # type: ignore[arg-type]


def test_a_mixture_that_no_longer_improves_stops_it() -> None:
    flat = rounds(0.3, 0.3, 0.3)
    # by the last critic the mixture of two is as good as that of four, and clearly better than that of one
    flat[-1] = replace(flat[-1], prefixes=Prefixes((0.5, 0.101, 0.102, 0.1), (0.02, 0.002, 0.002, 0.0)))
    assert NothingLeft(patience=2).keep(flat) == 2
    assert NothingLeft(patience=2).reason(flat) == "the mixture after round 2 is as good as the one after round 4"
    assert NothingLeft(patience=3).reason(flat) == ""
    assert Never().reason(flat) == ""
    assert Never().keep(flat) == 4


class Until(StoppingRule):
    """Stops after a number of rounds and keeps some of them."""

    def __init__(self, stop: int, kept: int) -> None:
        self.stop, self.kept = stop, kept

    def reason(self, rounds: Sequence[Round]) -> str:
        return f"{self.stop} are enough" if len(rounds) >= self.stop else ""

    def keep(self, rounds: Sequence[Round]) -> int:
        return min(self.kept, len(rounds))


def assert_keeps_the_first(fitted: AdaGAN, kept: int) -> None:
    """The mixture is the prefix, and the critic's ratio is that of the prefix."""
    shorter = model(rounds=kept).fit(DATA)
    assert_same_mixture(fitted.mixture_, shorter.mixture_)
    ratios = fitted.critic_.component_log_ratios(DATA)
    expected = torch.logsumexp(ratios[:, :kept] + fitted.mixture_.weights.log(), dim=1)
    assert torch.allclose(fitted.critic_.log_ratio(DATA), expected, atol=1e-9)


def test_a_run_stops_keeps_the_best_prefix_and_says_why() -> None:
    fitted = model(rounds=5, stop=Until(3, kept=2)).fit(DATA)
    assert fitted.stopped_ == "3 are enough"
    assert len(fitted.rounds_) == 3
    assert_keeps_the_first(fitted, 2)
    refined = fitted.refined(0.5)
    assert refined.sample(20, generator=seeded(0)).shape == (20, 2)
    assert model(rounds=1).fit(DATA).stopped_ == ""


def test_boosting_goes_on_from_all_rounds_not_from_the_prefix_that_was_kept() -> None:
    fitted = model(rounds=5, stop=Until(2, kept=1)).fit(DATA)
    assert len(fitted.mixture_) == 1
    assert_same_mixture(fitted.boost().mixture_, three_rounds().mixture_)


def test_a_stopped_run_is_kept_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    fitted = model(rounds=5, stop=Until(3, kept=2), folder=folder).fit(DATA)
    assert_same_mixture(Mixture.load(folder, components=[Nearest]), fitted.mixture_)
    run = RunFolder(folder)
    assert_same_mixture(run.mixture(components=[Nearest]), fitted.mixture_)
    assert torch.equal(run.critic().log_ratio(DATA), fitted.critic_.log_ratio(DATA))
    assert len(run.mixture(components=[Nearest], whole=True)) == len(run.rounds()) == 3
    assert (run.content()["kept"], run.content()["stopped"]) == (2, "3 are enough")


def test_a_stopped_run_stays_stopped_when_it_is_resumed_and_grows_under_another_rule(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    stopped = model(rounds=5, stop=Until(2, kept=1), folder=folder).fit(DATA)
    again = model(rounds=5, stop=Until(2, kept=1), folder=folder).resume(DATA)
    assert (len(again.rounds_), again.stopped_) == (2, "2 are enough")
    assert_same_mixture(again.mixture_, stopped.mixture_)
    grown = model(rounds=3, folder=folder).resume(DATA)
    assert grown.stopped_ == ""
    assert_same_mixture(grown.mixture_, three_rounds().mixture_)
    assert_same_mixture(Mixture.load(folder, components=[Nearest]), three_rounds().mixture_)


@pytest.mark.parametrize("place", ["before the note in mixture.json", "before the note in run.json"])
def test_a_kill_while_the_end_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    class Killed(BaseException):
        pass

    folder = tmp_path / "run"
    finish, write, ending = RunFolder.finish, run_folder.write_json, []

    def finishing(self: RunFolder, *end: Any) -> None:
        ending.append(1)
        finish(self, *end)

    def dying(path: Path, content: Any) -> None:
        if ending and path.name in place:
            raise Killed
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "finish", finishing)
        patch.setattr(run_folder, "write_json", dying)
        with pytest.raises(Killed):
            model(rounds=5, stop=Until(2, kept=1), folder=folder).fit(DATA)
    assert len(RunFolder(folder).rounds()) == 2
    resumed = model(rounds=5, stop=Until(2, kept=1), folder=folder).resume(DATA)
    assert resumed.stopped_ == "2 are enough"
    assert_keeps_the_first(resumed, 1)
    assert_same_mixture(Mixture.load(folder, components=[Nearest]), resumed.mixture_)


def test_auto_stops_at_data_that_one_component_fits() -> None:
    data = torch.randn(400, 2, generator=seeded(100))
    critic = partial(TINY_CRITIC, max_steps=25, learning_rate=5e-3)
    coarse = partial(critic, noise=0.1)
    fitted = AdaGAN(Gaussian, rounds="auto", critic=critic, coarse_critic=coarse, seed=100).fit(data)
    assert fitted.stopped_
    assert len(fitted.rounds_) < fitted.rounds
    assert len(fitted.mixture_) == 1


def test_auto_takes_a_rule_of_the_users() -> None:
    assert isinstance(model(rounds="auto").stop, NothingMissing)
    assert model(rounds="auto", stop=Until(1, 1)).fit(DATA).stopped_ == "1 are enough"
    assert isinstance(model(rounds=3).stop, Never)
