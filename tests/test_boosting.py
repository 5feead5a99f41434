"""The orchestrator: metamorphic tests of the rounds, resuming, what reaches the components, and every mistake."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from adagan import GAN, AdaGAN, Critic, Mixture, Refined
from adagan.components import Gaussian, ScikitLearn, TrainingDiverged
from adagan.components.progress import listening
from adagan.mixtures import (
    Constant,
    FullyCorrective,
    Harmonic,
    JensenShannon,
    LineSearch,
    Multiplicative,
    Star,
    TopK,
    TopKLast,
    Uniform,
)

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")

TINY_CRITIC = partial(Critic, width=8, max_steps=25, batch_size=64, learning_rate=5e-3)
COARSE_CRITIC = partial(TINY_CRITIC, noise=0.1)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def three_clusters(count: int = 240) -> Tensor:
    """Clusters of unequal size in the plane; one Gaussian fits them badly."""
    centres = torch.tensor([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
    mode = torch.tensor([0, 0, 0, 1, 1, 2])[torch.arange(count) % 6]
    return centres[mode] + 0.3 * torch.randn(count, 2, generator=seeded(0))


DATA = three_clusters()


class Nearest(Gaussian):
    """Sees only what lies within a distance of its heaviest point, as a generator that drops modes does.

    It remembers the weights that it was given.
    """

    def fit(self, data: Tensor, weights: Tensor | None = None) -> "Nearest":
        assert weights is not None
        self.given = weights.clone()
        centre = data[int(weights.argmax())]
        near = (data - centre).norm(dim=1) < 2
        super().fit(data, weights * near)
        return self


def model(component: Callable[[], Any] = Nearest, rounds: int = 3, **options: Any) -> AdaGAN:
    options = {"critic": TINY_CRITIC, "coarse_critic": COARSE_CRITIC, "seed": 5, **options}
    return AdaGAN(component, rounds, **options)


def states(mixture: Mixture) -> list[dict[str, Tensor]]:
    return [dict(component.state_dict()) for component in mixture.components]


def assert_same_mixture(first: Mixture, second: Mixture) -> None:
    """Bit for bit: weights after every round, the components' states, the samples."""
    assert torch.equal(first.history, second.history)
    for one, other in zip(states(first), states(second), strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(first.sample(100, seeded(0)), second.sample(100, seeded(0)))


@pytest.fixture(scope="module")
def fitted() -> AdaGAN:
    return model().fit(DATA)


@pytest.mark.slow
def test_missing_modes_are_found() -> None:
    critic = partial(Critic, width=16, max_steps=150, batch_size=128, learning_rate=5e-3)
    fitted = model(critic=critic, coarse_critic=partial(critic, noise=0.1)).fit(three_clusters(600))
    centres = torch.tensor([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
    reached = torch.cdist(torch.stack([c.mean_ for c in fitted.mixture_.components]), centres).argmin(dim=1)
    assert set(reached.tolist()) == {0, 1, 2}
    nearest = torch.cdist(fitted.sample(6000, seeded(0)), centres).argmin(dim=1)
    shares = torch.bincount(nearest, minlength=3) / 6000
    # the critic is small and 600 points are few: a bare Nearest has shares of 1, 0, 0
    assert torch.allclose(shares, torch.tensor([1 / 2, 1 / 3, 1 / 6]), atol=0.15)


def test_the_last_stage_is_the_final_one(fitted: AdaGAN) -> None:
    assert len(fitted.mixture_) == len(fitted.rounds_) == len(fitted.data_weights_) == 3
    assert_same_mixture(fitted.mixture_[:3], fitted.mixture_)
    assert [record.index for record in fitted.rounds_] == [1, 2, 3]
    for count, record in enumerate(fitted.rounds_, start=1):
        assert record.weights == pytest.approx(fitted.mixture_[:count].weights.tolist())


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_prefix_is_a_shorter_fit(fitted: AdaGAN, rounds: int) -> None:
    shorter = model(rounds=rounds).fit(DATA)
    assert_same_mixture(fitted.mixture_[:rounds], shorter.mixture_)
    assert torch.equal(fitted.data_weights_[rounds - 1].values, shorter.data_weights_[rounds - 1].values)


def test_the_same_seed_twice_and_another_seed(fitted: AdaGAN) -> None:
    again = model().fit(DATA)
    assert_same_mixture(fitted.mixture_, again.mixture_)
    assert torch.equal(fitted.critic_.log_ratio_, again.critic_.log_ratio_)
    other = model(seed=6).fit(DATA)
    assert not torch.equal(fitted.critic_.log_ratio_, other.critic_.log_ratio_)


def test_fit_forgets(fitted: AdaGAN) -> None:
    reused = model()
    assert reused.fit(DATA.flip(0)) is reused
    assert_same_mixture(reused.fit(DATA).mixture_, fitted.mixture_)
    assert len(reused.rounds_) == 3


def test_boost_after_fit_adds_a_round(fitted: AdaGAN) -> None:
    extended = model(rounds=2).fit(DATA).boost()
    assert_same_mixture(extended.mixture_, fitted.mixture_)
    assert len(extended.boost().rounds_) == 4


def test_a_gan_trains_the_same_way_twice() -> None:
    make = partial(GAN, latent_dim=2, width=8, max_steps=10, batch_size=32)
    first, second = (model(make, rounds=2).fit(DATA) for _ in range(2))
    assert_same_mixture(first.mixture_, second.mixture_)


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (DATA.numpy(), torch.float32),
        (DATA.tolist(), torch.float32),
        (DATA.double().numpy(), torch.float64),
        ((DATA * 10).round().int().numpy(), torch.float32),
    ],
    ids=["numpy", "lists", "double", "integers"],
)
def test_what_fit_accepts(given: Any, dtype: torch.dtype) -> None:
    mixture = model(rounds=1).fit(given).mixture_
    assert mixture.sample(3, seeded(0)).dtype == dtype


def test_inputs_are_not_modified() -> None:
    data, weights = DATA.clone(), torch.rand(len(DATA), generator=seeded(1))
    before = weights.clone()
    model(rounds=2).fit(data, weights)
    assert torch.equal(data, DATA)
    assert torch.equal(weights, before)


# --- what reaches the components


def test_stars_weights_go_to_the_newcomer(fitted: AdaGAN) -> None:
    uniform = torch.full((len(DATA),), 1 / len(DATA), dtype=torch.float64)
    assert torch.equal(fitted.mixture_.components[0].given, uniform)
    for index in (1, 2):
        given = fitted.mixture_.components[index].given
        assert torch.equal(given, fitted.data_weights_[index].values)
        assert float(given.sum()) == pytest.approx(1)
    # the first component sits on one cluster: nearly all of the second's weight is elsewhere
    covered = (DATA - fitted.mixture_.components[0].mean_).norm(dim=1) < 2
    assert float(fitted.data_weights_[1].values[covered].sum()) < 0.2


class FixedCritic(Critic):
    """A critic that is told its ratios, so that the weights can be computed by hand."""

    def fit(self, data: Tensor, mixture: Mixture, weights: Any = None) -> "FixedCritic":
        super().fit(data, mixture, weights)
        place = data[:, :1].double()
        self.component_log_ratios_ = torch.cat([0.1 * (k + 1) * place for k in range(len(mixture))], dim=1)
        return self


@pytest.mark.parametrize(
    ("rule", "of_last"),
    [(Star(), False), (TopK(0.4), False), (TopKLast(0.4), True), (Uniform(), False), (Multiplicative(0.9), True)],
    ids=repr,
)
def test_rules_see_the_coarse_critics_ratios_of_the_incoming_mixture(rule: Any, of_last: bool) -> None:
    coarse = partial(FixedCritic, **COARSE_CRITIC.keywords)
    boosted = model(rounds=3, rule=rule, target=Constant(0.3), step=Harmonic(), coarse_critic=coarse).fit(DATA)
    place = DATA[:, 0].double()
    ratios = torch.stack([0.1 * place, 0.2 * place], dim=1)
    log_ratio = ratios[:, 1] if of_last else torch.logsumexp(ratios + boosted.mixture_.history[1, :2].log(), dim=1)
    base = boosted.data_weights_[1].values if rule.accumulates else None
    expected = rule(log_ratio, 0.3, base).values
    assert torch.allclose(boosted.data_weights_[2].values, expected, atol=1e-12)
    assert torch.equal(boosted.mixture_.components[2].given, boosted.data_weights_[2].values)


def test_a_constant_ratio_gives_uniform_weights() -> None:
    class Blind(FixedCritic):
        def fit(self, data: Tensor, mixture: Mixture, weights: Any = None) -> "Blind":
            super().fit(data, mixture, weights)
            self.component_log_ratios_ = torch.zeros_like(self.component_log_ratios_)
            return self

    boosted = model(Gaussian, rounds=2, target=Constant(0.4), coarse_critic=partial(Blind, **COARSE_CRITIC.keywords))
    boosted.fit(DATA)
    assert torch.allclose(boosted.data_weights_[1].values, torch.full((len(DATA),), 1 / len(DATA)).double())


def test_weights_of_the_users_are_the_base() -> None:
    weights = torch.zeros(len(DATA))
    weights[:120] = torch.arange(1.0, 121.0)
    boosted = model(rounds=2).fit(DATA, weights)
    base = weights.double() / weights.double().sum()
    assert torch.allclose(boosted.mixture_.components[0].given, base)
    assert float(boosted.data_weights_[1].values[120:].sum()) == 0


def test_a_weight_of_zero_is_a_row_that_is_not_there() -> None:
    extra = torch.cat([DATA, torch.full((40, 2), 50.0)])
    weights = torch.cat([torch.ones(240), torch.zeros(40)])
    first = Gaussian().fit(DATA, torch.full((240,), 1 / 240, dtype=torch.float64))
    boosted = model(Gaussian, rounds=1).fit(extra, weights)
    assert torch.allclose(boosted.mixture_.components[0].mean_, first.mean_, atol=1e-6)
    assert torch.allclose(boosted.mixture_.components[0].factor_.abs(), first.factor_.abs(), atol=1e-5)


def test_duplicated_points_are_points_of_double_weight() -> None:
    twice = model(Gaussian, rounds=1).fit(DATA.repeat(2, 1)).mixture_.components[0]
    once = model(Gaussian, rounds=1).fit(DATA).mixture_.components[0]
    assert torch.allclose(twice.mean_, once.mean_, atol=1e-6)
    assert torch.allclose(twice.factor_ @ twice.factor_.T, once.factor_ @ once.factor_.T, atol=1e-5)


def test_permuting_the_data_permutes_the_weights() -> None:
    order = torch.randperm(len(DATA), generator=seeded(3))
    coarse = partial(FixedCritic, **COARSE_CRITIC.keywords)
    options = {"target": Constant(0.3), "coarse_critic": coarse, "rounds": 2, "step": Harmonic()}
    plain, permuted = model(**options).fit(DATA), model(**options).fit(DATA[order])
    assert torch.allclose(permuted.data_weights_[1].values, plain.data_weights_[1].values[order], atol=1e-12)


# --- steps and records


def test_harmonic_steps_end_with_equal_weights() -> None:
    boosted = model(step=Harmonic(), target=Harmonic()).fit(DATA)
    assert boosted.mixture_.weights.tolist() == pytest.approx([1 / 3] * 3)
    assert [record.beta for record in boosted.rounds_] == pytest.approx([1, 1 / 2, 1 / 3])


@pytest.mark.parametrize("step", [FullyCorrective(), LineSearch(), Constant(0.2)], ids=repr)
def test_mixture_weights_are_those_of_the_step(step: Any) -> None:
    boosted = model(rounds=2, step=step, critic=partial(FixedCritic, **TINY_CRITIC.keywords)).fit(DATA)
    place = DATA[:, 0].double()
    ratios = torch.stack([0.1 * place, 0.2 * place], dim=1)
    expected = step.weights(ratios, torch.ones(1).double())
    assert torch.allclose(boosted.mixture_.weights, expected, atol=1e-6)


def test_the_record_of_a_round(fitted: AdaGAN) -> None:
    first, second, third = fitted.rounds_
    assert (first.beta, first.missing_mass, first.gamma, first.gamma_bound) == (1.0, None, None, None)
    assert first.kept_share == 1
    assert first.effective_sample_size == pytest.approx(len(DATA))
    assert second.missing_mass == pytest.approx(1 / 2, abs=0.2)  # one cluster of three, with half of the mass
    assert second.gamma_bound == pytest.approx((1 - (1 - second.beta) ** 0.5) ** 2 / second.beta)
    assert third.divergence < first.divergence
    log_ratio = fitted.critic_.log_ratio_
    terms = JensenShannon().integrand(log_ratio)
    assert third.divergence == pytest.approx(float(terms.mean()))
    assert third.divergence_error == pytest.approx(float(terms.std(unbiased=False)) / len(DATA) ** 0.5)
    assert torch.equal(fitted.critic_.weights_, fitted.mixture_.weights)
    assert all(record.seconds > 0 for record in fitted.rounds_)


def test_refined_samples(fitted: AdaGAN) -> None:
    refined = fitted.refined(0.5)
    assert isinstance(refined, Refined)
    assert refined.sample(50, generator=seeded(0)).shape == (50, 2)
    assert refined.pilot == fitted.refined(0.5).pilot


def test_a_rejected_newcomer_is_noted() -> None:
    calls: list[int] = []

    def make() -> Gaussian:
        calls.append(1)
        return Gaussian() if len(calls) == 1 else Elsewhere()

    class Elsewhere(Gaussian):
        def fit(self, data: Tensor, weights: Tensor | None = None) -> "Elsewhere":
            super().fit(data + 500, weights)
            return self

    class Exact(FixedCritic):
        def fit(self, data: Tensor, mixture: Mixture, weights: Any = None) -> "Exact":
            super().fit(data, mixture, weights)
            self.component_log_ratios_ = torch.zeros_like(self.component_log_ratios_)
            self.component_log_ratios_[:, 1:] = -600.0
            return self

    boosted = model(make, rounds=2, critic=partial(Exact, **TINY_CRITIC.keywords))
    with pytest.warns(UserWarning, match="round 2: the newcomer was rejected.*train components longer"):
        boosted.fit(DATA)
    assert boosted.mixture_.weights.tolist() == pytest.approx([1, 0], abs=1e-6)


def test_progress_is_announced_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[tuple[str, int, int]] = []
    with listening(lambda *what: heard.append(what)):
        model(rounds=2).fit(DATA)
    assert [what for what in heard if what[0] == "round"] == [("round", 1, 2), ("round", 2, 2)]
    assert ("critic", 25, 25) in heard
    model(rounds=1, progress=True).fit(DATA)
    assert capsys.readouterr().out == ""


# --- mistakes


def nan_at(row: int) -> Tensor:
    data = DATA.clone()
    data[row, 1] = float("nan")
    return data


MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "rounds": (lambda: model(rounds=0), ValueError, "rounds: expected 1 or more, got 0"),
    "negative rounds": (lambda: model(rounds=-2), ValueError, "rounds: expected 1 or more, got -2"),
    "seed": (lambda: model(seed=-1), ValueError, "seed: expected 0 or more, got -1"),
    "instance": (
        lambda: model(Gaussian()),  # type: ignore[arg-type]
        TypeError,
        r"component: expected a callable that makes a fresh component.*object of class Gaussian; pass the class, or "
        r"functools\.partial\(Gaussian, \.\.\.\)",
    ),
    "no callable": (lambda: model("gan"), TypeError, "got an object of class str"),  # type: ignore[arg-type]
    "no component": (lambda: model(dict).fit(DATA), TypeError, "component: dict has no method fit"),
    "one dimension": (lambda: model().fit(DATA[:, 0]), ValueError, r"got \(240,\); one number per point has shape"),
    "no rows": (lambda: model().fit(DATA[:0]), ValueError, r"expected shape \(N, \*event\) with N > 0, got \(0, 2\)"),
    "nan": (lambda: model().fit(nan_at(7)), ValueError, "1 values in 1 of 240 rows are NaN or infinite.*row 7"),
    "negative": (lambda: model().fit(DATA, -torch.ones(240)), ValueError, "weights must not be negative; 240 of 240"),
    "zero": (lambda: model().fit(DATA, torch.zeros(240)), ValueError, "weights: all 240 weights are zero"),
    "length": (lambda: model().fit(DATA, torch.ones(7)), ValueError, r"weights: expected 240 weights.*shape \(7,\)"),
    "few rows": (lambda: model(Gaussian).fit(DATA[:19]), ValueError, "a critic of 2 folds needs 20 rows or more"),
    "boost": (lambda: model().boost(), RuntimeError, r"boost\(\) goes on from fit\(data\) or resume\(data\)"),
    "sample": (lambda: model().sample(3), RuntimeError, r"not fitted yet; call fit\(data\) first"),
    "refined": (lambda: model().refined(), RuntimeError, r"not fitted yet; call fit\(data\) first"),
    "resume": (lambda: model().resume(DATA), ValueError, "folder: expected the folder of the run to resume, got None"),
    "start": (lambda: model().start(DATA), ValueError, "folder: expected the folder of the run to start, got None"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name: str) -> None:
    action, kind, message = MISTAKES[name]
    with pytest.raises(kind, match=message):
        action()


def breaking_in_round(index: int, breach: type[Nearest]) -> Callable[[], Nearest]:
    """Good components until the round, a broken one then; what is never fitted does not count as a round."""
    fits: list[int] = []

    class Counted(Nearest):
        def fit(self, data: Tensor, weights: Tensor | None = None) -> Nearest:
            fits.append(1)
            return super().fit(data, weights)

    class Broken(breach):  # type: ignore[misc, valid-type]
        pass

    Counted.__name__ = Broken.__name__ = "Unreliable"
    return lambda: Broken() if len(fits) == index - 1 else Counted()


class WrongShape(Nearest):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator)[:, :1]


