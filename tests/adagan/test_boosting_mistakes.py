"""Mistakes and failing components: what is said, and what is left of the run."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clusters import DATA, Nearest, assert_same_mixture, model, seeded, three_rounds
from torch import Tensor

from adagan import AdaGAN
from adagan.components import Critic, Gaussian, TrainingDiverged
from adagan.mixtures import LineSearch, Star

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")


@pytest.fixture(scope="module")
def fitted() -> AdaGAN:
    return three_rounds()


def nan_at(row: int) -> Tensor:
    data = DATA.clone()
    data[row, 1] = float("nan")
    return data


MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "rounds": (lambda: model(rounds=0), ValueError, "rounds: expected a whole number of 1 or more, or 'auto', got 0"),
    "negative rounds": (
        lambda: model(rounds=-2),
        ValueError,
        "rounds: expected a whole number of 1 or more, or 'auto', got -2",
    ),
    "rounds as text": (lambda: model(rounds="many"), ValueError, "rounds: .* 'auto', got 'many'"),  # type: ignore[arg-type]
    "half a round": (lambda: model(rounds=1.5), ValueError, "rounds: expected a whole number.* got 1.5"),  # type: ignore[arg-type]
    "half a seed": (lambda: model(seed=1.5), TypeError, "seed: expected a whole number, got 1.5"),  # type: ignore[arg-type]
    "rule as a class": (lambda: model(rule=Star), TypeError, r"rule: expected .* such as Star\(\), got the class Star"),
    "divergence as text": (lambda: model(divergence="kl"), TypeError, "divergence: expected .* got 'kl'"),
    "stop as text": (lambda: model(stop="never"), TypeError, "stop: expected an object of a subclass of StoppingRule"),
    "step without a share": (lambda: model(target=LineSearch()), TypeError, "target: .* a subclass of Step, such as"),
    "critic as an object": (lambda: model(critic=Critic()), TypeError, "critic: expected a callable.*of class Critic"),
    "text": (lambda: model().fit([["a"]] * 50), TypeError, "data: expected an array of numbers, got list"),  # type: ignore[list-item]
    "nothing": (lambda: model().fit(None), TypeError, "data: expected an array of numbers, got NoneType"),  # type: ignore[arg-type]
    "complex": (
        lambda: model().fit(DATA.to(torch.complex64)),
        TypeError,
        "data: expected real numbers, got torch.comp",
    ),
    "seed": (lambda: model(seed=-1), ValueError, r"seed: expected 0 or more, up to 2\^63 - 1, got -1"),
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
    "negative": (
        lambda: model().fit(DATA, weights=-torch.ones(240)),
        ValueError,
        "weights must not be negative; 240 of 240",
    ),
    "zero": (lambda: model().fit(DATA, weights=torch.zeros(240)), ValueError, "weights: all 240 weights are zero"),
    "length": (
        lambda: model().fit(DATA, weights=torch.ones(7)),
        ValueError,
        r"weights: expected 240 weights.*shape \(7,\)",
    ),
    "labels": (
        lambda: model().fit(DATA, labels=torch.zeros(240)),
        TypeError,
        r"labels: Nearest learns nothing from labels.*ClassConditional\(Nearest\)",
    ),
    "label count": (lambda: model().fit(DATA, labels=[0, 1]), ValueError, r"labels: expected 240 labels.*shape \(2,\)"),
    "few rows": (lambda: model(Gaussian).fit(DATA[:19]), ValueError, "a critic of 2 folds needs 20 rows or more"),
    "boost": (lambda: model().boost(), RuntimeError, r"boost\(\) goes on from fit\(data\) or resume\(data\)"),
    "sample": (lambda: model().sample(3), RuntimeError, r"not fitted yet; call fit\(data\) first"),
    "refined": (lambda: model().refined(), RuntimeError, r"not fitted yet; call fit\(data\) first"),
    "resume": (lambda: model().resume(DATA), ValueError, "folder: expected the folder of the run to resume, got None"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name: str) -> None:
    action, kind, message = MISTAKES[name]
    with pytest.raises(kind, match=message):
        action()


def breaking_in_round(index: int, breach: type[Nearest], times: int = 2) -> Callable[[], Nearest]:
    """Good components until the round, then so many broken ones; what is never fitted does not count as a round."""
    fits: list[int] = []

    class Unreliable(breach):  # type: ignore[misc, valid-type]
        kind: type[Nearest] = Nearest

        def fit(self, data: Tensor, *, weights: Tensor | None = None) -> Nearest:
            fits.append(1)
            self.kind = breach if index <= len(fits) < index + times else Nearest
            return self.kind.fit(self, data, weights=weights)

        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return self.kind.sample(self, num_samples, generator=generator)

    return Unreliable


class WrongShape(Nearest):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator)[:, :1]


class NotFinite(Nearest):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator) * float("nan")


class Diverging(Nearest):
    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Diverging":
        raise TrainingDiverged("it diverged")


BREACHES: list[tuple[type[Nearest], str]] = [
    (
        WrongShape,
        r"UserError: component: Unreliable was fitted to events of shape \(2,\) and samples events of shape \(1,\)",
    ),
    (
        NotFinite,
        "Unreliable samples NaN or infinite values in round 2; the rounds before it, 1 of them, are kept",
    ),
    (Diverging, "TrainingDiverged: it diverged; then: TrainingDiverged: it diverged"),
]


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize(("breach", "message"), BREACHES)
def test_a_failing_round_ends_the_run_with_the_earlier_ones(
    tmp_path: Path, fitted: AdaGAN, folder: bool, breach: type[Nearest], message: str
) -> None:
    boosted = model(breaking_in_round(2, breach), folder=tmp_path / "run" if folder else None)
    with pytest.warns(UserWarning, match="round 2: the newcomer failed twice.*what was there before is kept"):
        boosted.fit(DATA)
    assert boosted.stopped_.startswith("round 2: the newcomer failed twice: ")
    assert re.search(message, boosted.stopped_)
    assert len(boosted.rounds_) == len(boosted.data_weights_) == 1
    assert torch.equal(boosted.sample(50, seeded(0)), fitted.mixture_[:1].sample(50, seeded(0)))
    if folder:
        saved = json.loads((tmp_path / "run" / "run.json").read_text())
        assert (len(saved["rounds"]), saved["kept"], saved["stopped"]) == (1, 1, boosted.stopped_)
        # with a component that works the run goes on as if nothing had happened
        resumed = model(folder=tmp_path / "run")
        (tmp_path / "run" / "mixture.json").write_text(
            (tmp_path / "run" / "mixture.json").read_text().replace("Unreliable", "Nearest")
        )
        assert_same_mixture(resumed.resume(DATA).mixture_, fitted.mixture_)


@pytest.mark.parametrize("breach", [WrongShape, NotFinite, Diverging])
def test_a_newcomer_that_fails_once_is_trained_again_and_the_record_says_so(breach: type[Nearest]) -> None:
    boosted = model(breaking_in_round(2, breach, times=1)).fit(DATA)
    assert (len(boosted.rounds_), boosted.stopped_) == (3, "")
    assert boosted.rounds_[1].notes[0].startswith("the newcomer failed and was trained again with another seed: ")
    assert not any("failed" in note for record in boosted.rounds_[::2] for note in record.notes)


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
        def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Stateless":
            raise AssertionError("never trained")

        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return torch.zeros(num_samples, 2)

    for kind in (Foreign, Stateless):
        with pytest.raises(TypeError, match=f"{kind.__name__} cannot be stored: it needs state_dict"):
            model(kind, folder=tmp_path / "run").fit(DATA)
    assert list(tmp_path.iterdir()) == []
