"""The run folder: what is in it, and what happens when it is damaged, foreign or from the future."""

import json
import pickle
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from adagan import AdaGAN, Critic, Mixture
from adagan.components import Gaussian
from adagan.data.training_data import TrainingData, fingerprint
from adagan.run_folder import PREVIEW_ROWS, RunFolder

DATA = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
CRITIC = partial(Critic, width=8, max_steps=5, batch_size=64)


class Own(Gaussian):
    """A user's class: not among the package's own names."""


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def model(folder: Path, component: Callable[[], Gaussian] = Gaussian, rounds: int = 2) -> AdaGAN:
    return AdaGAN(component, rounds, critic=CRITIC, coarse_critic=partial(CRITIC, noise=0.1), folder=folder)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AdaGAN]:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, model(folder).fit(DATA)


@pytest.fixture
def run(original: tuple[Path, AdaGAN], tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(original[0], tmp_path / "run"))


def test_what_a_run_holds(original: tuple[Path, AdaGAN]) -> None:
    folder, _ = original
    rounds = {f"round-{index:03d}-{kind}.safetensors" for index in (1, 2) for kind in ("weights", "critic")}
    components = {f"component-{index:03d}.safetensors" for index in (0, 1)}
    expected = {"run.json", "mixture.json", "preview.safetensors"} | rounds | components
    assert {path.name for path in folder.iterdir()} == expected
    content = json.loads((folder / "run.json").read_text())
    assert content["format_version"] == 2
    assert (content["num_points"], content["event_shape"], content["seed"]) == (200, [2], 0)


def test_everything_comes_back_by_value(original: tuple[Path, AdaGAN]) -> None:
    folder, fitted = original
    run = RunFolder(folder)
    assert run.rounds() == fitted.rounds_
    for mine, theirs in zip(run.data_weights(), fitted.data_weights_, strict=True):
        assert torch.equal(mine.values, theirs.values)
        assert (mine.beta, mine.level) == (theirs.beta, theirs.level)
    assert torch.equal(run.critic().log_ratio(DATA), fitted.critic_.log_ratio(DATA))
    assert torch.equal(run.mixture().history, fitted.mixture_.history)
    assert not run.critic().training


def test_a_run_is_a_saved_mixture(original: tuple[Path, AdaGAN]) -> None:
    folder, fitted = original
    loaded = Mixture.load(folder)
    assert torch.equal(loaded.sample(30, seeded(1)), fitted.mixture_.sample(30, seeded(1)))
    assert torch.equal(loaded[:1].sample(30, seeded(1)), fitted.mixture_[:1].sample(30, seeded(1)))


def test_the_preview_is_spread_over_the_data(tmp_path: Path) -> None:
    data = torch.arange(5_000.0)[:, None]
    RunFolder(tmp_path / "run").create(TrainingData.checked(data), 0)
    values, rows = RunFolder(tmp_path / "run").preview()
    assert len(values) == PREVIEW_ROWS
    assert torch.equal(values, data[rows])
    assert (int(rows[0]), int(rows[-1])) == (0, 4_999)
    assert int(rows.diff().max()) <= 3


def test_the_previews_ratios_are_those_of_the_points(original: tuple[Path, AdaGAN]) -> None:
    run, fitted = RunFolder(original[0]), original[1]
    ratios, weights = run.preview_log_ratios()
    assert torch.equal(ratios, fitted.critic_.component_log_ratios_[run.preview()[1]])
    assert torch.equal(weights, torch.full((200,), 1 / 200, dtype=torch.float64))


def test_no_pickle_is_written(original: tuple[Path, AdaGAN]) -> None:
    for path in original[0].iterdir():
        if path.suffix == ".json":
            assert isinstance(json.loads(path.read_text()), dict)
        else:
            assert len(load_file(path)) > 0


def edit(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content.update(changes)
    path.write_text(json.dumps(content), encoding="utf-8")


def without(path: Path, name: str) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    del content[name]
    path.write_text(json.dumps(content), encoding="utf-8")


def cut(path: Path, share: float = 0.5) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


class Planted:
    """Opening its pickle would leave a file behind."""

    target = ""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path(Planted.target),))  # type: ignore[return-value]


def plant(path: Path) -> None:
    Planted.target = str(path.parent / "executed")
    path.write_bytes(pickle.dumps(Planted()))


def foreign(run: Path) -> None:
    text = (run / "mixture.json").read_text()
    (run / "mixture.json").write_text(text.replace('"Gaussian"', '"os.system"'))


def without_field(run: Path) -> None:
    content = json.loads((run / "run.json").read_text())
    del content["rounds"][0]["beta"]
    (run / "run.json").write_text(json.dumps(content))


