"""One real kill in the middle of a round; `kill_table` has all kinds, and as many as are wanted."""

import os

import pytest

from tests.kill_table import killed


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are made in processes that are forked")
def test_a_run_that_is_killed_over_and_over_ends_as_one_that_ran_through() -> None:
    row = killed("GAN", runs=1, kills=2, seed=0, rounds=1)
    assert (row.runs, row.differences) == (1, 0)