class NotFinite(Nearest):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator) * float("nan")


class Diverging(Nearest):
    def fit(self, data: Tensor, weights: Tensor | None = None) -> "Diverging":
        raise TrainingDiverged("it diverged")


BREACHES: list[tuple[type[Nearest], type[Exception], str]] = [
    (WrongShape, ValueError, r"Unreliable was fitted to events of shape \(2,\) and samples events of shape \(1,\)"),
    (NotFinite, TrainingDiverged, "Unreliable samples NaN or infinite values in round 2; the 1 rounds before it are"),
    (Diverging, TrainingDiverged, "it diverged"),
]


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize(("breach", "kind", "message"), BREACHES)
def test_a_failing_round_leaves_the_earlier_ones(
    tmp_path: Path, fitted: AdaGAN, folder: bool, breach: type[Nearest], kind: type[Exception], message: str
) -> None:
    boosted = model(breaking_in_round(2, breach), folder=tmp_path / "run" if folder else None)
    with pytest.raises(kind, match=message):
        boosted.fit(DATA)
    assert len(boosted.rounds_) == len(boosted.data_weights_) == 1
    assert torch.equal(boosted.sample(50, seeded(0)), fitted.mixture_[:1].sample(50, seeded(0)))
    if folder:
        saved = json.loads((tmp_path / "run" / "run.json").read_text())
        assert len(saved["rounds"]) == 1
        # with a component that works the run goes on as if nothing had happened
        resumed = model(folder=tmp_path / "run")
        (tmp_path / "run" / "mixture.json").write_text(
            (tmp_path / "run" / "mixture.json").read_text().replace("Unreliable", "Nearest")
        )
        assert_same_mixture(resumed.resume(DATA).mixture_, fitted.mixture_)


