"""What the command line leaves to the user: when to stop, classes, components of their own, and what is missing."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from small_runs import fit, points, sampled

from adagan import Mixture
from adagan.command_line import main
from adagan.data.built_in import known_modes


def test_rounds_until_nothing_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(fit(points(tmp_path), tmp_path / "run", "--rounds", "auto")) == 0
    said = capsys.readouterr().out
    content = json.loads((tmp_path / "run" / "run.json").read_text())
    # one Gaussian fits the data: whatever the critic says, no round after it makes the mixture clearly better
    assert f"Stopped after {len(content['rounds'])} of 10 rounds: {content['stopped']}." in said
    assert len(Mixture.load(tmp_path / "run")) == content["kept"] == 1
    assert main(["resume", str(tmp_path / "run")]) == 0
    assert content["stopped"] in capsys.readouterr().out
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["rounds"]) == len(content["rounds"])


def test_labels_and_samples_of_one_class(tmp_path: Path) -> None:
    data = np.load(points(tmp_path)) + np.repeat([[0], [9]], 100, axis=0)
    np.save(tmp_path / "data.npy", data.astype(np.float32))
    np.save(tmp_path / "labels.npy", np.repeat([0, 1], 100))
    labels = ["--labels", str(tmp_path / "labels.npy")]
    assert main(fit(str(tmp_path / "data.npy"), tmp_path / "run", "--rounds", "1", *labels)) == 0
    first, second = (sampled(tmp_path / "run", tmp_path / f"{k}.npy", "--condition", str(k)) for k in (0, 1))
    assert first.shape == second.shape == (50, 2)
    # the classes are nine standard deviations apart
    assert first.max() < 4.5 < second.min()
    assert main(["resume", str(tmp_path / "run"), "--rounds", "2"]) == 0
    assert main(["sample", str(tmp_path / "run"), "--condition", "2"]) == 2


OWN = """
import torch


class Everywhere(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("highest", torch.zeros(2))

    def fit(self, data, weights=None):
        self.highest = data.amax(dim=0)
        return self

    def sample(self, num_samples, *, generator=None):
        return self.highest * torch.rand(num_samples, 2, generator=generator)


def make():
    return Everywhere()
"""


@pytest.mark.parametrize("name", ["Everywhere", "make"])
def test_components_of_ones_own(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = f"own_{name.lower()}"
    (tmp_path / f"{module}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path, own = list(sys.path), f"{module}:{name}"
    assert main(fit(points(tmp_path), tmp_path / "run", "--component", own, "--rounds", "1")) == 0
    capsys.readouterr()
    for words in (["sample", "run"], ["report", "run"], ["resume", "run", "--rounds", "2"], ["missing", "run"]):
        # a folder alone executes nothing: the user vouches for the code every time
        assert main(words) == 2
        assert f"if you trust it, pass --component {own}" in capsys.readouterr().err
    assert main(["resume", "run", "--rounds", "2", "--component", own]) == 0
    assert sampled(tmp_path / "run", tmp_path / "a.npy", "--component", own).shape == (50, 2)
    assert sys.path == path


FAULTY = """
class Faulty:
    def fit(self, data, *, weights=None, labels=None):
        return helper(data)

    def sample(self, num_samples, *, generator=None): ...

    def state_dict(self): ...

    def load_state_dict(self, state): ...


def helper(data):
    return data @ data
"""


def test_an_exception_in_ones_own_code_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own_faulty.py").write_text(FAULTY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data = points(tmp_path)
    assert main(fit(data, tmp_path / "run", "--component", "own_faulty:Faulty")) == 2
    (log,) = tmp_path.glob("adagan-*.log")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("adagan: --component: RuntimeError: ")
    assert line.endswith(f"raised in own_faulty.py, line 14, in helper; the traceback is in {log}")
    assert "data @ data" in log.read_text()
    assert not (tmp_path / "run").exists()


def test_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = np.load(points(tmp_path)).astype(np.float32)
    np.save(tmp_path / "data.npy", data)
    steps = ["--critic.max-steps", "100", "--rounds", "1"]
    assert main(fit(str(tmp_path / "data.npy"), tmp_path / "run", *steps)) == 0
    capsys.readouterr()
    assert main(["missing", str(tmp_path / "run")]) == 0
    assert "missing" in capsys.readouterr().out
    np.save(tmp_path / "other.npy", np.concatenate([data, data[:100] + 12]))
    before = (tmp_path / "run" / "run.json").read_bytes()
    assert main(["missing", str(tmp_path / "run"), str(tmp_path / "other.npy")]) == 0
    total, largest, *_ = capsys.readouterr().out.splitlines()
    # a third of the other points lies where the mixture makes nothing
    assert 28 < float(total.removeprefix("At least ").split("%")[0]) < 38
    place = [float(value) for value in largest.split("(")[1].split(")")[0].split(",")]
    assert place == pytest.approx([12, 12], abs=1)
    assert (tmp_path / "run" / "run.json").read_bytes() == before


def test_what_anybodys_samples_miss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ring = known_modes("unbalanced-ring")
    data, samples = ring.draw(4_000, 0), ring.draw(10_000, 1)
    np.save(tmp_path / "data.npy", data.numpy())
    np.save(tmp_path / "samples.npy", samples[samples[:, 0] > -2].numpy())
    said = str(tmp_path / "said.json")
    words = ["missing", str(tmp_path / "data.npy"), "--samples", str(tmp_path / "samples.npy")]
    assert main([*words, "--json", said]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("At least 2")
    assert printed[0].endswith("in 1 region:")
    assert "around (-2.5" in printed[1]
    found = json.loads(Path(said).read_text(encoding="utf-8"))
    assert found["verdict"] == "missing"
    assert found["low"] < found["missing"] < found["high"]
    assert found["points"] == found["regions"][0]["rows"]
    assert (data[found["points"], 0] < -2).float().mean() > 0.95
    assert main([*words, "--json", said]) == 2
    assert "exists already" in capsys.readouterr().err


def test_nothing_missing_and_too_little_to_tell_are_said_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = known_modes("unbalanced-ring")
    for name, count in (("few", 40), ("many", 5_000)):
        for part in (0, 1):
            np.save(tmp_path / f"{name}{part}.npy", ring.draw(count, part).numpy())
        assert main(["missing", str(tmp_path / f"{name}0.npy"), "--samples", str(tmp_path / f"{name}1.npy")]) == 0
    few, many = capsys.readouterr().out.splitlines()
    assert few.startswith("Cannot tell: only a region of ")
    assert many.startswith("Nothing is missing that 5,000 samples can show")
    np.save(tmp_path / "wide.npy", np.zeros((10, 3)))
    assert main(["missing", str(tmp_path / "many0.npy"), "--samples", str(tmp_path / "wide.npy")]) == 2
    assert "--samples: expected events of shape (2,)" in capsys.readouterr().err
