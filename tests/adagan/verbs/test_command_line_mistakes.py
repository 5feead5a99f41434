"""A mistake on the command line is one line on stderr and status two."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_runs import GAN, fit, points, two_rounds

from adagan.command_line import main


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two rounds."""
    return two_rounds(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


def newer(run: Path) -> None:
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**content, "format_version": 99}))


def truncated(run: Path) -> None:
    path = run / "component-000.safetensors"
    path.write_bytes(path.read_bytes()[:40])


def damaged(change: Callable[[Path], object], *words: str) -> Callable[[Path, Path], list[str]]:
    def command(folder: Path, run: Path) -> list[str]:
        change(run)
        return [word.replace("RUN", str(run)) for word in words]

    return command


def set_data(run: Path, line: str) -> None:
    config = run / "config.yaml"
    config.write_text(re.sub("^data: .*$", line, config.read_text(), flags=re.MULTILINE))


def fitting(*options: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, run: fit(points(folder), folder / "new", *options)


def said(*words: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, run: [word.replace("RUN", str(run)).replace("DIR", str(folder)) for word in words]


def csv(text: str) -> Callable[[Path, Path], list[str]]:
    def command(folder: Path, run: Path) -> list[str]:
        (folder / "data.csv").write_text(text)
        return fit(str(folder / "data.csv"), folder / "new")

    return command


def broken_module(folder: Path, run: Path) -> list[str]:
    (folder / "broken.py").write_text("1 / 0")
    return fit(points(folder), folder / "new", "--component", "broken:make")


def huge(folder: Path, run: Path) -> list[str]:
    np.save(folder / "huge.npy", np.full((200, 2), 1e300))
    return fit(str(folder / "huge.npy"), folder / "new")


def damaged_settings(folder: Path, run: Path) -> list[str]:
    shutil.copytree(run, folder / "damaged")
    (folder / "damaged" / "config.yaml").write_text("rounds: [")
    return ["resume", str(folder / "damaged"), "--rounds", "9"]


def labelled(labels: list[float] | list[list[int]]) -> Callable[[Path, Path], list[str]]:
    def command(folder: Path, run: Path) -> list[str]:
        np.save(folder / "labels.npy", np.array(labels))
        return fit(points(folder), folder / "new", "--labels", str(folder / "labels.npy"))

    return command


MISTAKES: dict[str, tuple[Callable[[Path, Path], list[str]], str]] = {
    "verb": (
        said("sampel"),
        "unknown verb 'sampel'; did you mean sample? (known: fit, resume, sample, report, missing, study)",
    ),
    "no data": (said("fit", "--out", "DIR/new"), "fit: expected DATA"),
    "no out": (said("fit", "ring"), "fit: expected --out RUN"),
    "missing file": (said("fit", "nowhere.npy", "--out", "DIR/new"), "nowhere.npy: no such file or folder"),
    "built-in": (said("fit", "unbalanced-rin", "--out", "DIR/new"), "did you mean unbalanced-ring?"),
    "constant": (csv("a,b\n1,x\n"), "every column is constant or an identifier"),
    "header only": (csv("a,b\n"), "the file has names and no rows"),
    "out is a run": (lambda folder, run: fit(points(folder), run), "holds a run already; resume it (adagan resume "),
    "out is full": (
        lambda folder, run: fit(points(folder), folder),
        "exists and is not an empty folder; choose another",
    ),
    "out is a file": (lambda folder, run: fit(points(folder), folder / "data.npy" / "new"), "data.npy"),
    "rounds": (fitting("--rounds", "0"), "rounds: expected a whole number of 1 or more, or 'auto', got 0"),
    "rounds text": (fitting("--rounds", "many"), "many"),
    "stop": (fitting("--stop", "nothing"), "--stop: unknown name 'nothing'; did you mean nothing-left?"),
    "stop number": (fitting("--stop", "never:3"), "--stop: never takes no number"),
    "resume rounds": (said("resume", "RUN", "--rounds", "many"), "or 'auto', got 'many'"),
    "no module": (fitting("--component", "nowhere:make"), "--component nowhere:make: there is no module nowhere; run"),
    "no name": (fitting("--component", "json:load_"), "--component json:load_: json has no load_; did you mean load?"),
    "no callable": (fitting("--component", "json:__name__"), "expected a class or a function that makes an unfitted"),
    "no component": (fitting("--component", "builtins:dict"), "component: dict has no method fit"),
    "own form": (said("sample", "RUN", "--component", "gaussian"), "--component: expected MODULE:MAKE, such as"),
    "broken module": (
        broken_module,
        "--component: ZeroDivisionError: division by zero, raised in broken.py, line 1",
    ),
    "failing maker": (fitting("--component", "builtins:range"), "--component builtins:range: calling it fails with"),
    "needless code": (
        said("sample", "RUN", "--component", "json:load"),
        "made by adagan's gaussian; leave --component out",
    ),
    "too large for single precision": (huge, "values are beyond 3.4e+38, the largest that single precision holds"),
    "damaged settings": (damaged_settings, "the file is damaged, or of another version: restore it from a copy"),
    "labels": (fitting("--labels", "no.npy"), "no.npy: no such file"),
    "label count": (labelled([0, 1]), "--labels: expected 200 labels, one per row of the data, got 2 in "),
    "half a label": (labelled([0.5] * 200), "expected classes as whole numbers from 0, and -1 for unlabelled rows"),
    "label columns": (labelled([[0, 1]] * 200), "expected one label per row, got rows of 2 values"),
    "no label": (labelled([-1] * 200), "labels: every row is unlabelled"),
    "seed": (fitting("--seed", "-1"), "seed: expected 0 or more, up to 2^63 - 1, got -1"),
    "large seed": (fitting("--seed", str(2**63)), "seed: expected 0 or more, up to 2^63 - 1, got 9223372036854775808"),
    "seed of samples": (said("sample", "RUN", "--seed", str(2**70)), "--seed: expected 0 or more, up to"),
    "seed of a report": (said("report", "RUN", "--seed", "-1"), "seed: expected 0 or more, up to"),
    "unknown option": (
        fitting("--ronds", "3"),
        "unknown option --ronds; did you mean --rounds? (adagan fit",
    ),
    "component": (fitting("--component", "gausian"), "--component: unknown name 'gausian'; did you mean gaussian?"),
    "component number": (fitting("--component", "gaussian:3"), "--component gaussian:3: gaussian takes no number"),
    "gan number": (fitting("--component", "gan:3"), "--component gan:3: gan takes no number"),
    "size": (fitting("--component", "gaussian-mixture:0"), "size: expected 1 or more, got 0"),
    "half a size": (fitting("--component", "gaussian-mixture:2.5"), "size: expected a whole number, got 2.5"),
    "no steps": (fitting("--component", "vae:0"), "--component vae:0: max_steps: expected 1 or more, got 0"),
    "not a number of steps": (fitting("--component", "vae:nan"), "max_steps: expected a whole number, got nan"),
    "bandwidth": (fitting("--component", "kernel-density:-1"), "bandwidth: expected a positive number, got -1"),
    "too large": (fitting("--component", "gaussian-mixture:500"), "GaussianMixture refuses the data"),
    "objective": (fitting("--component", "gan", "--objective", "least-square"), "did you mean least-squares?"),
    "rule": (fitting("--rule", "stra"), "--rule: unknown name 'stra'; did you mean star?"),
    "rule number": (fitting("--rule", "star:0.5"), "--rule: star takes no number"),
    "rule needs": (fitting("--rule", "top-k"), "--rule: top-k needs a number, as in top-k:0.1"),
    "rule value": (fitting("--rule", "top-k:2"), "--rule top-k:2: share: expected a number in (0, 1], got 2.0"),
    "target": (fitting("--target", "constant:x"), "--target: expected a number after constant:, got 'x'"),
    "step": (fitting("--step", "line-serach"), "--step: unknown name 'line-serach'; did you mean line-search?"),
    "step number": (fitting("--step", "line-search:0.5"), "--step: line-search takes no number"),
    "divergence": (fitting("--divergence", "kl"), "--divergence: unknown name 'kl'"),
    "resolution": (fitting("--resolution", "-1"), "--resolution: expected 0 or more, got -1"),
    "device": (fitting("--device", "abacus"), "--device: abacus is not available here"),
    "gan option": (fitting("--component", "gan", "--gan.width", "0"), "width: expected 1 or more, got 0"),
    "gan rate": (fitting("--component", "gan", "--gan.learning-rate", "-1"), "learning_rate: expected a positive"),
    "critic option": (fitting("--critic.folds", "1"), "folds: expected 2 or more"),
    "few rows": (
        fitting("--component", "gan", "--gan.batch-size", "500"),
        "fewer than one minibatch of batch_size=500",
    ),
    "trainer": (
        fitting("--component", "gan", *GAN, "--trainer", '{"epochs": 3}'),
        "trainer_options: lightning.Trainer",
    ),
    "diverged": (
        fitting("--component", "gan", *GAN, "--gan.learning-rate", "1e30", "--gan.max-steps", "100"),
        "lower the learning rate",
    ),
    "weights": (lambda folder, run: fit(points(folder), folder / "new", "--weights", "no.npy"), "no.npy: no such file"),
    "weights shape": (
        lambda folder, run: fit(points(folder), folder / "new", "--weights", str(folder / "data.npy")),
        "expected one weight per row, got rows of 2 values",
    ),
    "config": (said("fit", "--config", "DIR/none.yaml", "--out", "DIR/new"), "none.yaml"),
    "resume nothing": (said("resume", "DIR/nothing"), "holds no run: there is no run.json in it"),
    "resume fewer": (said("resume", "RUN", "--rounds", "1"), "--rounds: the run in"),
    "resume complete": (said("resume", "RUN"), "has 2 rounds already; ask for more to add some"),
    "resume data": (
        lambda folder, run: ["resume", str(run), "--rounds", "3", "--data", points(folder, 100)],
        "began with other data",
    ),
    "resume python": (
        damaged(lambda run: (run / "config.yaml").unlink(), "resume", "RUN", "--rounds", "3"),
        "this run was started from Python",
    ),
    "missing data number": (
        damaged(lambda run: set_data(run, "data: 5"), "missing", "RUN"),
        "5; the file is damaged, or of another version",
    ),
    "missing data none": (damaged(lambda run: set_data(run, ""), "missing", "RUN"), "do not say where they are"),
    "missing data null": (
        damaged(lambda run: set_data(run, "data: null"), "resume", "RUN", "--rounds", "3"),
        "do not say where",
    ),
    "missing python": (
        damaged(lambda run: (run / "config.yaml").unlink(), "missing", "RUN"),
        "so it does not say where its data are; name them: adagan missing",
    ),
    "newer": (damaged(newer, "sample", "RUN"), "has format version 99, this adagan reads up to 2; upgrade adagan"),
    "truncated": (damaged(truncated, "sample", "RUN"), "component-000.safetensors is corrupted, truncated"),
    "corrupted": (
        damaged(lambda run: (run / "run.json").write_text("{"), "report", "RUN"),
        "run.json is corrupted or truncated",
    ),
    "sample nothing": (said("sample", "DIR/nothing"), "holds no run"),
    "sample round": (said("sample", "RUN", "--round", "3"), "--round: expected 1 to 2, the rounds of this run, got 3"),
    "sample refine": (said("sample", "RUN", "--refine", "2"), "--refine: expected a number in (0, 1], got 2.0"),
    "balance alone": (said("sample", "RUN", "--balanced"), "--balanced: only refined samples are balanced"),
    "refine a round": (said("sample", "RUN", "--refine", "0.5", "--round", "1"), "leave --round out"),
    "refine a class": (said("sample", "RUN", "--refine", "0.5", "--condition", "1"), "leave --condition out"),
    "no classes": (said("sample", "RUN", "--condition", "1"), "condition: component 0 (Gaussian) is not conditional"),
    "missing nothing": (said("missing", "DIR/nothing"), "holds no run"),
    "threshold": (said("missing", "RUN", "--threshold", "0"), "--threshold: expected a number between 0 and 1, got 0"),
    "sample number": (said("sample", "RUN", "-n", "0"), "--num-samples: expected 1 or more, got 0"),
    "sample suffix": (said("sample", "RUN", "--out", "DIR/a.txt"), "--out: expected a file that ends in .npy, .npz"),
    "report nothing": (said("report", "DIR/nothing"), "nothing"),
    "report number": (said("report", "RUN", "--num-samples", "0"), "--num-samples: expected 1 or more, got 0"),
    "benchmark": (said("study", "rin"), "benchmark: unknown name 'rin'; did you mean ring?"),
    "method": (said("study", "ring", "--methods", "adagn"), "--methods: unknown name 'adagn'; did you mean adagan?"),
    "budget": (said("study", "ring", "--budget", "0"), "--budget: expected CPU seconds above 0, got 0"),
    "seeds": (said("study", "ring", "--seeds", "0"), "--seeds: expected 1 or more, got 0"),
    "first seed": (said("study", "ring", "--seed", "-1"), "--seed: expected 0 or more, got -1"),
    "workers": (said("study", "ring", "--workers", "0"), "--workers: expected 1 or more, got 0"),
    "json": (said("study", "ring", "--json", "DIR/none/rows.json"), "--json: there is no folder"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_status_two(
    name: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path.parent))  # where a log with a traceback would go
    make, message = MISTAKES[name]
    words = make(tmp_path, run)
    monkeypatch.chdir(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    assert main(words) == 2
    printed = capsys.readouterr()
    complaints = [line for line in printed.err.splitlines() if line.startswith("adagan: ")]
    assert len(complaints) == 1
    assert message in complaints[0]
    assert "Traceback" not in printed.err
    if name not in TRAINED:
        assert printed.err.count("\n") == 1
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}  # Python's own, of the user's module
    assert left == before, "a mistake must leave nothing behind"


TRAINED = ("few rows", "trainer", "diverged", "too large")
"""These are noticed after the progress bars came up."""
