"""The command line: help, the verbs on tiny settings, and whose fault a failure is."""

import json
import os
import resource
import shutil
import subprocess
import sys
import traceback
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_runs import CRITIC, GAN, fit, points, same_mixture, sampled, two_rounds

from adagan import Mixture, __version__
from adagan.command_line import VERBS, main

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two rounds."""
    return two_rounds(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


def test_help_lists_the_verbs(capsys: Captured) -> None:
    for words in (["--help"], ["-h"], ["help"]):
        assert main(words) == 0
        printed = capsys.readouterr()
        assert all(f"  {verb} " in printed.out for verb in VERBS)
        assert printed.err == ""
    assert main([]) == 2
    assert "usage: adagan" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"adagan {__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: Captured) -> None:
    assert main([verb, "--help"]) == 0
    printed = capsys.readouterr().out
    assert f"adagan {verb}" in printed
    assert "--" in printed


@pytest.mark.slow
def test_help_costs_little_and_imports_nothing_heavy() -> None:
    def cpu_seconds(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd="/")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = min(cpu_seconds("-c", "pass") for _ in range(3))
    for words in (["--help"], ["fit", "--help"]):
        assert min(cpu_seconds("-m", "adagan", *words) for _ in range(3)) - bare < 0.3
    # in one process: heavy imports would stay for the verbs after
    code = """
import sys
from adagan.command_line import main
for verb in ("", "resume", "sample", "report", "missing", "fit", "study", "study components"):
    assert main([*verb.split(), "--help"]) == 0
    assert "torch" not in sys.modules, verb
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, cwd="/", text=True)
    assert done.returncode == 0, done.stderr


# --- the verbs


def test_fit_says_what_it_wrote(tmp_path: Path, capsys: Captured) -> None:
    assert main(fit(points(tmp_path), tmp_path / "run")) == 0
    assert str(tmp_path / "run") in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"data.npy", "run"}
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["rounds"]) == 2
    assert not list((tmp_path / "run").glob(".*"))


def test_resume_adds_rounds_and_equals_a_longer_fit(run: Path, tmp_path: Path) -> None:
    data = points(tmp_path)
    assert main(["resume", str(run), "--rounds", "3", "--data", data]) == 0
    assert main(fit(data, tmp_path / "longer", "--rounds", "3")) == 0
    assert same_mixture(run, tmp_path / "longer")


def test_the_data_are_looked_at_once_and_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    # beside training, what is read back of a folder, such as the preview, is looked at by itself
    training = ("/components/critics/", "/components/generators/", "/adagan/run_checks.py")

    def count(module: str, name: str) -> None:
        original = getattr(import_module(module), name)

        def counting(values: Any, *rest: Any, **options: Any) -> Any:
            inside = any(room in frame.filename for frame in traceback.extract_stack() for room in training)
            if getattr(values, "shape", None) == (211, 2) and not inside:
                looked.append(name)
            return original(values, *rest, **options)

        monkeypatch.setattr(f"{module}.{name}", counting)

    count("adagan.data.training_data", "fingerprint")
    count("torch", "isfinite")
    assert main(fit(points(tmp_path, 211), tmp_path / "run", "--rounds", "1")) == 0
    assert sorted(looked) == ["fingerprint", "isfinite"]


def test_a_configuration_reproduces_the_run(run: Path, tmp_path: Path) -> None:
    config = str(run / "config.yaml")
    assert main(["fit", "--config", config, "--out", str(tmp_path / "again")]) == 0
    assert same_mixture(run, tmp_path / "again")
    assert main(["fit", "--config", config, "--out", str(tmp_path / "other"), "--seed", "1"]) == 0
    first, second = (json.loads((path / "run.json").read_text()) for path in (run, tmp_path / "other"))
    assert first["rounds"][0]["divergence"] != second["rounds"][0]["divergence"]


@pytest.mark.parametrize(
    "component",
    [
        ["gan", *GAN],
        ["gan", *GAN, "--objective", "least-squares"],
        ["gaussian-mixture:2"],
        ["gaussian-mixture"],
        ["kernel-density:0.2"],
    ],
    ids=lambda words: "-".join(words[:1] + words[-1:]),
)
def test_every_component_is_fitted_resumed_and_sampled(tmp_path: Path, component: list[str]) -> None:
    data = points(tmp_path)
    command = ["fit", data, "--rounds", "1", *CRITIC, "--component", *component]
    assert main([*command, "--out", str(tmp_path / "run")]) == 0
    assert main(["resume", str(tmp_path / "run"), "--rounds", "2"]) == 0
    assert main([*command, "--rounds", "2", "--out", str(tmp_path / "whole")]) == 0
    for name in ("run", "whole"):
        assert main(["sample", str(tmp_path / name), "-n", "20"]) == 0
    assert np.array_equal(np.load(tmp_path / "run" / "samples.npy"), np.load(tmp_path / "whole" / "samples.npy"))


