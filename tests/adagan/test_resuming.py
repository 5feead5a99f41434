"""Interruption and resuming: the result is the same, bit for bit."""

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

import pytest
import torch
from clusters import DATA, Nearest, assert_same_mixture, model, seeded, three_rounds
from torch import Tensor, nn

from adagan import GAN, AdaGAN, Critic
from adagan.components import Gaussian, ScikitLearn

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")


@pytest.fixture(scope="module")
def fitted() -> AdaGAN:
    return three_rounds()


class Killed(BaseException):
    """Stands for a kill: nothing but the test may catch it."""


def killed_in_round(index: int, make: Callable[[], Any], error: BaseException) -> Callable[[], Any]:
    """A factory whose component dies at the fit of a round; asking it for objects alone does no harm."""
    fits: list[int] = []
    kind = type(make())

    def fit(self: Any, data: Tensor, *, weights: Tensor | None = None) -> Any:
        fits.append(1)
        if len(fits) == index:
            raise error
        return kind.fit(self, data, weights=weights)

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
    volatile = ("seconds", "cpu_seconds", "training_cpu_seconds")
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

    def dying(source: Any, target: Any, **folders: int) -> None:
        replaced.append(Path(target).name)
        if len(replaced) == stop:
            raise Killed
        replace(source, target, **folders)

    # two files to an empty run, and five to a round: component, weights, critic, mixture.json, run.json; two kills one
    # after the other, at the first, a middle and the last file; `python -m tests.kill_table` kills at any moment
    for stop in (8, 10, 12):
        folder = tmp_path / f"run{stop}"
        monkeypatch.setattr(os, "replace", dying)
        replaced.clear()
        with pytest.raises(Killed):
            model(folder=folder).fit(DATA)
        assert replaced[:7][-1] == "run.json"
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
    model(rounds=1, folder=folder).fit(DATA, weights=weights)
    other = DATA.clone()
    other[0, 0] += 1e-6
    for data in (other, DATA[:-1], DATA.double(), DATA.flip(0)):
        with pytest.raises(ValueError, match=r"data: the run in .* began with other data; resume it with the same"):
            model(folder=folder).resume(data)
    weights[3] = 2
    with pytest.raises(ValueError, match=r"weights: the run in .* began with other weights"):
        model(folder=folder).resume(DATA, weights=weights)
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


KILLED = """
import sys
from functools import partial
import torch
torch.set_num_threads(1)
from adagan import GAN, AdaGAN, Critic
generator = torch.Generator().manual_seed(0)
data = torch.randn(240, 2, generator=generator)
critic = partial(Critic, width=8, max_steps=10, batch_size=64)
make = partial(GAN, latent_dim=2, width=8, max_steps=int(sys.argv[2]), batch_size=32)
AdaGAN(make, 3, critic=critic, coarse_critic=partial(critic, noise=0.1), folder=sys.argv[1]).fit(data)
"""


@pytest.mark.slow
def test_a_real_kill_in_the_middle_of_a_round(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "run"), "150"], cwd=tmp_path)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "round-001-critic.safetensors").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = len(json.loads((tmp_path / "run" / "run.json").read_text())["rounds"])
    assert done < 3
    data = torch.randn(240, 2, generator=seeded(0))
    critic = partial(Critic, width=8, max_steps=10, batch_size=64)
    make = partial(GAN, latent_dim=2, width=8, max_steps=150, batch_size=32)
    options: dict[str, Any] = {"critic": critic, "coarse_critic": partial(critic, noise=0.1)}
    resumed = AdaGAN(make, 3, folder=tmp_path / "run", **options).resume(data)
    threads = torch.get_num_threads()
    assert_same_mixture(resumed.mixture_, AdaGAN(make, 3, **options).fit(data).mixture_)
    assert torch.get_num_threads() == threads


def test_what_would_fail_when_the_round_is_written_is_heard_of_before_it_is_trained(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    model(rounds=1, folder=folder).fit(DATA)

    class Unstorable:
        def fit(self, data: Tensor) -> None:
            raise AssertionError("it is trained")

        def sample(self, num_samples: int) -> Tensor:
            raise AssertionError("it samples")

    with pytest.raises(TypeError, match="Unstorable cannot be stored"):
        AdaGAN(Unstorable, rounds=2, folder=folder, seed=model().seed).resume(DATA)
    (folder / "preview.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"preview\.safetensors is missing"):
        model(rounds=2, folder=folder).resume(DATA)


def auto(make: Callable[[], Any] = Nearest, **options: Any) -> AdaGAN:
    return AdaGAN(make, critic=partial(Critic, width=8, max_steps=50, batch_size=64), newcomer=make, seed=5, **options)


@pytest.mark.slow
def test_killed_and_resumed_is_uninterrupted_where_the_data_decide_on_the_rounds(tmp_path: Path) -> None:
    whole = auto().fit(DATA)
    assert len(whole.rounds_) > 1
    for index in (1, 2):
        folder = tmp_path / f"run{index}"
        with pytest.raises(Killed):
            auto(killed_in_round(index, Nearest, Killed()), folder=folder).fit(DATA)
        resumed = auto(folder=folder).resume(DATA)
        assert_same_mixture(resumed.mixture_, whole.mixture_)
        assert (resumed.stopped_, len(resumed.rounds_)) == (whole.stopped_, len(whole.rounds_))


@pytest.mark.parametrize("options", [{}, {"budget": 1e4}], ids=["auto", "budget"])
def test_a_run_killed_before_its_end_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("adagan.run_folder.RunFolder.finish", killed)
        with pytest.raises(Killed):
            auto(folder=folder, **options).fit(DATA)
    content = json.loads((folder / "run.json").read_text())
    assert "kept" not in content
    resumed = auto(folder=folder, **options).resume(DATA)
    finished = json.loads((folder / "run.json").read_text())
    assert finished["rounds"] == content["rounds"]
    assert (finished["kept"], finished["stopped"]) == (len(resumed.mixture_), resumed.stopped_)
    assert resumed.stopped_ != ""
