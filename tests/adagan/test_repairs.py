"""Runs that repair: a first component, and others only where something is missing and only if they help."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from clusters import TINY_CRITIC, seeded
from torch import Tensor

from adagan import AdaGAN, Mixture
from adagan.components import Gaussian, Patch
from adagan.components.training_length import set_training_length, training_length

# the critics here are tiny, and say so
pytestmark = pytest.mark.filterwarnings("ignore:round")

CENTRES = torch.tensor([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
WHICH = torch.arange(1_500) % 3
DATA = CENTRES[WHICH] + 0.3 * torch.randn(1_500, 2, generator=seeded(1))
SHARP = partial(TINY_CRITIC, max_steps=150)


class Blind:
    """A Gaussian mixture of the true clusters without the last one; it trains for a number of steps that it counts."""

    lengths: ClassVar[list[int]] = []

    def __init__(self, centres: int = 2) -> None:
        self.max_steps, self.centres = 400, centres

    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> "Blind":
        Blind.lengths.append(self.max_steps)
        return self

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        which = torch.randint(self.centres, (num_samples,), generator=generator)
        return CENTRES[which] + 0.3 * torch.randn(num_samples, 2, generator=generator)


def shares(model: AdaGAN) -> list[float]:
    drawn = model.sample(6_000, seeded(2))
    return [float(((drawn - centre).norm(dim=1) < 1.5).float().mean()) for centre in CENTRES]


def test_what_is_missing_is_patched_and_then_the_run_ends() -> None:
    model = AdaGAN(Blind, critic=SHARP, seed=3).fit(DATA)
    assert [type(component) for component in model.mixture_.components] == [Blind, Patch]
    first, second = model.rounds_
    assert first.left is not None
    assert second.left is not None
    assert (first.left.verdict, second.left.verdict) == ("missing", "nothing found")
    assert first.left.low < 1 / 3 < first.left.high + 0.01
    assert second.missing_mass == first.left.value
    assert model.stopped_ == second.left.words
    assert "nothing is missing" in str(model.stopped_)
    assert shares(model) == pytest.approx([1 / 3] * 3, abs=0.06)
    # the patch learnt nothing but the missing cluster
    assert float((model.mixture_.components[1].sample(500) - CENTRES[2]).norm(dim=1).max()) < 3


def test_a_component_that_misses_nothing_stays_alone() -> None:
    model = AdaGAN(partial(Blind, 3), critic=SHARP, seed=3).fit(DATA)
    assert len(model.rounds_) == 1
    assert model.stopped_.startswith("nothing is missing that 20,000 samples can show")


def test_a_newcomer_that_does_not_help_is_not_taken() -> None:
    class Elsewhere(Gaussian):
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return super().sample(num_samples, generator=generator) + 30

    model = AdaGAN(Blind, newcomer=Elsewhere, critic=SHARP, seed=3).fit(DATA)
    assert len(model.rounds_) == 3
    assert model.rounds_[-1].weights == (1.0, 0.0, 0.0)
    assert len(model.mixture_) == 1
    assert "the last 2 newcomers were not taken" in model.stopped_


def test_rounds_are_a_limit() -> None:
    assert len(AdaGAN(Blind, 1, newcomer=Patch, critic=SHARP).fit(DATA).rounds_) == 1


def test_a_number_of_rounds_alone_trains_them_all_alike() -> None:
    model = AdaGAN(Gaussian, 3, critic=TINY_CRITIC).fit(DATA[:300])
    assert [type(component) for component in model.mixture_.components] == [Gaussian] * 3
    assert model.rounds_[-1].left is None


class Trained:
    """Somebody's model; it knows nothing of components."""

    def sample(self, n: int) -> Any:
        return (CENTRES[torch.randint(2, (n,))] + 0.3 * torch.randn(n, 2)).numpy()


@pytest.mark.parametrize("first", [Trained(), Mixture([Blind()])], ids=["anything", "a mixture"])
def test_a_model_that_is_trained_already_is_patched(first: Any) -> None:
    model = AdaGAN(Patch, first=first, critic=SHARP, seed=3).fit(DATA)
    assert len(model.mixture_) == 2
    assert shares(model) == pytest.approx([1 / 3] * 3, abs=0.06)
    drawn = model.sample(50, seeded(4))
    assert torch.equal(drawn, model.sample(50, seeded(4)))


@pytest.mark.parametrize("wrong", [Trained, 3.5])
def test_what_does_not_sample_is_no_first_component(wrong: Any) -> None:
    with pytest.raises(TypeError, match="first: expected a trained generator, an object with sample"):
        AdaGAN(Patch, first=wrong).fit(DATA)


def test_a_mixture_that_goes_first_is_stored(tmp_path: Path) -> None:
    first = Mixture([Gaussian().fit(DATA[k == WHICH]) for k in (0, 1)])
    model = AdaGAN(Patch, first=first, critic=SHARP, seed=3, folder=tmp_path / "run").fit(DATA)
    loaded = AdaGAN.load(tmp_path / "run")
    assert torch.equal(loaded.sample(50, seeded(4)), model.sample(50, seeded(4)))


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), float("inf")])
def test_no_budget_is_refused(budget: float) -> None:
    with pytest.raises(ValueError, match="budget: expected"):
        AdaGAN(Gaussian, budget=budget)


class Slow(Blind):
    """Costs a step each, by the clock of the test."""

    clock: ClassVar[list[float]] = [0.0]

    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> "Slow":
        super().fit(data)
        Slow.clock[0] += 0.01 * self.max_steps
        return self


def test_a_budget_sets_how_long_the_first_component_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.process_time", lambda: Slow.clock[0])
    Slow.lengths.clear()
    model = AdaGAN(Slow, budget=100.0, refine=False, critic=SHARP, seed=3).fit(DATA)
    *pilots, length = Slow.lengths
    # nine tenths of the budget, of which the pilots are a part, or what the checks of two rounds leave
    assert 80 < 0.01 * (length + sum(pilots)) < 90.1
    assert max(pilots) < 100
    assert len(model.mixture_) == 2


class Continuing(Slow):
    """Goes on from where it is when it is fitted again."""

    continues = True


def test_what_is_left_of_a_budget_when_nothing_is_missing_goes_into_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.process_time", lambda: Slow.clock[0])
    Slow.lengths.clear()
    model = AdaGAN(partial(Continuing, 3), budget=100.0, refine=False, critic=SHARP, seed=3).fit(DATA)
    assert [record.beta for record in model.rounds_] == [1.0, 1.0]
    *pilots, first, later = Slow.lengths
    assert 0.01 * (first + later + sum(pilots)) == pytest.approx(100, abs=0.1)
    # it is no better than it was, and so the first alone is kept
    assert len(model.mixture_) == 1
    assert model.stopped_


def test_a_length_is_a_whole_number_under_any_name() -> None:
    class InEpochs:
        length = "epochs"
        epochs = 7

    class Wrapper:
        generator = InEpochs()

    assert training_length(InEpochs()) == training_length(Wrapper()) == 7
    assert training_length(Gaussian()) is None
    wrapper = Wrapper()
    set_training_length(wrapper, 3)
    assert wrapper.generator.epochs == 3
