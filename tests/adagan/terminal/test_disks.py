"""A full disk, a folder that may not be written or has vanished: the last state stays, one line says what to do."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import CRITIC, GAN, fit, points, same_mixture

from adagan.command_line import main

Captured = pytest.CaptureFixture[str]
SAYING = [
    (errno.ENOSPC, "No space left on device: make room on the disk"),
    (errno.EROFS, "Read-only file system: make the file system writable"),
    (errno.EACCES, "Permission denied: see to its permissions"),
]


def failing_when(number: int, run: Path) -> Callable[[int], None]:
    """In the place of the flush of a file: the disk fails once a round is written."""
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if (run / "round-001-critic.safetensors").exists() and (run / "component-001.safetensors").exists():
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    return failing


@pytest.mark.parametrize(("number", "line"), SAYING)
def test_a_failing_disk_leaves_the_round_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, number: int, line: str
) -> None:
    run, data = tmp_path / "run", points(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing_when(number, run))
        assert main(fit(data, run)) == 2
    said = [each for each in capsys.readouterr().err.splitlines() if not each.startswith("adagan: note")]
    assert len(said) == 1
    assert f"{line}; it stopped in round 2; round 1 is kept, and adagan resume {run} goes on" in said[0]
    assert not list(run.glob(".*.draft"))
    assert main(["resume", str(run)]) == 0
    assert main(fit(data, tmp_path / "whole")) == 0
    assert same_mixture(run, tmp_path / "whole")


@pytest.mark.parametrize("rounds", [0, 1])
def test_a_folder_that_vanished_is_said_to_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, rounds: int
) -> None:
    from adagan.boosting import AdaGAN

    run, boost = tmp_path / "run", AdaGAN.boost

    def vanishing(self: AdaGAN) -> Any:
        if len(self.rounds_) == rounds:
            shutil.rmtree(run)
        return boost(self)

    monkeypatch.setattr(AdaGAN, "boost", vanishing)
    assert main(fit(points(tmp_path), run)) == 2
    assert f"{run} holds no run: there is no run.json in it" in capsys.readouterr().err


def test_a_folder_that_vanishes_while_a_component_is_trained_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    from adagan.components.training.checkpoints.kept_trainings import KeptTraining

    run, found = tmp_path / "run", KeptTraining.found

    def vanishing(self: KeptTraining) -> Any:
        here = found(self)
        shutil.rmtree(run)
        return here

    monkeypatch.setattr(KeptTraining, "found", vanishing)
    words = ["fit", points(tmp_path), "--out", str(run), "--rounds", "2", "--component", "gan", *CRITIC, *GAN]
    assert main([*words, "--checkpoint-minutes", "1e-9", "--threads", str(torch.get_num_threads())]) == 2
    said = [each for each in capsys.readouterr().err.splitlines() if each.startswith("adagan: ")]
    assert said == [f"adagan: {run}: No such file or directory; is the folder of the run still there?"]
    assert not run.exists()
