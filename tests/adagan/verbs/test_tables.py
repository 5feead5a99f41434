"""Tables from the command line: a file in, a file like it out, and what is missing in the words of its columns."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_runs import fit

from adagan import Mixture
from adagan.command_line import main

ROWS = 240
Captured = pytest.CaptureFixture[str]


def customers() -> pd.DataFrame:
    random = np.random.default_rng(100)
    return pd.DataFrame(
        {
            "id": np.arange(1, ROWS + 1),
            "day": pd.date_range("2024-01-01", periods=ROWS, freq="7h").strftime("%Y-%m-%d"),
            "paid": np.where(random.random(ROWS) < 0.2, np.nan, random.lognormal(3, 1, ROWS)).round(2),
            "visits": random.poisson(2, ROWS),
            "member": random.random(ROWS) < 0.3,
            "grade": random.choice(["low", "middle", "high"], ROWS, p=[0.6, 0.35, 0.05]),
        }
    )


CUSTOMERS = customers()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    CUSTOMERS.to_csv(folder / "data.csv", index=False)
    assert main(fit(str(folder / "data.csv"), folder / "run", "--rounds", "1")) == 0
    return folder / "run"


def sampled(run: Path, out: Path, *options: str) -> Path:
    assert main(["sample", str(run), "--out", str(out), "--num-samples", "80", *options]) == 0
    return out


def test_a_file_like_the_one_that_was_learnt(run: Path, tmp_path: Path) -> None:
    drawn = pd.read_csv(sampled(run, tmp_path / "new.csv"))
    assert drawn.dtypes.equals(pd.read_csv(run.parent / "data.csv").dtypes)
    assert list(drawn.columns) == list(CUSTOMERS.columns)
    assert drawn["id"].tolist() == list(range(ROWS + 1, ROWS + 81))
    assert pd.to_datetime(drawn["day"], format="%Y-%m-%d").between("2024-01-01", "2024-12-31").all()
    assert set(drawn["grade"]) <= set(CUSTOMERS["grade"])
    assert 0 < drawn["paid"].isna().mean() < 0.5
    assert drawn["paid"].dropna().map(lambda value: round(value, 2) == value).all()


@pytest.mark.parametrize("suffix", ["tsv", "parquet", "xlsx"])
def test_other_files_hold_the_same_rows(run: Path, tmp_path: Path, suffix: str) -> None:
    expected = pd.read_csv(sampled(run, tmp_path / "new.csv"))
    out = sampled(run, tmp_path / f"new.{suffix}")
    readers = {"tsv": lambda path: pd.read_csv(path, sep="\t"), "parquet": pd.read_parquet, "xlsx": pd.read_excel}
    pd.testing.assert_frame_equal(readers[suffix](out), expected, check_dtype=suffix != "xlsx")


def test_rows_with_wanted_values(run: Path, tmp_path: Path) -> None:
    where = "grade=low|high,visits=1..3,day=2024-01-10..2024-02-20"
    drawn = pd.read_csv(sampled(run, tmp_path / "new.csv", "--where", where))
    assert len(drawn) == 80
    assert set(drawn["grade"]) <= {"low", "high"}
    assert drawn["visits"].between(1, 3).all()
    assert drawn["day"].between("2024-01-10", "2024-02-20").all()


@pytest.mark.parametrize(("suffix", "where"), [("csv", "grade=low|high"), ("parquet", None)])
def test_shards_together_are_one_draw(
    run: Path, tmp_path: Path, suffix: str, where: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adagan.data.wanted_rows.BLOCK", 30)
    wishes = [] if where is None else ["--where", where]
    read = pd.read_csv if suffix == "csv" else pd.read_parquet
    whole = read(sampled(run, tmp_path / f"whole.{suffix}", *wishes))
    parts = [read(sampled(run, tmp_path / f"{i}.{suffix}", *wishes, "--shard", f"{i}/3")) for i in (1, 2, 3)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    assert whole["id"].tolist() == list(range(ROWS + 1, ROWS + 81))


def test_the_columns_are_shown_once_and_may_be_said(tmp_path: Path, capsys: Captured) -> None:
    CUSTOMERS.to_csv(tmp_path / "data.csv", index=False, sep=";", decimal=",")
    said = ["--columns", "id=drop,visits=category", "--rounds", "1", "--weights", "visits"]
    assert main(fit(str(tmp_path / "data.csv"), tmp_path / "run", *said[:4])) == 0
    out = capsys.readouterr().out
    assert "data.csv: 240 rows, names in the first line, separated by semicolons, decimal commas\n" in out
    shown = {line.split()[0]: line for line in out.splitlines() if line.split()}
    assert "category (3)" in shown["grade"]
    assert "date" in shown["day"]
    assert f"{CUSTOMERS['paid'].isna().mean():.1%}" in shown["paid"]
    assert "dropped" in shown["id"]
    lines = sampled(tmp_path / "run", tmp_path / "new.csv").read_text().splitlines()
    assert lines[0] == "day;paid;visits;member;grade"
    assert any("," in line for line in lines[1:])


def test_without_names_none_are_written(tmp_path: Path) -> None:
    data = np.random.default_rng(100).normal(size=(120, 2))
    np.savetxt(tmp_path / "data.csv", data, delimiter=",")
    assert main(fit(str(tmp_path / "data.csv"), tmp_path / "run", "--rounds", "1")) == 0
    assert sampled(tmp_path / "run", tmp_path / "new.csv").read_text().count("\n") == 80
    assert json.loads((tmp_path / "run" / "run.json").read_text())["encoding"]["written"]["header"] is False


def test_a_run_of_a_table_is_resumed(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    assert main(["resume", str(tmp_path / "run"), "--rounds", "2"]) == 0
    assert len(Mixture.load(tmp_path / "run").history) == 2


def test_what_is_missing_is_told_by_columns(tmp_path: Path, capsys: Captured) -> None:
    random = np.random.default_rng(100)
    grade = np.repeat(["low", "high"], [800, 200])
    data = pd.DataFrame({"grade": grade, "paid": random.normal(np.where(grade == "low", 1.0, 9.0), 0.5)})
    data.to_csv(tmp_path / "data.csv", index=False)
    kept = data[data["grade"] == "low"].sample(3_000, replace=True, random_state=100)
    kept.to_csv(tmp_path / "samples.csv", index=False)
    page = tmp_path / "page.html"
    found = ["--samples", str(tmp_path / "samples.csv"), "--json", str(tmp_path / "found.json"), "--html", str(page)]
    assert main(["missing", str(tmp_path / "data.csv"), *found]) == 0
    out = capsys.readouterr().out
    assert "  1. rows with grade = high, paid from " in out
    assert "such rows are drawn at 0.00 of their share" in out
    (region,) = json.loads((tmp_path / "found.json").read_text())["regions"]
    assert region["columns"]["grade"] == ["high"]
    assert region["columns"]["paid"]["from"] == pytest.approx(8.0, abs=0.5)
    assert region["mass"] == pytest.approx(0.2, abs=0.02)
    text = page.read_text(encoding="utf-8")
    assert "missing, at least</dt><dd>20.0% (" in text
    assert '<td class="words">grade = high, paid from ' in text
    assert "<td>no sample at all</td>" in text
    # 3,000 draws of 800 rows are nothing but copies
    assert "<td>100% (99." in text
    assert "Copies: some samples are copies of training points" in text
    assert f"adagan missing {tmp_path / 'data.csv'} --samples" in text
    assert main(["missing", str(tmp_path / "data.csv"), *found[:2], *found[4:]]) == 2
    assert "page.html exists already; choose another --html" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--where", "town=Bern"], "--where: expected COLUMN=VALUE with a column of ['id', 'day', 'paid'"),
        (["--where", "grade=huge"], "where: column 'grade' has no 'huge', but 'high', 'low', 'middle'"),
        (["--where", "visits=few"], "--where: 'few' is no number, as column 'visits' has"),
        (["--out", "DIR/new.npy"], "--out: expected a file that ends in .csv, .tsv, .parquet or .xlsx, as"),
    ],
)
def test_mistakes_are_one_line(run: Path, tmp_path: Path, words: list[str], message: str, capsys: Captured) -> None:
    out = [] if "--out" in words else ["--out", str(tmp_path / "new.csv")]
    assert main(["sample", str(run), *out, *(word.replace("DIR", str(tmp_path)) for word in words)]) == 2
    assert f"adagan: {message}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_report_speaks_of_columns_and_shows_rows(run: Path, tmp_path: Path) -> None:
    assert main(["report", str(run), "--out", str(tmp_path / "page.html"), "--num-samples", "300"]) == 0
    page = (tmp_path / "page.html").read_text()
    assert "Columns of the data and of the samples" in page
    assert '<th scope="row" class="words">paid</th><td class="words">number</td>' in page
    assert '">grade</th><td class="words">category (3)</td><td class="words">low ' in page
    assert "numbered anew" in page
    missing = f"{CUSTOMERS['paid'].isna().mean():.1%}"
    assert f"<td>{missing}</td>" in page
