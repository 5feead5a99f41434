"""Parquet files larger than memory: what they hold, read in parts, is what is read at once."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from more_than_memory import shrink_memory

from adagan.data import parquet_parts
from adagan.data.number_files import read_data
from adagan.data.reading import read_rows, read_training_data
from adagan.data.training_data import TrainingData
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import is_mapped

ROWS = 600


def mixed() -> pd.DataFrame:
    random = np.random.default_rng(100)
    return pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=ROWS, freq="7h"),
            "paid": np.where(random.random(ROWS) < 0.2, np.nan, random.lognormal(3, 1, ROWS)).round(2),
            "visits": random.poisson(2, ROWS),
            "member": random.random(ROWS) < 0.3,
            "grade": random.choice(["low", "middle", "high"], ROWS, p=[0.6, 0.35, 0.05]),
            "counts": random.random(ROWS) + 0.5,
        }
    )


MIXED = mixed()
NUMBERS = pd.DataFrame(np.random.default_rng(101).standard_normal((ROWS, 3)), columns=["a", "b", "c"])


def written(frame: pd.DataFrame, folder: Path, num_files: int) -> str:
    """One file of several row groups, or a folder of files."""
    if num_files == 1:
        frame.to_parquet(folder / "data.parquet", row_group_size=170)
        return str(folder / "data.parquet")
    (folder / "data").mkdir()
    for index, rows in enumerate(np.array_split(np.arange(len(frame)), num_files)):
        frame.iloc[rows].reset_index(drop=True).to_parquet(folder / "data" / f"part-{index}.parquet")
    return str(folder / "data")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Tables of any size are read in parts of 64 rows, and a hundred rows do not fit in memory."""
    shrink_memory(monkeypatch)
    monkeypatch.setattr("adagan.data.table_files.LARGE_TABLE", 1)
    monkeypatch.setattr(parquet_parts, "ROWS", 64)
    return monkeypatch


@pytest.mark.parametrize("num_files", [1, 3])
def test_parts_are_the_whole(num_files: int, tmp_path: Path, small_parts: pytest.MonkeyPatch) -> None:
    path = written(MIXED, tmp_path, num_files)
    found = read_training_data(path, weights="counts", labels="grade")
    expected = TrainingData.checked(MIXED, weights="counts", labels="grade")
    assert is_mapped(found.points)
    assert found.encoding is not None
    assert expected.encoding is not None
    assert {**found.encoding.config(), "written": {}} == expected.encoding.config()
    assert torch.equal(found.points, expected.points)
    assert torch.allclose(found.weights, expected.weights, rtol=1e-14)
    assert found.class_names == expected.class_names == ("high", "low", "middle")
    assert found.labels is not None
    assert torch.equal(found.labels, torch.as_tensor(expected.labels))
    assert torch.equal(read_rows(path, read_training_data(path).table), read_training_data(path).points)


@pytest.mark.parametrize("num_files", [1, 3])
def test_numbers_in_parts(num_files: int, tmp_path: Path, small_parts: pytest.MonkeyPatch) -> None:
    path = written(NUMBERS, tmp_path, num_files)
    found = read_data(path)
    assert is_mapped(found)
    np.testing.assert_array_equal(found.numpy(), NUMBERS.to_numpy(np.float32))
    small_parts.undo()
    np.testing.assert_array_equal(read_data(path).numpy(), NUMBERS.to_numpy(np.float32))


def test_what_is_rare_is_learnt_too(tmp_path: Path, small_parts: pytest.MonkeyPatch) -> None:
    """Of every twelfth row the encoding is learnt, and of the rows with the lowest, highest and unseen values."""
    small_parts.setattr(parquet_parts, "LEARNT", 50)
    frame = MIXED.copy()
    frame.loc[437, "grade"] = "once"
    frame.loc[439, "paid"] = 1e6
    found = read_training_data(written(frame, tmp_path, 1))
    assert found.table is not None
    of_grade, of_paid = (next(c for c in found.table.columns if c.name == name) for name in ("grade", "paid"))
    assert set(of_grade.values) == {"low", "middle", "high", "once"}
    assert of_paid.high == 1e6
    assert found.table.decode(found.points[437:438])["grade"].tolist() == ["once"]
    assert len(found.points) == ROWS


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of 2^16 rows and 2 doubles has 1 MiB, its vectors half of that, and a part .1 MiB.

    Read at once it takes more than 3 MiB of numpy's memory; what pyarrow holds, a group of rows, is not counted here.
    """
    monkeypatch.setattr("adagan.data.table_files.LARGE_TABLE", 1)
    monkeypatch.setattr("adagan.mixtures.large_arrays.LARGE", 1_000)
    monkeypatch.setattr(parquet_parts, "ROWS", 2**13)
    monkeypatch.setattr(parquet_parts, "LEARNT", 1_000)
    values = np.random.default_rng(102).standard_normal((2**16, 2))
    pd.DataFrame(values, columns=["a", "b"]).to_parquet(tmp_path / "data.parquet", row_group_size=2**14)
    read_training_data(written(NUMBERS, tmp_path, 3))  # imports
    tracemalloc.start()
    try:
        found = read_training_data(str(tmp_path / "data.parquet"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.points.shape == (2**16, 2)
    assert peak < 2**20


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    path = Path(written(NUMBERS, tmp_path, 3))
    NUMBERS.rename(columns={"a": "z"}).to_parquet(path / "part-9.parquet")
    with pytest.raises(UserError, match=r"part-9.parquet: its columns are \['z', 'b', 'c'\], where part-0.parquet has"):
        read_data(str(path))
    (path / "part-9.parquet").write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(UserError, match=r"part-9.parquet: not a readable parquet file"):
        read_training_data(str(path))


def test_text_among_the_numbers(tmp_path: Path, small_parts: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="expected numbers only, but there is something else in day, grade"):
        read_data(written(MIXED, tmp_path, 1))
