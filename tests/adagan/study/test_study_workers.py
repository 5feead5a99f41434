"""Workers: results come as they finish, and nothing goes on when the one who wants them is gone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adagan.study.workers import results

SCRIPT = """
import os, sys, time
from adagan.study.workers import results

if __name__ == "__main__":
    for process in results(os.getpid, [()], lost=str, workers=1):
        print(process, flush=True)
        time.sleep(600)
"""


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    # nobody may have asked for its exit status yet
    return not (stat.exists() and stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills a process by a signal")
def test_workers_end_with_the_process_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert runs(worker)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    until = time.monotonic() + 30
    while runs(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not runs(worker)


@pytest.mark.slow
def test_a_process_that_dies_takes_one_call_with_it() -> None:
    calls = [("__import__('os').kill(__import__('os').getpid(), 9)",), ("1 + 1",), ("1 / 0",)]
    found = results(eval, calls, lost=lambda reason, call: reason, workers=1)
    assert next(found) == "the process that trained it died of signal SIGKILL"
    assert next(found) == 2
    with pytest.raises(RuntimeError, match="a call of a worker failed") as told:
        next(found)
    assert isinstance(told.value.__cause__, ZeroDivisionError)
