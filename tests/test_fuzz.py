"""A few of the mutated run folders of `fuzz_run_folders`: about two seconds of them; ten thousand take minutes."""

import os
from collections import Counter

import pytest
import torch
from fuzz_run_folders import fuzz

COUNT = 40


@pytest.fixture(scope="module")
def found() -> Counter[str]:
    """What became of them; for a whole module, as the first training of a process sets environment variables."""
    if not hasattr(os, "fork"):
        pytest.skip("cases are tried in a process that is forked")
    return fuzz(COUNT, seed=COUNT * (torch.initial_seed() % 1_000), kinds=["gaussian"])


@pytest.mark.slow
def test_damaged_folders_are_refused_or_valid(found: Counter[str]) -> None:
    assert found["wrong"] == 0, "the cases are printed"
    assert found["refused"] + found["valid"] == COUNT
    assert found["refused"] > 0
