"""One process at a time runs rounds in a folder; a lock ends with its owner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from clusters import DATA, Nearest, model

from adagan.mixtures.errors import UserError
from adagan.run_lock import run_lock

pytestmark = [
    pytest.mark.filterwarnings("ignore:round"),
    pytest.mark.skipif(sys.platform == "win32", reason="there is no flock"),
]

OWNER = """
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_the_second_is_refused_and_a_killed_owner_locks_nobody_out(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path / "run.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        try:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "held\n"
            with pytest.raises(UserError, match=r"another process runs rounds in this folder \(it holds run\.lock\)"):
                run_lock(tmp_path).__enter__()
        finally:
            owner.send_signal(signal.SIGKILL)
    assert (tmp_path / "run.lock").exists()
    with run_lock(tmp_path), pytest.raises(UserError, match="another process"):
        run_lock(tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_resume_is_refused_while_fit_runs(tmp_path: Path) -> None:
    refused: list[str] = []

    class Resuming(Nearest):
        def fit(self, data: object, *, weights: object = None) -> "Resuming":
            with pytest.raises(UserError) as caught:
                model(folder=tmp_path / "run").resume(DATA)
            refused.append(str(caught.value))
            super().fit(data, weights=weights)  # type: ignore[arg-type]
            return self

    fitted = model(Resuming, rounds=2, folder=tmp_path / "run").fit(DATA)
    assert len(refused) >= 2
    assert all(f"{tmp_path / 'run'}: another process runs rounds" in line for line in refused)
    assert len(fitted.rounds_) == 2
    assert not (tmp_path / "run" / "run.lock").exists()


def test_nothing_is_opened_through_what_stands_in_the_place_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "run.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"run\.lock"):
        run_lock(tmp_path).__enter__()
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "run.lock").unlink()
    os.mkfifo(tmp_path / "run.lock")
    with pytest.raises(UserError, match=r"run\.lock is no file; remove it"):
        run_lock(tmp_path).__enter__()
