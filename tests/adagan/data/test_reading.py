"""Reading users' data: every kind of file, and every kind of broken file with a sentence that helps."""

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adagan.data.number_files import read_data, read_labels, read_weights

TABLE = np.arange(12, dtype=np.float64).reshape(6, 2) / 7


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def saved(folder: Path, array: np.ndarray, name: str = "data.npy") -> str:
    np.save(folder / name, array)
    return str(folder / name)


def picture(folder: Path, name: str, size: tuple[int, int] = (8, 8), mode: str = "L", value: int = 51) -> None:
    folder.mkdir(exist_ok=True)
    Image.new(mode, size, value if mode in ("L", "I;16", "F") else (value, 0, 0)).save(folder / name)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_, ">f8"])
def test_npy_of_any_real_type_becomes_single_precision(tmp_path: Path, dtype: object) -> None:
    array = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    data = read_data(saved(tmp_path, array))
    assert data.dtype == torch.float32
    assert data.tolist() == [[0, 1], [1, 0], [1, 1]]


def test_npy_shapes(tmp_path: Path) -> None:
    assert read_data(saved(tmp_path, np.arange(4.0))).tolist() == [[0], [1], [2], [3]]
    assert read_data(saved(tmp_path, np.ones((5, 3, 8, 8)))).shape == (5, 3, 8, 8)
    fortran = np.asfortranarray(TABLE)
    assert torch.allclose(read_data(saved(tmp_path, fortran)), torch.from_numpy(TABLE).float())


def test_arrays_are_known_by_their_content(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", TABLE)
    np.save(tmp_path / "x.npy", TABLE)
    (tmp_path / "x.npz").rename(tmp_path / "archive.npy")
    (tmp_path / "x.npy").rename(tmp_path / "array.npz")
    for name in ("archive.npy", "array.npz"):
        assert torch.allclose(read_data(str(tmp_path / name)), torch.from_numpy(TABLE).float())


def test_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", anything=TABLE)
    np.savez(tmp_path / "named.npz", labels=np.arange(6), data=TABLE)
    np.savez(tmp_path / "x.npz", y=np.arange(6), x=TABLE)
    for name in ("one", "named", "x"):
        assert torch.allclose(read_data(str(tmp_path / f"{name}.npz")), torch.from_numpy(TABLE).float())


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "x,y\n1,2\n3,4\n",
        "1,2\r\n3,4\r\n",
        "\ufeffx,y\n1,2\n3,4",
        "1, 2\n\n3, 4\n",
        '"1","2"\n"3","4"\n',
        "1e0,2\n3,4.0\n",
    ],
)
def test_csv(tmp_path: Path, text: str) -> None:
    assert read_data(write(tmp_path, "data.csv", text)).tolist() == [[1, 2], [3, 4]]


def test_one_column_of_csv(tmp_path: Path) -> None:
    assert read_data(write(tmp_path, "data.csv", "1\n2\n")).tolist() == [[1], [2]]


@pytest.mark.parametrize(("modes", "channels"), [(("L", "L"), 1), (("RGB", "RGB"), 3), (("L", "RGB"), 3)])
def test_a_folder_of_images(tmp_path: Path, modes: tuple[str, str], channels: int) -> None:
    for index, mode in enumerate(modes):
        picture(tmp_path / "images", f"{index}.png", (8, 6), mode)
    (tmp_path / "images" / "notes.txt").write_text("no image")
    data = read_data(str(tmp_path / "images"))
    assert data.shape == (2, channels, 6, 8)
    assert float(data[1, 0].unique()) == pytest.approx(0.2)


def test_images_are_found_in_subfolders_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    picture(tmp_path / "images" / "b", "0.png", value=255)
    picture(tmp_path / "images" / "a", "1.PNG", value=0)
    assert read_data(str(tmp_path / "images"))[:, 0, 0, 0].tolist() == [0, 1]


def test_built_in_names_and_paths_that_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_data("digits").shape == (1797, 1, 8, 8)
    assert torch.equal(read_data("unbalanced-ring", seed=2), read_data("unbalanced-ring", seed=2))
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "digits", "0.png")
    assert read_data("digits").shape == (1, 1, 8, 8)


def bad_values(folder: Path) -> str:
    array = TABLE.copy()
    array[1, 1], array[4, 0], array[5, 0], array[5, 1] = np.nan, np.inf, -np.inf, np.nan
    return saved(folder, array)


def several_arrays(folder: Path) -> str:
    np.savez(folder / "several.npz", first=TABLE, second=TABLE)
    return str(folder / "several.npz")


def objects(folder: Path) -> str:
    return saved(folder, np.array([{"a": 1}, None], dtype=object))


def objects_npz(folder: Path) -> str:
    np.savez(folder / "objects.npz", data=np.array([{"a": 1}], dtype=object))
    return str(folder / "objects.npz")


def truncated(folder: Path) -> str:
    content = Path(saved(folder, np.ones((100, 2)))).read_bytes()
    return write(folder, "data.npy", content[:-100])