@pytest.mark.parametrize(
    ("breach", "kind", "message"),
    [(WrongShape, ValueError, "events of shape"), (Diverging, TrainingDiverged, "diverged")],
)
def test_a_failing_first_round_leaves_no_folder_behind(
    tmp_path: Path, breach: type[Nearest], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        model(breach, folder=tmp_path / "run").fit(DATA)
    assert list(tmp_path.iterdir()) == []
    model(rounds=1, folder=tmp_path / "run").fit(DATA)  # and the name is free
    assert (tmp_path / "run" / "run.json").is_file()


def test_what_cannot_be_stored_is_refused_before_training(tmp_path: Path) -> None:
    class Foreign:
        def fit(self, data: np.ndarray) -> None:
            raise AssertionError("never trained")

        def sample(self, num_samples: int) -> np.ndarray:
            return np.zeros((num_samples, 2))

    class Stateless:
        def fit(self, data: Tensor, weights: Tensor | None = None) -> "Stateless":
            raise AssertionError("never trained")

        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return torch.zeros(num_samples, 2)

    for kind in (Foreign, Stateless):
        with pytest.raises(TypeError, match=f"{kind.__name__} cannot be stored: it needs state_dict"):
            model(kind, folder=tmp_path / "run").fit(DATA)
    assert list(tmp_path.iterdir()) == []


# --- interruption and resuming


class Killed(BaseException):
    """Stands for a kill: nothing but the test may catch it."""


def killed_in_round(index: int, make: Callable[[], Any], error: BaseException) -> Callable[[], Any]:
    """A factory whose component dies at the fit of a round; asking it for objects alone does no harm."""
    fits: list[int] = []
    kind = type(make())

    def fit(self: Any, data: Tensor, weights: Tensor | None = None) -> Any:
        fits.append(1)
        if len(fits) == index:
            raise error
        return kind.fit(self, data, weights)

    return type(kind.__name__, (kind,), {"fit": fit})


@pytest.mark.parametrize("index", [1, 2, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), Killed()], ids=["ctrl-c", "kill"])
def test_killed_and_resumed_is_uninterrupted(tmp_path: Path, fitted: AdaGAN, index: int, error: BaseException) -> None:
    folder = tmp_path / "run"
    with pytest.raises(type(error)):
        model(killed_in_round(index, Nearest, error), folder=folder).fit(DATA)
    resumed = model(folder=folder).resume(DATA)
    assert_same_mixture(resumed.mixture_, fitted.mixture_)
    assert torch.equal(resumed.critic_.log_ratio(DATA), fitted.critic_.log_ratio(DATA))
    for mine, theirs in zip(resumed.data_weights_, fitted.data_weights_, strict=True):
        assert torch.equal(mine.values, theirs.values)
    volatile = ("seconds", "cpu_seconds")
    for record, other in zip(resumed.rounds_, fitted.rounds_, strict=True):
        kept, expected = record.to_json(), other.to_json()
        assert {n: v for n, v in kept.items() if n not in volatile} == {
            n: v for n, v in expected.items() if n not in volatile
        }


