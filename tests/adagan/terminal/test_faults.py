"""Errors that nobody foresaw: one line, whose fault it is by its status, and a traceback in a file."""

import tempfile
from pathlib import Path

import pytest
import torch
from small_runs import two_rounds

from adagan.command_line import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_rounds(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("fault", [ValueError, TypeError, RuntimeError])
def test_a_fault_of_ours_is_status_one_with_a_traceback_in_a_file(
    fault: type[Exception], run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise fault("an internal\nfault")

    monkeypatch.setattr("adagan.verbs.sample_writing.stream_samples", faulty)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["sample", str(run)]) == 1
    (log,) = tmp_path.glob("adagan-*.log")
    expected = (
        f"adagan: {fault.__name__}: an internal fault; this is a fault of adagan's: please report it with {log}\n"
    )
    assert capsys.readouterr().err == expected
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("fault", [MemoryError("no room"), torch.OutOfMemoryError("CUDA out of memory")])
def test_too_little_memory_is_not_our_fault(
    fault: Exception, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def large(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("adagan.verbs.sample_writing.stream_samples", large)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["sample", str(run)]) == 2
    assert f"adagan: out of memory: {fault}; take smaller batches" in capsys.readouterr().err
