"""Arrays beyond those of public reports, of the same kinds: what came, and what it is to become."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from adagan.data.number_files import read_data
from adagan.data.training_data import TrainingData

RANDOM = np.random.default_rng(100)
X = RANDOM.normal(size=(20, 3))
SINGLE, DOUBLE = torch.float32, torch.float64


def bytes_of(*shape: int) -> Any:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def read_only() -> Any:
    array = X.copy()
    array.flags.writeable = False
    return array


VECTORS: dict[str, tuple[Any, torch.dtype, Any]] = {
    # what came, the precision it is to have, and its values
    "large ids": (2**53 + 2 * np.arange(20)[:, None], DOUBLE, 2.0**53 + 2 * np.arange(20.0)[:, None]),
    "seconds since 1970": (1_700_000_000 + np.arange(20)[:, None], DOUBLE, 1.7e9 + np.arange(20.0)[:, None]),
    "such seconds in a tensor": (1_700_000_000 + torch.arange(20)[:, None], DOUBLE, 1.7e9 + np.arange(20.0)[:, None]),
    "unsigned ids": (10**18 + 2**20 * np.arange(20, dtype=np.uint64)[:, None], DOUBLE, None),
    "nanoseconds beside counts": (np.stack([10**18 + 10**9 * np.arange(20), np.arange(20)], axis=1), DOUBLE, None),
    "counts": (np.arange(40).reshape(20, 2), SINGLE, np.arange(40.0).reshape(20, 2)),
    "counts far apart": (10**9 * np.arange(20)[:, None], SINGLE, 1e9 * np.arange(20.0)[:, None]),
    "objects that are numbers": (X.astype(object), DOUBLE, X),
    "more digits than doubles": (X.astype(np.longdouble), DOUBLE, X),
    "a mask that hides nothing": (np.ma.array(X), DOUBLE, X),
    "a matrix": (np.asmatrix(X), DOUBLE, X),
    "what may only be read": (read_only(), DOUBLE, X),
    "a row many times": (np.broadcast_to(X[0], (20, 3)), DOUBLE, np.tile(X[0], (20, 1))),
    "a list of tensors": (list(torch.from_numpy(X)), DOUBLE, X),
    "a list of arrays": (list(X), DOUBLE, X),
    "a list of pairs": ([(row, 0.5) for row in range(20)], SINGLE, [(row, 0.5) for row in range(20)]),
    "a tuple of lists": (tuple([row, 0.5] for row in range(20)), SINGLE, [(row, 0.5) for row in range(20)]),
    "a parameter": (torch.nn.Parameter(torch.from_numpy(X)), DOUBLE, X),
    "a tensor of truth values": (torch.from_numpy(X > 0), SINGLE, X > 0),
    "a tensor of 16 bits": (torch.arange(20).to(torch.uint16)[:, None], SINGLE, np.arange(20)[:, None]),
    "an expanded tensor": (torch.ones(1, 3).expand(20, 3), SINGLE, np.ones((20, 3))),
    "a conjugate": (torch.from_numpy(X).conj(), DOUBLE, X),
    "signals": (X.reshape(10, 3, 2), DOUBLE, X.reshape(10, 3, 2)),
    "volumes": (bytes_of(4, 3, 8, 8, 8), SINGLE, None),
}


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.filterwarnings("error")
def test_numbers_of_a_kind(name: str) -> None:
    given, dtype, values = VECTORS[name]
    points = TrainingData.checked(given).points
    assert points.dtype == dtype
    expected = np.asarray(given, dtype=np.float64) if values is None else np.asarray(values, dtype=np.float64)
    assert np.array_equal(points.double().numpy(), expected.astype(np.float32) if dtype == SINGLE else expected)


@pytest.mark.parametrize("name", ["large ids", "seconds since 1970", "counts", "counts far apart", "unsigned ids"])
def test_whole_numbers_of_a_file(tmp_path: Path, name: str) -> None:
    given, dtype, _ = VECTORS[name]
    np.save(tmp_path / "rows.npy", given)
    found = read_data(str(tmp_path / "rows.npy"))
    assert found.dtype == dtype
    assert np.array_equal(found.numpy(), given.astype(found.numpy().dtype))


IMAGES: dict[str, tuple[Any, tuple[int, ...], str]] = {
    # what came, the shape of a point, and what is said
    "channels last, one": (bytes_of(6, 28, 28, 1), (1, 28, 28), "28×28 pixels, grey (NHWC), uint8 from 0 to 255"),
    "channels first, one": (bytes_of(6, 1, 28, 28), (1, 28, 28), "28×28 pixels, grey (NCHW), uint8 from 0 to 255"),
    "channels first": (bytes_of(6, 3, 32, 32), (3, 32, 32), "32×32 pixels, colour (NCHW), uint8 from 0 to 255"),
    "alpha last": (bytes_of(6, 32, 32, 4), (4, 32, 32), "32×32 pixels, colour with alpha (NHWC), uint8 from"),
    "alpha first": (bytes_of(6, 4, 16, 16), (4, 16, 16), "16×16 pixels, colour with alpha (NCHW), uint8 from"),
    "grey with alpha": (bytes_of(6, 2, 8, 8), (2, 8, 8), "8×8 pixels, grey with alpha (NCHW), uint8 from"),
    "black and white": (bytes_of(6, 8, 8) > 99, (1, 8, 8), "8×8 pixels, grey (NHW), bool from 0 to 1"),
    "16 bits": (256 * bytes_of(6, 8, 8).astype(np.uint16), (1, 8, 8), "8×8 pixels, grey (NHW), uint16 from 0 to 65535"),
    "fractions": (RANDOM.random((6, 8, 8, 3), dtype=np.float32), (3, 8, 8), "colour (NHWC), float32 from 0 to 1"),
    "fractions in one channel": (RANDOM.random((6, 8, 8)), (1, 8, 8), "grey (NHW), float64 from 0 to 1"),
    "around zero": (2 * RANDOM.random((6, 8, 8)) - 1, (1, 8, 8), "grey (NHW), float64 from -1 to 1"),
    "bytes as doubles": (bytes_of(6, 8, 8).astype(np.float64), (1, 8, 8), "grey (NHW), float64 from 0 to 255"),
    "bytes as whole numbers": (bytes_of(6, 8, 8).astype(np.int64), (1, 8, 8), "grey (NHW), int64 from 0 to 255"),
}


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.filterwarnings("ignore:data. taken for")
def test_images_of_a_kind(name: str, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder) -> None:
    given, shape, said = IMAGES[name]
    with caplog.at_level("INFO", logger="adagan"):
        checked = TrainingData.checked(given)
    assert tuple(checked.points.shape) == (6, *shape)
    told = [*caplog.messages, *(str(warning.message) for warning in recwarn)]
    assert any(said in line for line in told)
    assert np.allclose(checked.images.decode(checked.points).numpy().astype(np.float64), given, atol=1e-5)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a sparse matrix": (lambda: sparse.csr_matrix(X), r"got csr_matrix \(a sparse matrix; call \.toarray\(\)\)"),
    "a sparse array": (lambda: sparse.csr_array(X), r"got csr_array \(a sparse matrix; call \.toarray\(\)\)"),
    "a sparse tensor": (lambda: torch.from_numpy(X).to_sparse(), r"got a sparse_coo tensor; call \.to_dense\(\)"),
    "masked entries": (lambda: np.ma.masked_less(X, 0), r"got MaskedArray \(masked entries; fill them in by"),
    "complex numbers": (lambda: X + 1j, "expected real numbers, got torch.complex128; give each point its parts"),
    "digits as text": (lambda: X.astype(str), "expected an array of numbers, got ndarray"),
    "fields with names": (lambda: np.array([(1, 2.0)] * 9, dtype=[("a", "i4"), ("b", "f8")]), "array of numbers, got"),
    "days": (lambda: np.array(["2024-01-01"] * 9, dtype="M8[D]")[:, None], "expected an array of numbers, got ndarray"),
    "None among numbers": (lambda: np.array([[1.0, None]] * 9, dtype=object), "expected an array of numbers, got"),
    "one number a point": (lambda: np.arange(20.0), r"got \(20,\); one number per point has shape \(N, 1\)"),
    "a column of pandas": (lambda: pd.Series(np.arange(20.0)), r"one number per point has shape \(N, 1\)"),
    "one number": (lambda: np.array(1.0), r"expected shape \(N, \*event\) with N > 0, got \(\)"),
    "no rows": (lambda: np.zeros((0, 3)), r"got \(0, 3\)"),
    "no columns": (lambda: np.zeros((5, 0)), r"got \(5, 0\)"),
    "NaN": (lambda: np.where(X > 1, np.nan, X), "are NaN or infinite, the first in row"),
    "infinity": (lambda: np.where(X > 1, np.inf, X), "are NaN or infinite, the first in row"),
    "rows of two lengths": (lambda: [[1, 2], [3]], "expected an array of numbers, got list"),
    "a generator": (lambda: (row for row in X), "expected an array of numbers, got generator"),
    "a dictionary": (lambda: {"a": [1, 2]}, "expected an array of numbers, got dict"),
    "None": (lambda: None, "expected an array of numbers, got NoneType"),
    "a path": (lambda: "data.npy", "expected an array of numbers, got str"),
    "a tensor without values": (lambda: torch.empty(20, 3, device="meta"), "on the meta device, which holds no values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_in_a_line(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=f"^data: .*{message}") as caught:
        TrainingData.checked(make())
    assert "\n" not in str(caught.value)
    assert "The only supported types" not in str(caught.value)