@pytest.mark.slow
def test_a_kill_while_a_round_is_written_leaves_the_round_before(
    tmp_path: Path, fitted: AdaGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, replaced = os.replace, []

    def dying(source: Any, target: Any) -> None:
        replaced.append(Path(target).name)
        if len(replaced) == stop:
            raise Killed
        replace(source, target)

    # five files to a round: component, weights, critic, mixture.json, run.json; two kills one after the other
    for stop in range(6, 11):
        folder = tmp_path / f"run{stop}"
        monkeypatch.setattr(os, "replace", dying)
        replaced.clear()
        with pytest.raises(Killed):
            model(folder=folder).fit(DATA)
        assert replaced[:5][-1] == "run.json"
        assert len(json.loads((folder / "run.json").read_text())["rounds"]) == 1
        stop, first = 1, stop
        replaced.clear()
        with pytest.raises(Killed):
            model(folder=folder).resume(DATA)
        stop = first
        monkeypatch.setattr(os, "replace", replace)
        assert_same_mixture(model(folder=folder).resume(DATA).mixture_, fitted.mixture_)
        assert not list(folder.glob("*.draft"))


def test_resume_adds_rounds_and_a_complete_run_stays(tmp_path: Path, fitted: AdaGAN) -> None:
    model(rounds=1, folder=tmp_path / "run").fit(DATA)
    resumed = model(rounds=3, folder=tmp_path / "run").resume(DATA)
    assert_same_mixture(resumed.mixture_, fitted.mixture_)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    again = model(rounds=3, folder=tmp_path / "run").resume(DATA)
    assert_same_mixture(again.mixture_, fitted.mixture_)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize(
    "make",
    [
        partial(GAN, latent_dim=2, width=8, max_steps=10, batch_size=32),
        lambda: GAN(generator=nn.Linear(2, 2), latent_dim=2, width=8, max_steps=10, batch_size=32),
        partial(Gaussian, regularisation=0.1),
    ],
    ids=["gan", "gan with a module", "gaussian"],
)
def test_resuming_with_other_components(tmp_path: Path, make: Callable[[], Any]) -> None:
    whole = model(make, rounds=2).fit(DATA)
    model(make, rounds=1, folder=tmp_path / "run").fit(DATA)
    assert_same_mixture(model(make, rounds=2, folder=tmp_path / "run").resume(DATA).mixture_, whole.mixture_)


def test_resuming_a_scikit_learn_estimator(tmp_path: Path) -> None:
    from sklearn.mixture import GaussianMixture

    def make() -> ScikitLearn:
        return ScikitLearn(GaussianMixture(2))

    whole = model(make, rounds=2).fit(DATA)
    model(make, rounds=1, folder=tmp_path / "run").fit(DATA)
    resumed = model(make, rounds=2, folder=tmp_path / "run").resume(DATA)
    assert torch.equal(resumed.sample(100, seeded(0)), whole.sample(100, seeded(0)))


def test_resume_refuses_other_data_weights_and_seeds(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    weights = torch.ones(240)
    model(rounds=1, folder=folder).fit(DATA, weights)
    other = DATA.clone()
    other[0, 0] += 1e-6
    for data in (other, DATA[:-1], DATA.double(), DATA.flip(0)):
        with pytest.raises(ValueError, match=r"data: the run in .* began with other data; resume it with the same"):
            model(folder=folder).resume(data)
    weights[3] = 2
    with pytest.raises(ValueError, match=r"weights: the run in .* began with other weights"):
        model(folder=folder).resume(DATA, weights)
    with pytest.raises(ValueError, match=r"seed: the run in .* began with other seed \(5, got 6\)"):
        model(folder=folder, seed=6).resume(DATA)
    assert len(model(rounds=1, folder=folder).resume(DATA).rounds_) == 1


def test_fit_refuses_a_folder_that_holds_a_run(tmp_path: Path) -> None:
    boosted = model(rounds=1, folder=tmp_path / "run").fit(DATA)
    mixture = boosted.mixture_
    with pytest.raises(FileExistsError, match=r"holds a run already; resume it \(adagan resume .*AdaGAN\.resume"):
        boosted.fit(DATA)
    assert boosted.mixture_ is mixture  # what was learnt is still there
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    with pytest.raises(FileExistsError, match="exists and is not an empty folder; choose another"):
        model(folder=tmp_path / "other").fit(DATA)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.tex"]
    with pytest.raises(FileNotFoundError, match=r"holds no run: there is no run\.json in it"):
        model(folder=tmp_path / "nothing").resume(DATA)
    with pytest.raises(RuntimeError, match="call one of them first"):
        model(folder=tmp_path / "started").start(DATA).boost()


KILLED = """
import sys
from functools import partial
import torch
torch.set_num_threads(1)
from adagan import GAN, AdaGAN, Critic
generator = torch.Generator().manual_seed(0)
data = torch.randn(240, 2, generator=generator)
critic = partial(Critic, width=8, max_steps=25, batch_size=64)
make = partial(GAN, latent_dim=2, width=8, max_steps=int(sys.argv[2]), batch_size=32)
AdaGAN(make, 3, critic=critic, coarse_critic=partial(critic, noise=0.1), folder=sys.argv[1]).fit(data)
"""


@pytest.mark.slow
def test_a_real_kill_in_the_middle_of_a_round(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "run"), "400"], cwd=tmp_path)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "round-001-critic.safetensors").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = len(json.loads((tmp_path / "run" / "run.json").read_text())["rounds"])
    assert done < 3
    data = torch.randn(240, 2, generator=seeded(0))
    critic = partial(Critic, width=8, max_steps=25, batch_size=64)
    make = partial(GAN, latent_dim=2, width=8, max_steps=400, batch_size=32)
    options: dict[str, Any] = {"critic": critic, "coarse_critic": partial(critic, noise=0.1)}
    resumed = AdaGAN(make, 3, folder=tmp_path / "run", **options).resume(data)
    threads = torch.get_num_threads()
    assert_same_mixture(resumed.mixture_, AdaGAN(make, 3, **options).fit(data).mixture_)
    assert torch.get_num_threads() == threads
