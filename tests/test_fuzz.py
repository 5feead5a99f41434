"""A few of the mutated run folders of `fuzz_run_folders`: about two seconds of them; ten thousand take minutes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = 40


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="cases are tried in a process that is forked")
def test_damaged_folders_are_refused_or_valid() -> None:
    words = [sys.executable, "-m", "tests.fuzz_run_folders", "--count", str(COUNT), "--kinds", "gaussian"]
    done = subprocess.run(words, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{COUNT} folders: ")
    assert sum(map(int, re.findall(r"'(?:refused|valid)': (\d+)", last))) == COUNT
