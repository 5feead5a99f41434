"""The study: cells that are planned, filled, kept and not filled again, and failures that stay in theirs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from adagan.command_line import main
from adagan.study import run_study
from adagan.study.cells import Cell, benchmark_cells, component_cells, identity, of_cells, remaining
from adagan.study.method import Lesson, Method, Trained
from adagan.study.methods.catalogue import METHODS
from adagan.study.methods.of_kinds import BARE, BOOSTED
from adagan.study.rows_file import RowsFile
from adagan.study.runner import cell_rows, run_cells
from adagan.study.task import Row, Task, World
from adagan.study.tasks.catalogue import TASKS
from adagan.study.tasks.held_out import held_out_world
from adagan.study.tasks.sampled import SampledWorld
from adagan.verbs import study_options

NUMBERS = {"budget": 16.0, "rounds": 2}


def row(kind: str, method: str, seed: int = 100, dataset: str = "digits", **values: Any) -> Row:
    """A row as version 0.1 wrote it."""
    head = {"dataset": dataset, "kind": kind, "seed": seed, "budget": 16.0, "num_samples": 599, "failure": ""}
    scores = {"coverage": 0.123, "precision": 0.5, "recall": 0.5, "density": 1.0, "c2st_auc": 0.6, "c2st_level": 0.25}
    more = {"mmd": 0.001, "different_bins": 0.1, "different_bins_level": 0.5, "sliced_wasserstein": None}
    prices = {"train_cpu_seconds": 15.5, "sample_cpu_seconds_per_million": 2.0} if kind != "oracle" else {}
    return {**head, "method": method, "rounds": 2, **prices, **scores, **more, **values}


OF_GAUSSIAN = [
    row("oracle", "oracle", rounds=0),
    row("memoriser", "bare", rounds=1),
    row("gaussian", "bare", rounds=1),
    row("gaussian", "boosted"),
    row("gaussian", "boosted-refined"),
]


def blobs(seed: int, count: int = 400) -> SampledWorld:
    """Two of them, ten standard deviations apart."""
    draws = []
    for part in range(3):
        generator = torch.Generator().manual_seed(3 * seed + part)
        side = 10.0 * torch.randint(2, (count, 1), generator=generator)
        draws.append(side + torch.randn(count, 2, generator=generator))
    return held_out_world(*draws, seed)


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "digits-held-out", Task("digits-held-out", blobs))


def cells_of(kind: str) -> list[Cell]:
    """The oracle's, the memoriser's, and the bare and the boosted one."""
    return component_cells([kind], ["digits"], [100])


def method(name: str, train: Any) -> Method[Any]:
    return Method(name, train, METHODS[name].rows)


def test_the_oracle_comes_first_and_refined_rows_share_a_training() -> None:
    cells = benchmark_cells("ring", ["adagan", "vanilla", "adagan-refined"], [0, 1])
    assert [(cell.method, cell.rows, cell.seed) for cell in cells] == [
        ("oracle", ("oracle",), 0),
        ("oracle", ("oracle",), 1),
        ("adagan", ("adagan", "adagan-refined"), 0),
        ("vanilla", ("vanilla",), 0),
        ("adagan", ("adagan", "adagan-refined"), 1),
        ("vanilla", ("vanilla",), 1),
    ]
    assert cells[3].head("vanilla") == {"benchmark": "ring", "method": "vanilla", "seed": 0}


def test_references_come_first_and_nothing_twice() -> None:
    cells = component_cells(["gan", "memoriser"], ["digits"], [0, 1])
    assert [(cell.method, cell.rows) for cell in cells[:4]] == [("oracle", ("oracle",)), ("memoriser bare", BARE)] * 2
    assert len(cells) == len(set(cells)) == 4 + 2 * 2 + 2
    names = (("dataset", "digits"), ("kind", "memoriser"))
    assert Cell("digits-held-out", "memoriser boosted", BOOSTED, 1, names) in cells


def test_all_kinds_come_once_before_the_next_seed() -> None:
    cells = component_cells(["gan", "vae"], ["digits"], [0, 1])[4:]
    assert [(cell.method, cell.seed) for cell in cells[::2]] == [
        ("gan bare", 0),
        ("vae bare", 0),
        ("gan bare", 1),
        ("vae bare", 1),
    ]


def test_what_is_there_is_not_done_again() -> None:
    cells = cells_of("gaussian")
    assert remaining(cells, OF_GAUSSIAN) == []
    # the refined row is missing, and comes from the same training
    assert [cell.rows for cell in remaining(cells, OF_GAUSSIAN[:-1])] == [BOOSTED]
    # what failed is tried again
    failed = [*OF_GAUSSIAN[:2], {**OF_GAUSSIAN[2], "failure": "MemoryError"}, *OF_GAUSSIAN[3:]]
    assert [cell.rows for cell in remaining(cells, failed)] == [BARE]
    others = [row("gaussian", "bare", seed=101), row("gaussian", "bare", dataset="clusters-16")]
    assert of_cells(OF_GAUSSIAN + others, cells) == OF_GAUSSIAN


def test_names_and_numbers_are_checked() -> None:
    with pytest.raises(ValueError, match=r"benchmark: unknown name 'rings'; did you mean ring\?"):
        run_study("rings", ["vanilla"], seeds=[0], budget=1)
    # what is answered by an estimate is no benchmark of samplers
    with pytest.raises(ValueError, match="benchmark: unknown name 'missing-ring'"):
        run_study("missing-ring", ["vanilla"], seeds=[0], budget=1)
    with pytest.raises(ValueError, match=r"--methods: unknown name 'vanila'; did you mean vanilla\?"):
        run_study("ring", ["vanila"], seeds=[0], budget=1)
    with pytest.raises(ValueError, match=r"--kinds: unknown name 'gaan'; did you mean gan\?"):
        component_cells(["gaan"], ["digits"], [0])
    with pytest.raises(ValueError, match=r"--data: unknown name 'digit'; did you mean digits\?"):
        component_cells(["gan"], ["digit"], [0])
    for budget in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="--budget: expected CPU seconds above 0"):
            run_study("ring", ["vanilla"], seeds=[0], budget=budget)
    with pytest.raises(ValueError, match="--rounds: expected 1 or more, got 0"):
        run_cells([], budget=1, rounds=0)


@pytest.mark.usefixtures("small_tasks")
def test_a_bare_component_is_scored_against_points_that_it_did_not_learn() -> None:
    ((oracle,), (copied,), (bare,)) = (cell_rows(cell, 1.0, 2) for cell in cells_of("gaussian")[:3])
    assert (oracle["num_samples"], oracle["rounds"], oracle["train_cpu_seconds"]) == (400, 0, 0)
    assert (bare["kind"], bare["method"], bare["failure"]) == ("gaussian", "bare", "")
    assert oracle["coverage"] > 0.9
    # one Gaussian over two blobs: half of it lies between them
    assert bare["precision"] < 0.7 < oracle["precision"]
    assert bare["c2st_auc"] > 0.75
    assert bare["c2st_level"] < 0.05
    assert copied["coverage"] > 0.85
    assert "forward_kl" not in bare
    assert bare["cpu_seconds"] >= bare["train_cpu_seconds"]
    json.dumps([oracle, bare, copied], allow_nan=False)


@pytest.mark.usefixtures("small_tasks")
def test_what_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(lesson: Lesson) -> Trained[Any]:
        raise KeyError(f"no events of shape {tuple(lesson.data.shape[1:])},\nalas")

    *_, bare, boosted = cells_of("gaussian")
    for cell in (bare, boosted):
        monkeypatch.setitem(METHODS, cell.method, method(cell.method, refuse))
    assert [found["failure"] for found in cell_rows(bare, 1.0, 2)] == ["KeyError: 'no events of shape (2,),\\nalas'"]
    rows = cell_rows(boosted, 1.0, 2)
    assert [found["method"] for found in rows] == list(BOOSTED)
    assert [identity(found) for found in rows] == [identity(boosted.head(name)) for name in BOOSTED]
    assert all(found["failure"] and "alas" in found["failure"] for found in rows)


@pytest.mark.usefixtures("small_tasks")
def test_what_took_far_more_than_its_budget_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = cells_of("gaussian")[2]
    slow = method(bare.method, lambda lesson: Trained((None,), 1, 6 * lesson.seconds))
    monkeypatch.setitem(METHODS, bare.method, slow)
    (found,) = cell_rows(bare, 16.0, 2)
    assert found["failure"] == "took 96.0 CPU seconds of 16, 6.0 times its budget: not at equal CPU time"


def test_a_kind_that_learns_classes_says_where_there_are_none() -> None:
    cell = Cell("ring", "conditional-gan bare", BARE, 0, (("benchmark", "ring"),))
    (found,) = cell_rows(cell, 16.0, 2)
    assert found["failure"] == "UserError: conditional-gan bare learns classes, and ring has none"


@dataclass(frozen=True)
class MissingShare(World[float]):
    """Data of which a model lacks a known share: the answer is an estimate of that share and no sampler."""

    data: Tensor
    oracle: float
    labels: Tensor | None = None

    def score(self, answer: float) -> list[Row]:
        return [{"cpu_seconds": 0.0, "error": answer - self.oracle}]


def test_a_task_may_score_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    data = torch.arange(10.0).unsqueeze(1)
    monkeypatch.setitem(TASKS, "missing", Task("missing", lambda seed: MissingShare(data, oracle=0.1 * seed)))
    guess = Method("guess", lambda lesson: Trained((len(lesson.data) / 20,), 1, 0.0), ("guess",))
    monkeypatch.setitem(METHODS, "guess", guess)
    names = (("benchmark", "missing"),)
    cells = [Cell("missing", name, (name,), 3, names) for name in ("oracle", "guess")]
    rows = [found for cell in cells for found in cell_rows(cell, 1.0, 1)]
    assert [(found["method"], found["failure"]) for found in rows] == [("oracle", ""), ("guess", "")]
    assert [found["error"] for found in rows] == pytest.approx([0, 0.5 - 0.3])


def test_rows_are_kept_in_a_file_that_is_always_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    file = RowsFile(path, NUMBERS)
    file.add(OF_GAUSSIAN[:1])
    file.add([{**OF_GAUSSIAN[1], "failure": "MemoryError"}])
    file.add(OF_GAUSSIAN[1:2])
    # the row that failed is gone
    assert json.loads(path.read_text()) == {**NUMBERS, "rows": OF_GAUSSIAN[:2]}
    assert list(tmp_path.iterdir()) == [path]
    assert RowsFile(path, NUMBERS).rows == OF_GAUSSIAN[:2]
    with pytest.raises(ValueError, match=r"holds rows of --budget 16\.0, not 30\.0; go on with the same"):
        RowsFile(path, {"budget": 30.0, "rounds": 2})
    with pytest.raises(ValueError, match=r"holds rows of --rounds 2, not 3; go on with the same"):
        RowsFile(path, {"budget": 16.0, "rounds": 3})
    for broken in ("{", "[]", "{}", '{"rows": 3}', '{"rows": [3]}', '{"rows": [{"seed": 1}]}'):
        path.write_text(broken)
        with pytest.raises(ValueError, match="is no file of such rows"):
            RowsFile(path, NUMBERS)
    with pytest.raises(FileNotFoundError, match="--json: there is no folder"):
        RowsFile(tmp_path / "none" / "rows.json", {})


def test_a_benchmarks_file_names_the_benchmark_and_sets_the_oracle_apart(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    settings = {"benchmark": "ring", **NUMBERS}
    file = RowsFile(path, settings, oracle_apart=True)
    rows = [cell.head(cell.method) for cell in benchmark_cells("ring", ["vanilla"], [0])]
    for found in rows:
        file.add([found])
    assert json.loads(path.read_text()) == {**settings, "rows": rows[1:], "oracle": rows[:1]}
    assert remaining(benchmark_cells("ring", ["vanilla"], [0]), RowsFile(path, settings).rows) == []
    with pytest.raises(ValueError, match="holds rows of benchmark ring, not grid; go on with the same"):
        RowsFile(path, {**settings, "benchmark": "grid"})
    path.write_text(json.dumps({"benchmark": "ring", "budget": 16.0, "rows": [], "oracle": []}))
    with pytest.raises(ValueError, match="does not say its --rounds; go on"):
        RowsFile(path, settings)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["study", "components", *words]) == 2
    return capsys.readouterr().err


def test_a_users_mistakes_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--kinds: unknown name 'gaan'; did you mean gan?" in said(capsys, "--kinds", "gaan")
    assert "--seeds: expected a number of seeds, or seeds as in 0,1,2, got 'x'" in said(capsys, "--seeds", "x")
    assert "--seeds: expected seeds of 0 or more" in said(capsys, "--seeds=-1,2")
    assert "--seeds: expected 1 or more, got 0" in said(capsys, "--seeds", "0")
    assert "--rounds: expected 2 or more, since one round does not boost" in said(capsys, "--rounds", "1")
    missing = str(tmp_path / "none" / "table.md")
    assert "--markdown: there is no folder" in said(capsys, "--markdown", missing)


def test_a_file_of_version_0_1_is_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, page = tmp_path / "rows.json", tmp_path / "table.md"
    file.write_text(json.dumps({**NUMBERS, "rows": OF_GAUSSIAN}))
    words = ["study", "components", "--kinds", "gaussian", "--data", "digits", "--seeds", "100,", "--budget", "16"]
    assert main([*words, "--json", str(file), "--markdown", str(page)]) == 0
    # nothing was missing
    assert json.loads(file.read_text())["rows"] == OF_GAUSSIAN
    table = page.read_text()
    assert "| gaussian | bare | 0.123 |" in table
    assert "| oracle | oracle | 0.123 | 0.500 | 0.600 | 0.250 | 1.00 | – | – |" in table
    assert "rows written to" in capsys.readouterr().out
    assert main([*words, "--rounds", "3", "--json", str(file)]) == 2
    assert "holds rows of --rounds 2, not 3" in capsys.readouterr().err


def test_an_interrupt_says_what_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(cells: list[Cell], **_: Any) -> Iterator[list[Row]]:
        yield [cells[0].head("oracle")]
        raise KeyboardInterrupt

    monkeypatch.setattr(study_options, "run_cells", interrupted)
    file = tmp_path / "rows.json"
    assert main(["study", "ring", "--methods", "vanilla", "--seeds", "2", "--json", str(file)]) == 130
    told = f"interrupted after 1 of 4 trainings; {file} keeps their rows, the same command goes on"
    assert told in capsys.readouterr().err
    assert len(json.loads(file.read_text())["oracle"]) == 1
    assert main(["study", "ring", "--methods", "vanilla", "--seeds", "2"]) == 130
    assert "after 1 of 4 trainings; nothing is kept" in capsys.readouterr().err


@pytest.mark.slow
def test_a_tiny_study_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.json"
    arguments = ["study", "ring", "--seeds", "1", "--budget", "2", "--rounds", "2", "--workers", "1"]
    words = [*arguments, "--methods", "adagan,adagan-refined", "--json", str(file)]
    assert main(words) == 0
    content = json.loads(file.read_text())
    assert set(content) == {"benchmark", "budget", "rounds", "rows", "oracle"}
    assert {found["method"] for found in content["rows"]} == {"adagan", "adagan-refined"}
    assert [found["num_samples"] for found in content["oracle"]] == [2_500, 50_000]
    assert not any(found["failure"] for found in content["rows"] + content["oracle"])
    # too much of it is a failure: of that the study decides by its own limit
    assert all(found["train_cpu_seconds"] > 1 for found in content["rows"])
    printed = capsys.readouterr().out
    assert "oracle" in printed
    assert "adagan-refined" in printed
    assert "rows written to" in printed.replace("\n", " ")
    assert list(tmp_path.iterdir()) == [file]
    assert main(words) == 0
    # CPU seconds would differ if anything had been made again
    assert json.loads(file.read_text()) == content
    assert main([*words, "--budget", "3"]) == 2
    assert "holds rows of --budget 2.0, not 3.0" in capsys.readouterr().err


@pytest.mark.slow
def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    file, page = tmp_path / "rows.json", tmp_path / "table.md"
    there = [{**found, "budget": 1.0} for found in OF_GAUSSIAN[:2]]
    file.write_text(json.dumps({"budget": 1.0, "rounds": 2, "rows": there}))
    words = ["--kinds", "memoriser", "--data", "digits", "--seeds", "100,", "--budget", "1", "--rounds", "2"]
    assert main(["study", "components", *words, "--workers", "1", "--json", str(file), "--markdown", str(page)]) == 0
    rows = json.loads(file.read_text())["rows"]
    assert rows[:2] == there
    assert [(found["kind"], found["method"], found["failure"]) for found in rows[2:]] == [
        ("memoriser", "boosted", ""),
        ("memoriser", "boosted-refined", ""),
    ]
    assert {found["seed"] for found in rows} == {100}
    # too much of it is a failure: of that the study decides by its own limit
    assert all(found["train_cpu_seconds"] > 0.05 for found in rows[2:])
    assert page.read_text().count("| boosted-refined |") == 1
