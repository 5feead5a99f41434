"""The table of every kind of component: what is planned, what is kept, what is marked, and one tiny run of it."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from adagan.command_line import main
from adagan.components.adapters.wrapped import as_component
from adagan.mixtures.randomness import isolated_randomness
from adagan.study import components
from adagan.study.component_table import component_table, is_clear
from adagan.study.components import BARE, BOOSTED, Training, planned, remaining, run_trainings, training_rows
from adagan.study.kinds import KINDS, Kind
from adagan.study.rows_file import RowsFile
from adagan.study.tasks import GREY_LEVELS, TASKS, Task


def small_task(seed: int, count: int = 400) -> Task:
    """Two blobs, ten standard deviations apart."""
    draws = []
    for part in range(3):
        generator = torch.Generator().manual_seed(3 * seed + part)
        side = 10.0 * torch.randint(2, (count, 1), generator=generator)
        draws.append(side + torch.randn(count, 2, generator=generator))
    return Task(*draws)


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "unbalanced-ring", small_task)


def row(kind: str, method: str, seed: int = 0, **values: Any) -> dict[str, Any]:
    found = {"coverage": 0.5, "precision": 0.5, "c2st_auc": 0.6, "c2st_level": 0.25, "mmd": 0.001}
    head = {"dataset": "blobs", "kind": kind, "method": method, "seed": seed, "num_samples": 5_000, "failure": ""}
    return {**head, **found, **values}


def test_references_come_first_and_nothing_twice() -> None:
    trainings = planned(["gan", "memoriser"], ["digits"], [0, 1])
    assert [(t.kind, t.methods) for t in trainings[:4]] == [("oracle", ("oracle",)), ("memoriser", BARE)] * 2
    assert len(trainings) == len(set(trainings)) == 4 + 2 * 2 + 2
    assert Training("digits", "memoriser", BOOSTED, 1) in trainings


def test_all_kinds_come_once_before_the_next_seed() -> None:
    trainings = planned(["gan", "vae"], ["digits"], [0, 1])[4:]
    assert [(t.kind, t.seed) for t in trainings[::2]] == [("gan", 0), ("vae", 0), ("gan", 1), ("vae", 1)]


def test_classes_are_given_to_the_kinds_that_learn_them() -> None:
    ring, digits = TASKS["unbalanced-ring"](100), TASKS["digits"](100)
    assert ring.modes is not None
    assert ring.labels is not None
    assert digits.labels is not None
    distances = (ring.training - ring.modes.centres[ring.labels]).norm(dim=1)
    assert bool((distances < 6 * ring.modes.std).all())
    assert len(digits.labels) == len(digits.training)
    assert sorted(digits.labels.unique().tolist()) == list(range(10))


def test_what_is_there_is_not_done_again() -> None:
    trainings = planned(["gan"], ["digits"], [0])
    there = [row("gan", "bare") | {"dataset": "digits"}, row("gan", "boosted") | {"dataset": "digits"}]
    left = remaining(trainings, there)
    assert Training("digits", "gan", BARE, 0) not in left
    # the refined row is missing, and comes from the same training
    assert Training("digits", "gan", BOOSTED, 0) in left


def test_names_and_numbers_are_checked() -> None:
    with pytest.raises(ValueError, match=r"--kinds: unknown name 'gaan'; did you mean gan\?"):
        planned(["gaan"], ["digits"], [0])
    with pytest.raises(ValueError, match=r"--data: unknown name 'digit'; did you mean digits\?"):
        planned(["gan"], ["digit"], [0])
    with pytest.raises(ValueError, match="--budget: expected CPU seconds above 0, got 0"):
        run_trainings([], budget=0, rounds=3)
    with pytest.raises(ValueError, match="--rounds: expected 2 or more, since one round does not boost, got 1"):
        run_trainings([], budget=1, rounds=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_for_vectors_and_images(kind: str) -> None:
    if kind == "flow":
        pytest.importorskip("zuko")
    generator = torch.Generator().manual_seed(100)
    for data in (torch.randn(260, 2, generator=generator), torch.rand(260, 1, 8, 8, generator=generator)):
        with isolated_randomness(100):
            labels = {"labels": torch.arange(len(data)) % 3} if KINDS[kind].labelled else {}
            component = as_component(KINDS[kind].make(tuple(data.shape[1:]), 2)).fit(data, **labels)
        samples = component.sample(5, generator=generator)
        assert samples.shape == (5, *data.shape[1:])
        assert bool(samples.isfinite().all())


@pytest.mark.usefixtures("small_tasks")
def test_a_bare_component_is_scored_against_points_that_it_did_not_learn() -> None:
    (oracle,) = training_rows(Training("unbalanced-ring", "oracle", ("oracle",), 100), 1.0, 2)
    (bare,) = training_rows(Training("unbalanced-ring", "gaussian", BARE, 100), 1.0, 2)
    (copied,) = training_rows(Training("unbalanced-ring", "memoriser", BARE, 100), 1.0, 2)
    assert (oracle["num_samples"], bare["failure"]) == (400, "")
    assert oracle["coverage"] > 0.9
    # one Gaussian over two blobs: half of it lies between them
    assert bare["precision"] < 0.7 < oracle["precision"]
    assert bare["c2st_auc"] > 0.75
    assert bare["c2st_level"] < 0.05
    assert copied["coverage"] > 0.85
    assert "forward_kl" not in bare
    json.dumps([oracle, bare, copied], allow_nan=False)


def test_known_modes_add_the_divergence_of_their_histogram() -> None:
    task = TASKS["clusters-16"](100)
    assert task.modes is not None
    lost = task.oracle[torch.cdist(task.oracle, task.modes.centres[:1])[:, 0] > 3]
    task = replace(task, held_out=task.held_out[:200])
    # fresh draws: (K − 1)/(2n) on average; a mode of .05/5.25 without a sample costs p log(p n/.5)
    share = 0.05 / 5.25
    scores = [task.scores(samples[:2_000], 100)["forward_kl"] for samples in (task.oracle, lost)]
    assert scores[0] == pytest.approx(0, abs=0.02)
    assert scores[1] == pytest.approx(share * math.log(share * 2_000 / 0.5), rel=0.5)


def test_grey_levels_are_those_of_real_images() -> None:
    task = TASKS["digits"](100)
    assert torch.equal(task.prepare(task.held_out), task.held_out)
    odd = torch.tensor([[-0.2, 0.51, 1.7, float("nan")]])
    assert (task.prepare(odd) * GREY_LEVELS).tolist() == [[0, 8, 16, 0]]
    parts = [{image.numpy().tobytes() for image in part} for part in (task.training, task.held_out)]
    assert len(task.training) + len(task.held_out) == 1_797
    assert not parts[0] & parts[1]


@pytest.mark.usefixtures("small_tasks")
def test_what_fails_says_why_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(shape: tuple[int, ...], steps: int) -> Any:
        raise ValueError(f"no events of shape {shape},\nalas")

    monkeypatch.setitem(components.KINDS, "gaussian", Kind("gaussian", refuse, in_steps=False))
    (bare,) = training_rows(Training("unbalanced-ring", "gaussian", BARE, 100), 1.0, 2)
    assert bare["failure"] == "ValueError: no events of shape (2,), alas"
    boosted = training_rows(Training("unbalanced-ring", "gaussian", BOOSTED, 100), 1.0, 2)
    assert [found["method"] for found in boosted] == list(BOOSTED)
    assert all("alas" in found["failure"] for found in boosted)
    table = component_table([*boosted, bare | {"failure": "", "coverage": 0.5}])
    assert "failed: ValueError: no events of shape (2,), alas" in table


def test_rows_are_kept_in_a_file_that_is_always_whole(tmp_path: Path) -> None:
    file = RowsFile(tmp_path / "rows.json", {"budget": 20.0, "rounds": 3})
    file.add([{"a": 1}])
    file.add([{"a": 2}, {"a": 3}])
    assert json.loads(file.path.read_text()) == {"budget": 20.0, "rounds": 3, "rows": [{"a": 1}, {"a": 2}, {"a": 3}]}
    assert list(tmp_path.iterdir()) == [file.path]
    again = RowsFile(file.path, {"budget": 20.0, "rounds": 3})
    assert [found["a"] for found in again.rows] == [1, 2, 3]
    with pytest.raises(ValueError, match=r"holds rows of --budget 20\.0, not 30\.0; go on with the same"):
        RowsFile(file.path, {"budget": 30.0, "rounds": 3})
    file.path.write_text("{")
    with pytest.raises(ValueError, match="is no file of such rows"):
        RowsFile(file.path, {"budget": 20.0, "rounds": 3})
    with pytest.raises(FileNotFoundError, match="--json: there is no folder"):
        RowsFile(tmp_path / "none" / "rows.json", {})


def test_a_difference_is_clear_beyond_two_standard_errors() -> None:
    # variances 1 and 1 of two values each: the standard error of the difference is 1
    low, high = [0.0, math.sqrt(2)], [2.1, 2.1 + math.sqrt(2)]
    assert is_clear(low, high)
    assert is_clear(high, low)
    assert not is_clear(low, [value - 0.2 for value in high])
    assert not is_clear([0.0], [9.0])


def test_the_table_marks_what_speaks_for_boosting_and_against_it() -> None:
    rows = [row("oracle", "oracle", seed, coverage=0.97) for seed in (0, 1)]
    rows += [row("memoriser", "bare", seed) for seed in (0, 1)]
    for seed in (0, 1):
        small = 0.001 * seed
        rows.append(row("gan", "bare", seed, coverage=0.5 + small, precision=0.5 + small, mmd=0.001 + 0.01 * seed))
        rows.append(row("gan", "boosted", seed))
        rows.append(row("gan", "boosted-refined", seed, coverage=0.6, precision=0.4 + small, mmd=0.004 + 0.01 * seed))
    overview, table = component_table(rows).split("### blobs")
    # by column: better, worse, the same, worse by less than two standard errors
    assert "| gan | ▲ ▼ = ▽ |" in overview
    lines = table.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    titles, body = cells[0], cells[2:]
    assert [line[:2] for line in body] == [
        ["oracle", "oracle"],
        ["memoriser", "bare"],
        ["gan", "bare"],
        ["", "boosted"],
        ["", "boosted-refined"],
    ]
    # a column without values is left out
    assert titles == ["component", "", "coverage ↑", "precision ↑", "C2ST AUC ↓", "level", "MMD²·10³ ↓"]
    assert body[0][2] == "0.970 (0.000)"
    # better and worse by hundreds of standard errors; the same; worse by less than two
    assert body[4][2:] == ["0.600 (0.000) **▲**", "0.401 (0.001) **▼**", "0.600 (0.000)", "0.250", "9.00 (7.07) ▽"]
    assert not any(mark in cell for cell in body[2] for mark in "▲▼△▽")
    assert "Boosted and refined against bare: 1 ▲, 0 △, 1 ▽, 1 ▼." in lines


def test_one_seed_marks_faintly() -> None:
    rows = [row("gan", "bare"), row("gan", "boosted", coverage=0.4), row("gan", "boosted-refined", coverage=0.6)]
    table = component_table(rows)
    assert "0.400 ▽" in table
    assert "0.600 △" in table
    assert "**▲**" not in table.split("###", 1)[1]


def test_a_line_of_fewer_seeds_than_others_says_so() -> None:
    rows = [row("gan", "bare", seed) for seed in (0, 1)] + [row("gan", "boosted"), row("gan", "boosted-refined")]
    lines = component_table(rows).splitlines()
    assert any(line.startswith("| gan | bare |") for line in lines)
    assert any(line.startswith("|  | boosted (1 seed) |") for line in lines)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["study", "components", *words]) == 2
    return capsys.readouterr().err


def test_a_users_mistakes_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--kinds: unknown name 'gaan'; did you mean gan?" in said(capsys, "--kinds", "gaan")
    assert "--seeds: expected a number of seeds, or seeds as in 0,1,2, got 'x'" in said(capsys, "--seeds", "x")
    assert "--seeds: expected seeds of 0 or more" in said(capsys, "--seeds=-1,2")
    assert "--seeds: expected 1 or more, got 0" in said(capsys, "--seeds", "0")
    missing = str(tmp_path / "none" / "table.md")
    assert "--markdown: there is no folder" in said(capsys, "--markdown", missing)


@pytest.mark.slow
def test_a_table_is_made_and_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, page = tmp_path / "rows.json", tmp_path / "table.md"
    words = ["--kinds", "memoriser", "--data", "digits", "--seeds", "100,", "--budget", "1", "--rounds", "2"]
    words = ["study", "components", *words, "--workers", "1", "--json", str(file), "--markdown", str(page)]
    assert main(words) == 0
    content = json.loads(file.read_text())
    assert sorted((found["kind"], found["method"]) for found in content["rows"]) == [
        ("memoriser", "bare"),
        ("memoriser", "boosted"),
        ("memoriser", "boosted-refined"),
        ("oracle", "oracle"),
    ]
    assert not any(found["failure"] for found in content["rows"])
    assert {found["seed"] for found in content["rows"]} == {100}
    boosted = [found for found in content["rows"] if found["method"] in BOOSTED]
    # critics keep the budget; a loaded machine adds to a clock of CPU seconds too
    assert all(0.3 < found["train_cpu_seconds"] < 4 for found in boosted)
    table = page.read_text()
    assert table.count("| boosted-refined |") == 1
    page.unlink()
    assert main(words) == 0
    # CPU seconds would differ if anything had been made again
    assert json.loads(file.read_text()) == content
    assert page.read_text() == table
    assert "rows written to" in capsys.readouterr().out
