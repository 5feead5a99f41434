"""A model that lives elsewhere is repaired from its samples: the patch and its weight are written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import sampled

from adagan import Mixture
from adagan.command_line import main

CENTRES = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]], dtype=np.float32)


def drawn(shares: list[float], count: int, seed: int) -> np.ndarray:
    source = np.random.default_rng(seed)
    return (CENTRES[source.choice(3, count, p=shares)] + 0.3 * source.standard_normal((count, 2))).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    np.save(folder / "data.npy", drawn([0.4, 0.4, 0.2], 1_000, 1))
    np.save(folder / "samples.npy", drawn([0.5, 0.5, 0.0], 2_000, 2))
    np.save(folder / "whole.npy", drawn([0.4, 0.4, 0.2], 2_000, 3))
    np.save(folder / "wide.npy", np.zeros((50, 3), dtype=np.float32))
    return folder


def words(files: Path, samples: str, out: Path) -> list[str]:
    threads = ["--threads", str(torch.get_num_threads())]
    return ["fit", str(files / "data.npy"), "--first-samples", str(files / samples), "--out", str(out), *threads]


def test_the_patch_is_written_with_its_weight(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(files, "samples.npy", tmp_path / "run")) == 0
    assert f"Patch written to {tmp_path / 'run' / 'patch'}: take 2" in capsys.readouterr().out
    weights = Mixture.load(tmp_path / "run").weights.tolist()
    assert sum(weights[1:]) == pytest.approx(0.2, abs=0.05)
    patch = Mixture.load(tmp_path / "run" / "patch").sample(200, torch.Generator().manual_seed(0))
    assert float((patch - torch.from_numpy(CENTRES[2])).norm(dim=1).max()) < 3
    # what the mixture draws of the first component are samples that were given
    rows = sampled(tmp_path / "run", tmp_path / "new.npy", "--seed", "1")
    given = {tuple(row) for row in np.load(files / "samples.npy").tolist()}
    others = [row for row in rows if tuple(row.tolist()) not in given]
    assert 0 < len(others) < 25
    assert np.linalg.norm(np.array(others) - CENTRES[2], axis=1).max() < 3


def test_a_model_that_misses_nothing_gets_none(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(files, "whole.npy", tmp_path / "run")) == 0
    assert "No patch: nothing that was trained makes your model clearly better." in capsys.readouterr().out
    assert not (tmp_path / "run" / "patch").exists()


def test_samples_of_another_shape_are_named(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(files, "wide.npy", tmp_path / "run")) == 2
    said = capsys.readouterr().err
    assert "--first-samples: expected events of shape (2,), as the data have, got (3,) in" in said
    assert not (tmp_path / "run").exists()
