"""The study of one's own data: three parts, metrics without a truth, one's own methods, table and page."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble  # noqa: F401  (its import draws from Python's generator, which the fixture would see)
import torch
from PIL import Image

from adagan.command_line import main
from adagan.data.training_data import TrainingData
from adagan.mixtures.errors import UserError
from adagan.study.cells import ORACLE, own_cells
from adagan.study.methods.own import method_named, method_of_row
from adagan.study.runner import cell_rows
from adagan.study.tasks.own_data import OwnData, own_world
from adagan.study.tasks.sampled import SampledWorld, Truth
from adagan.verbs import study_options, study_own

ROWS = 600
MODULE = """
import numpy as np

class Normal:
    def fit(self, rows):
        self.mean, self.deviation = np.asarray(rows).mean(axis=0), np.asarray(rows).std(axis=0)
        return self

    def sample(self, count):
        return np.random.default_rng(0).normal(self.mean, self.deviation, (count, len(self.mean)))
"""


def blobs(seed: int, rows: int = ROWS) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 8.0 * torch.randint(2, (rows, 1), generator=generator) + torch.randn(rows, 2, generator=generator)


def scored(world: SampledWorld, draws: torch.Tensor) -> dict[str, float]:
    (row,) = world.score(Truth(lambda count, _: draws[torch.arange(count) % len(draws)], 0))
    return row


def test_parts_are_disjoint_and_the_oracle_scores_what_fresh_rows_do() -> None:
    points = blobs(100)
    world = own_world(TrainingData.checked(points), 100)
    assert (len(world.data), world.sizes) == (360, (120,))
    oracle = world.oracle.sample(120)
    rows = {tuple(row) for row in torch.cat([world.data, oracle]).tolist()}
    assert len(rows) == 480
    (row,) = world.score(world.oracle)
    # the area of 60 points and 60 has a standard error of .053, two halves together .037; six of them
    assert row["c2st_auc"] == pytest.approx(0.5, abs=0.22)
    assert row["coverage"] > 0.8
    assert row["missing_low"] == row["copy_exact"] == 0
    assert row["copy_nearer"] == pytest.approx(0.5, abs=0.23)
    json.dumps(row, allow_nan=False)


def test_a_copier_a_lost_half_and_the_memory_of_the_oracle_are_told_apart() -> None:
    world = own_world(TrainingData.checked(blobs(100, 1_500)), 100)
    copier = scored(world, world.data)
    assert copier["copy_exact"] == 1
    assert copier["copy_nearer"] > 0.95
    half = blobs(101, 2_000)
    lost = scored(world, half[half[:, 0] < 4])
    assert lost["missing"] == pytest.approx(0.5, abs=0.15)
    assert lost["coverage"] < 0.7
    assert lost["precision"] > 0.85


def test_a_table_is_scored_by_columns_and_pairs_as_rows() -> None:
    random = np.random.default_rng(100)
    size = random.normal(size=3_000)
    kind = random.choice(["a", "b", "c"], 3_000, p=[0.6, 0.375, 0.025])
    world = own_world(TrainingData.checked(pd.DataFrame({"size": size, "kind": kind, "twice": 2 * size})), 100)
    (perfect,) = world.score(world.oracle)
    # numbers that have nothing to do with each other, and no category but the most frequent
    poor = torch.zeros(400, world.data.shape[1])
    poor[:, :2] = torch.randn(400, 2, generator=torch.Generator().manual_seed(100))
    poor[:, 2] = 1
    found = scored(world, poor)
    assert found["rare_share"] == 0
    assert found["pair_distance"] > 0.25 > perfect["pair_distance"]
    assert found["column_distance"] > perfect["column_distance"]
    assert perfect["efficacy"] > found["efficacy"] + 0.1


def test_rows_have_their_method_and_own_code_is_a_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "normals.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "data.npy", blobs(100).numpy())
    assert method_of_row("adagan-refined") == "adagan"
    assert method_of_row("m:Make:boosted-refined") == method_of_row("m:Make:boosted") == "m:Make:boosted"
    assert method_named("bare").rows == ("bare",)
    assert method_named("m:Make:boosted").rows == ("m:Make:boosted", "m:Make:boosted-refined")
    with pytest.raises(ValueError, match=r"--methods: unknown name 'bear'; did you mean bare\?"):
        method_of_row("bear")
    cells = own_cells(OwnData("data.npy"), ["normals:Normal", "gaussian-mixture"], [100])
    assert [(cell.method, cell.rows) for cell in cells] == [
        (ORACLE, (ORACLE,)),
        ("normals:Normal", ("normals:Normal",)),
        ("gaussian-mixture", ("gaussian-mixture",)),
    ]
    (row,) = cell_rows(cells[1], 30.0, 5)
    assert (row["failure"], row["method"], row["num_samples"]) == ("", "normals:Normal", 120)
    # one normal over two blobs
    assert row["precision"] < 0.9
    assert row["c2st_auc"] > 0.6


def test_one_command_gives_table_and_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "normals.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    # in this process: others take seconds to begin
    monkeypatch.setattr(study_options, "run_cells", lambda cells, **_: (cell_rows(cell, 20.0, 5) for cell in cells))
    frame = pd.DataFrame(blobs(100).numpy(), columns=["<b>left</b>", "right"]).assign(kind=["x", "y"] * (ROWS // 2))
    frame.to_csv("data.csv", index=False)
    words = ["study", "--data", "data.csv", "--methods", "normals:Normal,gaussian-mixture", "--seeds", "1"]
    words += ["--budget", "20", "--workers", "1", "--seed", "100"]
    assert main([*words, "--html", "page.html", "--json", "rows.json"]) == 0
    out = capsys.readouterr().out
    assert "normals:Normal" in out
    assert "page written to page.html" in out
    assert len(json.loads(Path("rows.json").read_text())["rows"]) == 2
    page = Path("page.html").read_text(encoding="utf-8")
    assert '<th scope="row" class="words">a perfect model</th>' in page
    assert '<th scope="row" class="words">normals:Normal</th>' in page
    assert "adagan study --data data.csv --methods normals:Normal,gaussian-mixture" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "few.npy"], "--data: expected 200 rows or more"),
        (["--data", "few.npy", "--methods", "bear"], "--methods: unknown name 'bear'; did you mean bare?"),
        (["--data", "few.npy", "--methods", "nowhere:Make"], "there is no module nowhere"),
        (["--data", "gone.npy", "--methods", "bare"], "gone.npy: no such file or folder"),
        (["--data", "few.npy", "--html", "there.html"], "there.html exists already; choose another --html"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("few.npy", np.zeros((50, 2), dtype=np.float32))
    Path("there.html").write_text("mine")
    assert main(["study", *words]) != 0
    assert message in capsys.readouterr().err


def test_images_are_read_by_the_options_of_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    for index in range(200):
        Image.new("RGBA", (4 + index % 2, 4), (0, 0, 0, 0)).save(tmp_path / "photos" / f"{index:03}.png")
    (tmp_path / "photos" / "broken.png").write_bytes(b"x")
    seen = []

    def enough(data: OwnData, *_: object) -> None:
        seen.append(data)
        raise UserError("enough")

    monkeypatch.setattr(study_own, "own_cells", enough)
    words = ["study", "--data", str(tmp_path / "photos"), "--methods", "bare"]
    assert main([*words, "--skip-unreadable", "--resize", "3", "--background", "black"]) == 2
    points = seen[0].read().points
    assert points.shape == (200, 3, 3, 3)
    assert not points.any()
    np.save(tmp_path / "stripes.npy", np.zeros((200, 5, 6, 3), dtype=np.uint8))
    assert main(["study", "--data", str(tmp_path / "stripes.npy"), "--methods", "bare", "--layout", "NHWC"]) == 2
    assert seen[1].read().points.shape == (200, 3, 5, 6)
