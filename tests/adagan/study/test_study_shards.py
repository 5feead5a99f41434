"""A study in parts: shards of its cells, their files put together, cells through anybody's executor."""

import json
import multiprocessing
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from adagan.command_line import main
from adagan.study.cells import Cell, benchmark_cells, component_cells
from adagan.study.rows_file import RowsFile
from adagan.study.runner import run_cells
from adagan.study.task import Row
from adagan.study.workers import results
from adagan.verbs import study_options

WORDS = ["study", "ring", "--methods", "vanilla,adagan,adagan-refined", "--seeds", "100,101,102"]


def rows_of(cell: Cell, *, failure: str = "") -> list[Row]:
    """Two sample sizes of each answer, as a cell gives them."""
    scores: list[Row] = [{"num_samples": size, "modes": 8.0 - cell.seed % 3} for size in (2_500, 50_000)]
    if failure:
        scores = [{}]
    return [{**cell.head(name), "rounds": 2, "failure": failure, **score} for name in cell.rows for score in scores]


def done(cells: list[Cell], **_: Any) -> Iterator[list[Row]]:
    yield from (rows_of(cell) for cell in cells)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_options, "run_cells", done)


def content(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


@pytest.mark.usefixtures("quick")
def test_shards_put_together_are_the_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, again = tmp_path / "whole.json", tmp_path / "again.json"
    assert main([*WORDS, "--json", str(whole)]) == 0
    parts = [str(tmp_path / f"part-{index}.json") for index in range(1, 5)]
    for index in (3, 1, 4, 2):
        assert main([*WORDS, "--shard", f"{index}/4", "--json", parts[index - 1]]) == 0
    sizes = [len(content(Path(part))["rows"]) + len(content(Path(part))["oracle"]) for part in parts]
    assert sum(sizes) == 24
    assert min(sizes) > 0
    capsys.readouterr()
    merged = tmp_path / "merged.json"
    assert main(["study", "merge", *parts[::-1], "--json", str(merged)]) == 0
    assert "adagan-refined" in capsys.readouterr().out
    # the order of the files, and whether a file was merged before, are all the same
    assert main(["study", "merge", str(whole), parts[0], "--json", str(again)]) == 0
    assert content(merged) == content(again)
    assert main([*WORDS, "--json", str(merged)]) == 0
    assert content(merged) == content(again)


@pytest.mark.usefixtures("quick")
def test_a_part_that_is_no_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--shard", "5/4"]) == 2
    assert "--shard: the parts are 1/4 to 4/4, got '5/4'" in capsys.readouterr().err
    assert main(["study", "merge", str(tmp_path / "none.json"), "--json", str(tmp_path / "whole.json")]) == 2
    assert "none.json" in capsys.readouterr().err
    assert main(["study", "merge", str(tmp_path / "none.json")]) == 2
    assert "--json: expected the file that is to hold all rows" in capsys.readouterr().err


def test_rows_that_failed_give_way_and_others_do_not(tmp_path: Path) -> None:
    cell, other = benchmark_cells("ring", ["vanilla"], [100])[1], benchmark_cells("ring", ["vanilla"], [101])[1]
    settings = {"benchmark": "ring", "budget": 1.0, "rounds": 2}
    names = [str(tmp_path / f"{name}.json") for name in ("failed", "good", "another")]
    for name, rows in zip(
        names, (rows_of(cell, failure="no memory"), rows_of(cell), [*rows_of(other), *rows_of(cell)[:1]]), strict=True
    ):
        RowsFile(name, settings, oracle_apart=True).add(rows)
    for order in (names[:2], names[1::-1]):
        assert RowsFile.merged(order, None).rows == rows_of(cell)
    with pytest.raises(ValueError, match=r"another.json holds other rows of benchmark ring, method vanilla, seed 100"):
        RowsFile.merged(names, None)
    RowsFile(tmp_path / "budget.json", {**settings, "budget": 2.0}, oracle_apart=True).add(rows_of(cell))
    with pytest.raises(ValueError, match=r"budget.json holds rows of .*budget 2.0.*only parts of one study"):
        RowsFile.merged([names[1], tmp_path / "budget.json"], None)


def threads_and_double(number: int) -> tuple[int, int]:
    if number < 0:
        raise ValueError("below zero")
    return torch.get_num_threads(), 2 * number


def lost(reason: str, number: int) -> tuple[int, int]:
    return -1, number


def test_any_executor_runs_the_calls_on_one_thread() -> None:
    before = torch.get_num_threads()
    with ThreadPoolExecutor(1) as executor:
        found = results(threads_and_double, [(1,), (-1,), (2,)], lost=lost, executor=executor)
        assert sorted(found) == [(-1, -1), (1, 2), (1, 4)]
    assert torch.get_num_threads() == before


def test_threads_share_their_seconds() -> None:
    cells = component_cells(["gaussian"], ["digits"], [100])
    with ThreadPoolExecutor(2) as executor, pytest.raises(ValueError, match="executor: threads share their process's"):
        next(run_cells(cells, budget=1.0, rounds=2, executor=executor))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="starts processes by fork")
def test_a_pool_of_processes() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as executor:
        found = results(pow, [(2, 3), (2, "no")], lost=lambda reason, base, power: reason, executor=executor)
        assert sorted(map(str, found)) == [
            "8",
            "TypeError: unsupported operand type(s) for ** or pow(): 'int' and 'str'",
        ]


@pytest.fixture
def environment_given_back() -> Iterator[None]:
    """What dask changes in the process that starts it."""
    environment, state = dict(os.environ), random.getstate()
    yield
    os.environ.clear()
    os.environ.update(environment)
    random.setstate(state)


@pytest.mark.slow
@pytest.mark.usefixtures("environment_given_back")
def test_cells_through_dask() -> None:
    distributed = pytest.importorskip("distributed")
    cells = component_cells(["gaussian"], ["digits"], [100])[:2]
    options: dict[str, Any] = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.Client(**options) as client:
        rows = [
            row for found in run_cells(cells, budget=30.0, rounds=2, executor=client.get_executor()) for row in found
        ]
    assert sorted(row["kind"] for row in rows) == ["memoriser", "oracle"]
    assert not any(row["failure"] for row in rows)
