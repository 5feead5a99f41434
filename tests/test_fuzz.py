"""A few of the mutated run folders of `fuzz_run_folders`: about two seconds of them; ten thousand take minutes."""

import os

import pytest
from fuzz_run_folders import fuzz

COUNT = 32


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="cases are tried in a process that is forked")
def test_damaged_folders_are_refused_or_valid(capfd: pytest.CaptureFixture[str]) -> None:
    found = fuzz(COUNT, 0, kinds=["gaussian"])
    assert found["refused"] + found["valid"] == COUNT, capfd.readouterr().out