MISTAKES: dict[str, tuple[Callable[[Path], str], str]] = {
    "empty": (lambda folder: write(folder, "data.npy", b""), "the file is empty"),
    "empty csv": (lambda folder: write(folder, "data.csv", "\n\n"), "the file has no rows"),
    "header only": (lambda folder: write(folder, "data.csv", "x,y\n"), "the file has names and no rows"),
    "no array": (lambda folder: write(folder, "data.npy", b"hello"), "not a readable .npy array"),
    "truncated": (truncated, "not a readable .npy array of numbers"),
    "objects": (objects, "not a readable .npy array of numbers (it holds pickled objects"),
    "objects in npz": (objects_npz, "not a readable .npz archive (it holds pickled objects"),
    "pickle": (lambda folder: write(folder, "data.npy", pickle.dumps([1, 2])), "not a readable .npy array"),
    "no archive": (lambda folder: write(folder, "data.npz", b"PK"), "not a readable .npz archive"),
    "several arrays": (several_arrays, "expected one array, or one called data or x, found first, second"),
    "suffix": (lambda folder: write(folder, "data.txt", "1,2"), "expected a .npy, .npz, .csv, .tsv, .parquet or"),
    "no suffix": (lambda folder: write(folder, "data", "1,2"), "got no suffix"),
    "text": (lambda folder: saved(folder, np.array(["a", "b"])), "expected real numbers, got an array of <U1"),
    "complex": (lambda folder: saved(folder, np.array([1j])), "expected real numbers, got an array of complex128"),
    "scalar": (lambda folder: saved(folder, np.array(3.0)), "expected rows of numbers, got an array of shape ()"),
    "no rows": (lambda folder: saved(folder, np.zeros((0, 2))), "got an array of shape (0, 2)"),
    "nan": (bad_values, "4 of 12 values are NaN or infinite (the first at row 2 column 2, row 5 column 1, row 6"),
    "csv nan": (lambda folder: write(folder, "d.csv", "x,y\n1,nan\n"), "1 of 2 values are NaN or infinite (the first"),
    "named text": (
        lambda folder: write(folder, "d.csv", "age,city,name\n1,Rome,Ada\n2,Oslo,Bo\n"),
        "expected numbers only, but there is text in city (such as 'Rome'), name (such as 'Ada'); drop or encode",
    ),
    "unnamed text": (lambda folder: write(folder, "d.csv", "1,2\n3,x\n"), "there is text in column 2 (such as 'x')"),
    "missing value": (
        lambda folder: write(folder, "d.csv", "x,y\n1,2\n3,\n"),
        "1 of 4 values are NaN or infinite (the first at row 2 column 2",
    ),
    "ragged": (lambda folder: write(folder, "d.csv", "1,2\n3,4\n5\n"), "line 3 has 1 values, the others have 2"),
    "encoding": (lambda folder: write(folder, "d.csv", b"a,b\nZ\xfcrich,1\n"), "not a text file in UTF-8"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_name_the_file_and_the_cure(tmp_path: Path, name: str) -> None:
    make, message = MISTAKES[name]
    source = make(tmp_path)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_data(source)
    assert str(caught.value).startswith(source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.npy", r"nowhere\.npy: no such file or folder, and not a built-in data set \(ring, grid"),
        ("unbalanced-rin", "did you mean unbalanced-ring"),
        ("digit", "did you mean digits"),
    ],
)
def test_missing_files(source: str, message: str) -> None:
    with pytest.raises(FileNotFoundError, match=message):
        read_data(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_files(tmp_path: Path) -> None:
    path = saved(tmp_path, TABLE)
    os.chmod(path, 0)
    with pytest.raises((PermissionError, ValueError), match="Permission denied"):
        read_data(path)


def test_a_planted_pickle_is_not_opened(tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "executed",))  # type: ignore[return-value]

    source = saved(tmp_path, np.array([Planted()], dtype=object))
    with pytest.raises(ValueError, match="it holds pickled objects, which adagan does not open"):
        read_data(source)
    assert not (tmp_path / "executed").exists()


def test_weights(tmp_path: Path) -> None:
    assert read_weights(saved(tmp_path, np.array([1.0, 2.0]))).tolist() == [1, 2]
    assert read_weights(saved(tmp_path, np.array([[1.0], [2.0]]))).tolist() == [1, 2]
    assert read_weights(write(tmp_path, "w.csv", "weight\n1\n2\n")).tolist() == [1, 2]
    with pytest.raises(ValueError, match="expected one weight per row, got rows of 2 values"):
        read_weights(saved(tmp_path, TABLE))


def test_labels(tmp_path: Path) -> None:
    found, names = read_labels(saved(tmp_path, np.array([0, 2, -1])))
    assert names == ()
    assert found.tolist() == [0, 2, -1]
    assert found.dtype == torch.int64
    assert read_labels(write(tmp_path, "y.csv", "class\n1\n0\n"))[0].tolist() == [1, 0]
    with pytest.raises(ValueError, match="expected one label per row, got rows of 2 values"):
        read_labels(saved(tmp_path, TABLE))
    with pytest.raises(ValueError, match=r"from 0, and -1 for unlabelled rows, got 0\.5 in row 2"):
        read_labels(saved(tmp_path, np.array([1, 0.5])))
    with pytest.raises(ValueError, match=r"got -2 in row 1"):
        read_labels(saved(tmp_path, np.array([-2, 0])))