def test_rules_targets_steps_and_divergences(tmp_path: Path) -> None:
    choices = ["--rule", "top-k:0.5", "--target", "constant:0.3", "--step", "line-search", "--divergence", "alpha:0.5"]
    choices += ["--resolution", "0.1"]  # counts in cells would tie at the edge of the share
    assert main(fit(points(tmp_path), tmp_path / "run", *choices)) == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())["rounds"][1]
    assert record["beta"] == 0.3
    assert record["kept_share"] == pytest.approx(0.5, abs=0.01)
    assert record["divergence_name"].startswith("Alpha(")


def test_weights_and_images(tmp_path: Path) -> None:
    np.save(tmp_path / "weights.npy", np.r_[np.zeros(100), np.ones(100)])
    weights = ["--weights", str(tmp_path / "weights.npy")]
    assert main(fit(points(tmp_path), tmp_path / "run", *weights)) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["rounds"][0]["kept_share"] == 0.5
    assert main(["resume", str(tmp_path / "run"), "--rounds", "3"]) == 0
    (tmp_path / "images").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (24, 8, 8), dtype=np.uint8)
    for index, image in enumerate(noise):
        Image.fromarray(image).save(tmp_path / "images" / f"{index:02d}.png")
    assert main(fit(str(tmp_path / "images"), tmp_path / "pictures", "--rounds", "1")) == 0
    assert Mixture.load(tmp_path / "pictures").sample(2).shape == (2, 1, 8, 8)


def test_samples_by_seed_round_and_refinement(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = sampled(run, tmp_path / "a.npy")
    assert plain.shape == (50, 2)
    assert plain.dtype == np.float32
    expected = Mixture.load(run).sample(50, torch.Generator().manual_seed(0)).numpy()
    assert np.array_equal(plain, expected)
    assert np.array_equal(plain, sampled(run, tmp_path / "b.npy", "--seed", "0"))
    assert not np.array_equal(plain, sampled(run, tmp_path / "c.npy", "--seed", "1"))
    first = Mixture.load(run)[:1].sample(50, torch.Generator().manual_seed(0)).numpy()
    assert np.array_equal(first, sampled(run, tmp_path / "d.npy", "--round", "1"))
    assert np.allclose(sampled(run, tmp_path / "e.csv"), plain, atol=1e-6)
    refined = [sampled(run, tmp_path / f"{name}.npy", "--refine", "0.5") for name in "fg"]
    assert np.array_equal(*refined)
    assert not np.array_equal(refined[0], plain)
    assert refined[0].shape == (50, 2)
    balanced = [sampled(run, tmp_path / f"{name}.npy", "--refine", "0.5", "--balanced") for name in "hi"]
    assert np.array_equal(*balanced)
    assert not np.array_equal(balanced[0], refined[0])
    # two hundred points are too few to tell
    capsys.readouterr()
    assert np.array_equal(sampled(run, tmp_path / "j.npy", "--refine", "auto"), plain)
    assert "not refined: there are too few data to tell" in capsys.readouterr().out


def test_samples_are_streamed_in_blocks(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adagan.mixtures.sampling.streaming.block_size", lambda block: 20)
    for name in ("a.npy", "a.csv"):
        assert sampled(run, tmp_path / name).shape == (50, 2)
    assert np.allclose(np.load(tmp_path / "a.npy"), np.loadtxt(tmp_path / "a.csv", delimiter=","), atol=1e-6)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "a.npy", "a.csv"}


def test_shards_together_are_one_draw(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adagan.mixtures.sampling.streaming.block_size", lambda block: 20)
    whole = sampled(run, tmp_path / "whole.npy")
    parts = [sampled(run, tmp_path / f"{index}.npy", "--shard", f"{index}/3") for index in (3, 1, 2)]
    assert np.array_equal(np.concatenate([parts[1], parts[2], parts[0]]), whole)
    assert main(["sample", str(run), "-n", "9", "--shard", "2/3"]) == 0
    assert np.load(run / "samples-2-of-3.npy").shape == (3, 2)


def test_samples_are_not_overwritten_unasked(run: Path, capsys: Captured) -> None:
    command = ["sample", str(run), "-n", "5"]
    assert main(command) == 0
    assert main(command) == 2
    assert "pass --overwrite" in capsys.readouterr().err
    assert main([*command, "--overwrite", "-n", "6"]) == 0
    assert len(np.load(run / "samples.npy")) == 6


def test_a_broken_draw_leaves_no_file(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savetxt", full)
    assert main(["sample", str(run), "--out", str(tmp_path / "a.csv")]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


@pytest.mark.slow
def test_report(run: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["report", str(run), "--num-samples", "50"]) == 0
    assert "<html" in (run / "report.html").read_text()
    assert main(["report", str(run), "--num-samples", "50", "--out", str(tmp_path / "page.html")]) == 0
    assert str(tmp_path / "page.html") in capsys.readouterr().out


def test_a_reader_that_goes_away_is_no_complaint(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "adagan", "--help"]
    done = subprocess.run(command, check=False, stdout=writer, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.slow
def test_the_console_script(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adagan", "fit", "nowhere.csv", "--out", "run"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env={**os.environ})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("adagan: nowhere.csv: no such file or folder")
    assert done.stderr.count("\n") == 1


def test_the_callers_warnings_stay_as_they_were(run: Path) -> None:
    show = warnings.showwarning
    assert main(["sample", str(run), "-n", "5"]) == 0
    assert warnings.showwarning is show