DAMAGES: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "newer run": (lambda run: edit(run / "run.json", format_version=99), ValueError, "version 99.*upgrade adagan"),
    "newer mixture": (lambda run: edit(run / "mixture.json", format_version=2), ValueError, "version 2.*upgrade"),
    "older run": (lambda run: edit(run / "run.json", format_version=1), ValueError, "version 1, whose records lack"),
    "corrupted run": (lambda run: cut(run / "run.json"), ValueError, r"run\.json is corrupted or truncated"),
    "corrupted mixture": (lambda run: cut(run / "mixture.json"), ValueError, r"mixture\.json is corrupted or"),
    "not adagan's": (lambda run: (run / "run.json").write_text("[]"), ValueError, "not a file of adagan"),
    "no data": (lambda run: without(run / "run.json", "data"), ValueError, r"run\.json is damaged: it lacks data"),
    "no rounds": (lambda run: without(run / "run.json", "rounds"), ValueError, "damaged: it lacks rounds"),
    "no field": (without_field, ValueError, "a round's record lacks or exceeds fields"),
    "no critic": (lambda run: without(run / "run.json", "critic"), ValueError, "it says nothing of a critic"),
    "truncated component": (
        lambda run: cut(run / "component-001.safetensors"),
        ValueError,
        r"component-001\.safetensors is corrupted, truncated, or not a safetensors file",
    ),
    "truncated critic": (lambda run: cut(run / "round-002-critic.safetensors"), ValueError, "is corrupted, truncated"),
    "swapped critic": (
        lambda run: shutil.copy(run / "component-000.safetensors", run / "round-002-critic.safetensors"),
        ValueError,
        r"round-002-critic\.safetensors does not fit run\.json",
    ),
    "truncated weights": (lambda run: cut(run / "round-001-weights.safetensors"), ValueError, "corrupted, truncated"),
    "missing component": (
        lambda run: (run / "component-000.safetensors").unlink(),
        FileNotFoundError,
        r"component-000\.safetensors is missing; restore it from a copy",
    ),
    "missing critic": (
        lambda run: (run / "round-002-critic.safetensors").unlink(),
        FileNotFoundError,
        r"round-002-critic\.safetensors is missing",
    ),
    "missing mixture": (lambda run: (run / "mixture.json").unlink(), FileNotFoundError, r"no mixture\.json in it"),
    "missing run": (lambda run: (run / "run.json").unlink(), FileNotFoundError, r"holds no run: there is no run\.json"),
    "pickled component": (lambda run: plant(run / "component-000.safetensors"), ValueError, "not a safetensors file"),
    "pickled critic": (lambda run: plant(run / "round-002-critic.safetensors"), ValueError, "not a safetensors file"),
    "pickled run": (lambda run: plant(run / "run.json"), ValueError, "corrupted or truncated"),
    "foreign class": (foreign, ValueError, r"a component of class os\.system.*not one of adagan's"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named(run: Path, name: str) -> None:
    damage, kind, message = DAMAGES[name]
    damage(run)
    with pytest.raises(kind, match=message):
        model(run, rounds=3).resume(DATA)
    assert not (run / "executed").exists()


def test_a_users_class_must_be_vouched_for(tmp_path: Path) -> None:
    fitted = model(tmp_path / "run", Own).fit(DATA)
    with pytest.raises(ValueError, match=r"a component of class Own .*if you trust it, pass its class"):
        Mixture.load(tmp_path / "run")
    with pytest.raises(ValueError, match=r"a component of class Own"):
        RunFolder(tmp_path / "run").mixture()
    loaded = RunFolder(tmp_path / "run").mixture(components=[Own])
    assert torch.equal(loaded.sample(9, seeded(0)), fitted.mixture_.sample(9, seeded(0)))


def test_a_run_without_rounds(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(TrainingData.checked(DATA), 0, {"config.yaml": "seed: 0\n"})
    assert (tmp_path / "run" / "config.yaml").read_text() == "seed: 0\n"
    assert folder.rounds() == []
    with pytest.raises(ValueError, match=r"has no complete round yet; adagan resume .* runs the first"):
        folder.mixture()
    folder.discard(["config.yaml"])
    assert not (tmp_path / "run").exists()


def test_discarding_spares_what_others_put_there(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(TrainingData.checked(DATA), 0, {"config.yaml": "seed: 0\n"})
    (folder.path / "thesis.tex").write_text("mine")
    (folder.path / "component-mine.safetensors").mkdir()
    folder.discard(["config.yaml"])
    assert {path.name for path in folder.path.iterdir()} == {"thesis.tex", "component-mine.safetensors"}


def test_discarding_spares_rounds(run: Path) -> None:
    before = sorted(path.name for path in run.iterdir())
    RunFolder(run).discard()
    assert sorted(path.name for path in run.iterdir()) == before


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64])
def test_fingerprints_tell_values_shapes_and_types_apart(dtype: torch.dtype) -> None:
    values = torch.arange(6).to(dtype)
    changed = values.clone()
    changed[3] += 1
    prints = {fingerprint(values), fingerprint(changed), fingerprint(values.reshape(2, 3)), fingerprint(values.flip(0))}
    assert len(prints) == 4
    assert fingerprint(values.reshape(3, 2).T) == fingerprint(values.reshape(3, 2).T.contiguous())
    assert fingerprint(values) != fingerprint(values.to(torch.complex64))
