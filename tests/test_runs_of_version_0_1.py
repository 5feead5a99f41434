"""Run folders and saved mixtures as version 0.1 wrote them stay readable: they open, draw the same, and go on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rich.console  # noqa: F401  its first import draws from Python's generator
import torch
from safetensors.torch import load_file
from torch import Tensor

from adagan import Mixture, Refined
from adagan.command_line import main
from adagan.run_folder import RunFolder

pytestmark = pytest.mark.golden  # draws were stored for one seed

STORED = Path(__file__).parent / "runs_of_version_0_1"
DRAWS = load_file(STORED / "draws.safetensors")
REFINED = ["balanced", "refined"]
RUNS = sorted(DRAWS.keys() - set(REFINED))
FROM_THE_COMMAND_LINE = ["gan", "gaussian"]

ROUNDINGS = 2_048
"""Of the longest chain behind an entry: 16 steps of flow matching, two layers each, of some sixty sums and products."""


def assert_drawn(name: str, drawn: Tensor) -> None:
    """The same draws, up to the order in which a processor adds: a rounding each in units of the largest entry."""
    expected = DRAWS[name]
    assert (drawn.shape, drawn.dtype) == (expected.shape, expected.dtype)
    tolerance = ROUNDINGS * torch.finfo(expected.dtype).eps * float(expected.abs().max())
    assert float((drawn - expected).abs().max()) <= tolerance


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Copies a folder, and the data to which its configuration refers, to the working directory of the test."""

    def copy(name: str) -> Path:
        shutil.copy(STORED / "data.npy", tmp_path / "data.npy")
        monkeypatch.chdir(tmp_path)
        return Path(shutil.copytree(STORED / name, tmp_path / name))

    return copy


def test_every_folder_is_tried() -> None:
    assert sorted(path.name for path in STORED.iterdir() if path.is_dir()) == sorted([*RUNS, *REFINED])


@pytest.mark.parametrize("name", RUNS)
def test_a_run_opens(name: str) -> None:
    run = RunFolder(STORED / name)
    assert [record.index for record in run.rounds()] == [1, 2]
    assert [len(weights.values) for weights in run.data_weights()] == [run.content()["num_points"]] * 2
    assert_drawn(name, run.mixture().sample(16, seeded()))
    assert_drawn(name, Mixture.load(STORED / name).sample(16, seeded()))
    ratios = run.critic().log_ratio(run.preview()[0])
    assert bool(torch.isfinite(ratios).all())
    assert len(run.preview_log_ratios()[0]) == len(run.preview()[1])


@pytest.mark.parametrize("name", REFINED)
def test_a_refined_mixture_opens(name: str) -> None:
    assert_drawn(name, Refined.load(STORED / name).sample(16, generator=seeded()))


@pytest.mark.parametrize("name", RUNS)
def test_the_command_line_samples_a_run(name: str, tmp_path: Path) -> None:
    out = tmp_path / "samples.npy"
    assert main(["sample", str(STORED / name), "--out", str(out), "-n", "16", "--device", "cpu"]) == 0
    assert_drawn(name, torch.from_numpy(np.load(out)))


# what a report reads is tried on every run above; its pictures take a second each time
@pytest.mark.parametrize("name", [*FROM_THE_COMMAND_LINE, "class-conditional"])
def test_the_command_line_reports_on_a_run(name: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert main(["report", str(STORED / name), "--out", str(out), "--num_samples", "16"]) == 0
    assert out.read_text(encoding="utf-8").count("<img ") > 5


@pytest.mark.parametrize("name", FROM_THE_COMMAND_LINE)
def test_the_command_line_goes_on_with_a_run(name: str, stored: Callable[[str], Path]) -> None:
    run = stored(name)
    before, components = RunFolder(run).rounds(), sorted(run.glob("component-*.safetensors"))
    contents = [path.read_bytes() for path in components]
    assert main(["resume", name, "--rounds", "3", "--device", "cpu"]) == 0
    after = RunFolder(run).rounds()
    assert after[:2] == before
    assert [record.index for record in after] == [1, 2, 3]
    assert [path.read_bytes() for path in components] == contents
    assert len(json.loads((run / "mixture.json").read_text(encoding="utf-8"))["components"]) == 3
    assert bool(torch.isfinite(Mixture.load(run).sample(16, seeded())).all())
