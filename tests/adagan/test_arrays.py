"""Arrays as people have them: what is given, what comes of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from more_than_memory import shrink_memory
from torch.utils.data import Dataset, TensorDataset

from adagan import AdaGAN
from adagan.components.adapters.class_conditional import ClassConditional
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.components.generators.gaussian import Gaussian
from adagan.data.number_files import read_data, read_labels, read_weights
from adagan.data.reading import read_training_data
from adagan.data.training_data import TrainingData
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import is_mapped

PLAIN = np.arange(24, dtype=np.float32).reshape(12, 2)
IDS = np.array([10**12, 7, 7, 10**9] * 3)
YEARS = 1.7e9 + np.arange(12.0)[:, None]

ARRAYS: dict[str, tuple[Any, np.dtype[Any]]] = {
    "big-endian singles": (PLAIN.astype(">f4"), np.dtype(np.float32)),
    "big-endian doubles": (PLAIN.astype(">f8"), np.dtype(np.float64)),
    "big-endian integers": (PLAIN.astype(">i4"), np.dtype(np.float32)),
    "reversed": (PLAIN[::-1].copy()[::-1], np.dtype(np.float32)),
    "reversed entries": (PLAIN[:, ::-1].copy()[:, ::-1], np.dtype(np.float32)),
    "columns first": (np.asfortranarray(PLAIN), np.dtype(np.float32)),
    "a part of an array": (np.repeat(PLAIN, 2, axis=0)[::2], np.dtype(np.float32)),
    "halves": (PLAIN.astype(np.float16), np.dtype(np.float32)),
    "big-endian halves": (PLAIN.astype(">f2"), np.dtype(np.float32)),
    "doubles": (PLAIN.astype(np.float64), np.dtype(np.float64)),
    "bytes": (PLAIN.astype(np.uint8), np.dtype(np.float32)),
    "16 bits": (PLAIN.astype(np.uint16), np.dtype(np.float32)),
    "truth values": (PLAIN > 11, np.dtype(np.float32)),
    "lists": (PLAIN.astype(np.int64).tolist(), np.dtype(np.float32)),
    "a tensor that asks for gradients": (torch.from_numpy(PLAIN).requires_grad_(), np.dtype(np.float32)),
    "a tensor of halves": (torch.from_numpy(PLAIN).half(), np.dtype(np.float32)),
    "a tensor of bfloat16": (torch.from_numpy(PLAIN).bfloat16(), np.dtype(np.float32)),
    "a tensor of integers": (torch.from_numpy(PLAIN).int(), np.dtype(np.float32)),
    "a transposed tensor": (torch.from_numpy(np.ascontiguousarray(PLAIN.T)).T, np.dtype(np.float32)),
    "seconds since 1970": (YEARS, np.dtype(np.float64)),
}


@pytest.mark.parametrize("given", list(ARRAYS))
def test_arrays_of_every_kind_are_taken(given: str) -> None:
    array, dtype = ARRAYS[given]
    checked = TrainingData.checked(array).points
    assert not checked.requires_grad
    assert checked.numpy().dtype == dtype
    expected = array.detach().float().numpy() if isinstance(array, torch.Tensor) else np.asarray(array, dtype)
    assert np.array_equal(checked.numpy(), expected)


def npz_called_npy(folder: Path, array: Any) -> str:
    with (folder / "rows.npy").open("wb") as file:
        np.savez(file, array)
    return str(folder / "rows.npy")


def npy_called_npz(folder: Path, array: Any) -> str:
    with (folder / "rows.npz").open("wb") as file:
        np.save(file, array)
    return str(folder / "rows.npz")


def npy(folder: Path, array: Any) -> str:
    np.save(folder / "rows.npy", array)
    return str(folder / "rows.npy")


FILES = {"npy": npy, "an npz that is an npy": npy_called_npz, "an npy that is an npz": npz_called_npy}


@pytest.mark.parametrize("form", list(FILES))
@pytest.mark.parametrize("given", [name for name, (array, _) in ARRAYS.items() if isinstance(array, np.ndarray)])
def test_files_of_every_kind_are_read(given: str, form: str, tmp_path: Path) -> None:
    array, _ = ARRAYS[given]
    found = read_data(FILES[form](tmp_path, array))
    # doubles stay such only where single precision would lose what tells rows apart
    assert found.dtype == (torch.float64 if given == "seconds since 1970" else torch.float32)
    assert np.array_equal(found.numpy(), array.astype(found.numpy().dtype))


LABELS: dict[str, tuple[Any, list[int], tuple[str, ...]]] = {
    "classes": (np.array([0, 2, -1] * 4), [0, 2, -1] * 4, ()),
    "classes in doubles": (np.array([0.0, 2.0, -1.0] * 4), [0, 2, -1] * 4, ()),
    "text": (np.array(["dog", "cat", "cat"] * 4), [1, 0, 0] * 4, ("cat", "dog")),
    "large ids": (IDS, [2, 0, 0, 1] * 3, ("7", "1000000000", "1000000000000")),
    "ids beside unlabelled ones": (np.array([10**7, -1, 5] * 4), [1, -1, 0] * 4, ("5", "10000000")),
    "unsigned ids": (IDS.astype(np.uint64), [2, 0, 0, 1] * 3, ("7", "1000000000", "1000000000000")),
    "a million classes": (np.full(12, 999_999), [0] * 12, ("999999",)),
}


@pytest.mark.parametrize("given", list(LABELS))
def test_labels_of_every_kind_are_numbered_and_named(given: str, tmp_path: Path) -> None:
    labels, classes, names = LABELS[given]
    checked = TrainingData.checked(PLAIN, labels=labels)
    assert checked.labels is not None
    assert (checked.labels.tolist(), checked.class_names) == (classes, names)
    stored, named = read_labels(npy(tmp_path, labels))
    assert (stored.tolist(), named) == (classes, names)
    (tmp_path / "labels.csv").write_text("\n".join(["label", *map(str, labels.tolist())]) + "\n")
    stored, named = read_labels(str(tmp_path / "labels.csv"))
    assert (stored.tolist(), named) == (classes, names)


@pytest.mark.parametrize(
    ("labels", "wanted", "other"),
    [(np.array(["cat", "dog"] * 30), "dog", "cat"), (np.array([7, 10**12] * 30), 10**12, 7), ([0, 1] * 30, 1, 0)],
    ids=["text", "ids", "classes"],
)
def test_samples_are_asked_for_by_the_values_of_labels(labels: Any, wanted: Any, other: Any) -> None:
    data = np.where(np.arange(60)[:, None] % 2, 100.0, 0.0) + np.random.default_rng(1).standard_normal((60, 2))
    model = AdaGAN(partial(ClassConditional, Gaussian), rounds=1, critic=partial(KernelCritic, folds=2), seed=1).fit(
        data, labels=labels
    )
    assert float(model.sample(20, condition=wanted, seed=1).min()) > 50
    assert float(model.sample(20, condition=other, seed=1).max()) < 50
    with pytest.raises(UserError, match="condition"):
        model.sample(5, condition="horse")


@pytest.mark.parametrize("scale", [1e-60, 1e-300, 1.0, 1e300])
def test_weights_of_any_scale_are_normalised_in_doubles(scale: float, tmp_path: Path) -> None:
    weights = scale * np.arange(1.0, 13.0)
    expected = np.arange(1.0, 13.0) / 78
    assert np.allclose(TrainingData.checked(PLAIN, weights=weights).weights.numpy(), expected, rtol=1e-12, atol=0)
    assert np.allclose(read_weights(npy(tmp_path, weights)).numpy(), weights, rtol=1e-15, atol=0)
    read = read_training_data(npy(tmp_path, PLAIN), FILES["an npz that is an npy"](tmp_path, weights))
    assert np.allclose(read.weights.numpy(), expected, rtol=1e-12, atol=0)


def test_large_files_are_mapped_and_folders_of_them_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_memory(monkeypatch)
    monkeypatch.setattr("adagan.data.array_files.MAPPED", 500)
    rows = np.arange(600, dtype=np.float32).reshape(300, 2)
    assert is_mapped(read_data(npy(tmp_path, rows)))
    folder = tmp_path / "folder"
    folder.mkdir()
    for index in range(3):
        np.save(folder / f"part-{index}.npy", rows[100 * index : 100 * (index + 1)])
    found = read_training_data(str(folder)).points
    assert is_mapped(found)
    assert np.array_equal(found.numpy(), rows)
    for wrong in (rows[:, :1], rows.astype(np.float64)):
        np.save(folder / "part-3.npy", wrong)
        with pytest.raises(UserError, match=r"part-3\.npy: an array of .* where part-0\.npy has float32"):
            read_data(str(folder))


def test_a_large_data_set_stands_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Items(Dataset[Any]):
        def __len__(self) -> int:
            return 300

        def __getitem__(self, index: int) -> Any:
            return torch.full((2,), float(index)), index % 3

    shrink_memory(monkeypatch)
    checked = TrainingData.checked(Items(), learns_labels=True)
    assert is_mapped(checked.points)
    assert torch.equal(checked.points, torch.arange(300.0)[:, None].expand(300, 2))
    assert checked.labels is not None
    assert torch.equal(checked.labels, torch.arange(300) % 3)
    assert torch.equal(TrainingData.checked(TensorDataset(checked.points)).points, checked.points)
