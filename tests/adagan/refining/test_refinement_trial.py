"""Refinement is chosen where held-out data say that it helps, and is left where they do not."""

from pathlib import Path
from typing import Any

import pytest
import torch
from clusters import seeded
from torch import Tensor

from adagan import AdaGAN, Mixture
from adagan.components import Gaussian, KernelCritic
from adagan.components.critics.cross_fitting import CrossFitted
from adagan.data.training_data import TrainingData
from adagan.mixtures.refinement.refined import Refined
from adagan.refining.judged import gain, judged
from adagan.refining.trial import Outcome, RefinementTrial, refinement_trial


def normal(count: int, seed: int, centre: float = 0.0) -> Tensor:
    return centre + torch.randn(count, 2, generator=seeded(seed))


GOOD, STRAYS = Gaussian().fit(normal(4_000, 1)), Gaussian().fit(normal(4_000, 2, 9.0))
WITH_STRAYS = Mixture([GOOD, STRAYS], [0.75, 0.25])
DATA = TrainingData.checked(normal(800, 3))


class Known:
    """The ratio of the mixture over its good part."""

    def log_ratio(self, x: Tensor) -> Tensor:
        good, strays = GOOD.log_prob(x), STRAYS.log_prob(x)
        return (0.75 * good.exp() + 0.25 * strays.exp()).log() - good


class Outskirts:
    """A wrong critic: it rejects what lies in the middle."""

    def log_ratio(self, x: Tensor) -> Tensor:
        return -x.double().square().sum(dim=1)


def tried(mixture: Mixture, critic: Any, data: TrainingData = DATA, seed: int = 100) -> RefinementTrial:
    return refinement_trial(mixture, critic, data, seed)


def test_what_rejects_strays_is_chosen_and_what_keeps_them_is_not() -> None:
    trial = tried(WITH_STRAYS, Known())
    assert trial.budget == 0.5
    best = next(outcome for outcome in trial.outcomes if outcome.budget == 0.5)
    assert best.gain.precision.value == pytest.approx(0.25, abs=0.1)
    assert best.gain.divergence.value > 0.05
    assert str(trial).startswith("refined: 50% of the draws are kept; on held-out data divergence -0.")
    wrong = tried(Mixture([GOOD]), Outskirts())
    assert wrong.budget == 1
    assert all(outcome.gain.divergence.value < 0 for outcome in wrong.outcomes)
    assert str(wrong).startswith("not refined: on held-out data ")


def test_a_perfect_mixture_gains_nothing_from_a_constant_ratio() -> None:
    class Constant:
        def log_ratio(self, x: Tensor) -> Tensor:
            return torch.zeros(len(x), dtype=torch.float64)

    for outcome in tried(Mixture([GOOD]), Constant()).outcomes:
        for part in (outcome.gain.divergence, outcome.gain.coverage, outcome.gain.precision):
            assert abs(part.value) < 6 * part.error


def test_few_data_tell_nothing() -> None:
    trial = tried(WITH_STRAYS, Known(), TrainingData.checked(normal(150, 4)))
    assert trial == RefinementTrial((), 1.0)
    assert str(trial) == "not refined: there are too few data to tell whether that helps"


def test_a_gain_with_itself_is_nothing() -> None:
    once = judged(normal(300, 5), normal(300, 6), 0)
    same = gain([once], [once])
    assert (same.coverage.value, same.precision.value) == (0.0, 0.0)
    assert same.divergence.value == pytest.approx(0.0, abs=1e-12)
    assert float(once.covered.mean()) == pytest.approx(0.969, abs=0.08)


def test_a_harm_forbids_a_gain() -> None:
    found = tried(WITH_STRAYS, Known()).outcomes[0].gain
    assert Outcome(0.5, found, "").helps
    assert not Outcome(0.5, found, "coverage").helps


def test_a_model_tries_once_and_keeps_what_it_found(tmp_path: Path) -> None:
    data = torch.cat([normal(600, 7, -3.0), normal(600, 8, 3.0)])  # one Gaussian puts a third of its samples between
    model = AdaGAN(Gaussian, 1, critic=KernelCritic, seed=100, folder=tmp_path / "run").fit(data)
    refined = model.refined(pilot=2_000)
    assert isinstance(refined, Refined)
    assert model.refinement_.budget == refined.refinement.budget < 1  # type: ignore[attr-defined]
    before, between = model.sample(2_000, seed=1), refined.sample(2_000, seed=1)
    assert (between.sum(dim=1).abs() < 2).double().mean() < (before.sum(dim=1).abs() < 2).double().mean() - 0.1
    trial = model.refinement_
    model.refined(pilot=2_000)
    assert model.refinement_ is trial
    with pytest.raises(ValueError, match="budget: a model that was loaded has no data"):
        AdaGAN.load(tmp_path / "run").refined()
    assert isinstance(model.critic_, CrossFitted)
    parts = [model.critic_.component_log_ratios_of_fold(index, data) for index in range(model.critic_.folds)]
    assert torch.allclose(torch.stack(parts).mean(dim=0), model.critic_.component_log_ratios(data))
    fold = model.critic_.fold_.long()
    assert torch.allclose(torch.stack(parts)[fold, torch.arange(len(data))], model.critic_.component_log_ratios_)
