"""Arrays beyond memory: the same numbers as of arrays in it, and nothing of the user's changes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from more_than_memory import shrink_memory
from torch import Tensor

from adagan.mixtures import arguments, large_arrays, water_level
from adagan.mixtures.arguments import as_float64, as_log_ratio, as_probabilities, shared
from adagan.mixtures.data_weights import Dagger, Flattened, Multiplicative, Star, TopK, Uniform
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import (
    cumulated,
    filled,
    is_mapped,
    largest,
    lowest,
    mapped,
    parts,
    room,
    summed,
    taken,
)
from adagan.mixtures.steps import KeepShare, missing_mass
from adagan.mixtures.systematic import spaced_rows

ROWS = 1_000


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_memory(monkeypatch)
    assert (large_arrays.LARGE, arguments.LARGE, water_level.LARGE) == (100, 100, 100)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_large_arrays_stand_in_files_that_go(tight: None) -> None:
    before = set(os.listdir(tempfile.gettempdir()))
    found = room(ROWS, 3, dtype=torch.float32)
    assert is_mapped(found)
    assert is_mapped(found[10:])
    assert not is_mapped(room(100, 3))
    assert not {name for name in set(os.listdir(tempfile.gettempdir())) - before if name.startswith("adagan-")}
    found.copy_(numbers(ROWS, 3))
    large_arrays.give_back()
    assert torch.equal(found, numbers(ROWS, 3).float())


def test_a_disk_without_room_is_named(tight: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(UserError, match=r"1,000 rows need 8,000 bytes of .*No space left.*TMPDIR"):
        room(ROWS)


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2"])
def test_a_map_that_may_only_be_read_is_mapped_and_not_copied(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "rows.npy", numbers(ROWS, 2).numpy().astype(dtype))
    array = np.load(tmp_path / "rows.npy", mmap_mode="r")[100:900]
    found = mapped(array)
    assert found is not None
    assert is_mapped(found)
    assert np.array_equal(found.numpy(), array)
    found[0] = 7.0  # of nobody else's
    assert np.array_equal(np.load(tmp_path / "rows.npy")[100:900], array)


def test_what_is_no_such_map_is_not_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", numbers(ROWS, 2).numpy())
    array = np.load(tmp_path / "rows.npy", mmap_mode="r")
    private = np.load(tmp_path / "rows.npy", mmap_mode="c")
    for other in (array[::2], array[:, :1], private, np.asarray(array).copy(), array.astype(">f8"), array[:0]):
        assert mapped(other) is None
    np.save(tmp_path / "other.npy", numbers(ROWS, 2, seed=1).numpy())
    os.replace(tmp_path / "other.npy", tmp_path / "rows.npy")  # the name is another file's now
    assert mapped(array) is None
    os.remove(tmp_path / "rows.npy")
    assert mapped(array) is None
    assert torch.equal(shared(array), numbers(ROWS, 2))


@pytest.mark.parametrize(
    "change", [lambda a: a[::-1], lambda a: a.astype(">f4"), lambda a: (100 * a).astype(np.int16), np.asfortranarray]
)
def test_other_arrays_are_copied_in_parts(tight: None, change: Callable[[np.ndarray], np.ndarray]) -> None:  # type: ignore[type-arg]
    array = change(numbers(ROWS, 2).numpy())
    array.flags.writeable = False
    found = shared(array)
    assert is_mapped(found)
    assert np.array_equal(found.numpy(), array)


def test_passes_in_parts_give_what_one_pass_gives(tight: None) -> None:
    array, weights = numbers(ROWS, 3), numbers(ROWS, seed=1)
    assert max(len(part) for part, _ in parts(array, weights)) == 170
    assert torch.equal(filled(lambda part, w: part * w[:, None], array, weights), array * weights[:, None])
    assert torch.allclose(summed(lambda part, w: w @ part, array, weights), weights @ array, rtol=1e-14)
    assert torch.equal(largest(weights), weights.max())
    assert torch.equal(lowest(weights), weights.min())
    assert torch.allclose(cumulated(weights), weights.cumsum(0), rtol=1e-14)
    rows = torch.randint(ROWS, (700,), generator=torch.Generator().manual_seed(2))
    stored = filled(Tensor.clone, array)
    assert is_mapped(stored)
    assert torch.equal(taken(stored, rows), array[rows])


RULES = (Star(), Dagger(), TopK(0.3), Multiplicative(), Uniform(), Flattened(Star()))


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_data_weights_are_right_beyond_memory(rule: Star, weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ratio = numbers(ROWS).log() + 0.3
    base = numbers(ROWS, seed=1) if weighted else None
    expected = rule(ratio, 0.4, base)
    shrink_memory(monkeypatch)
    found = rule(ratio, 0.4, base if weighted else as_probabilities(None, ROWS, ratio))
    assert is_mapped(found.values) or not weighted
    assert torch.allclose(found.values, expected.values, rtol=1e-10, atol=1e-16)
    assert found.effective_sample_size == pytest.approx(expected.effective_sample_size)
    assert found.kept_share == pytest.approx(expected.kept_share)


def test_arguments_and_steps_are_the_same_beyond_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    ratio, base = 800 * numbers(ROWS) - 50, numbers(ROWS, seed=1)
    expected = [
        as_log_ratio(ratio),
        as_probabilities(base, ROWS, ratio),
        as_float64(base.float()),
        torch.tensor(missing_mass(ratio, base)),
        torch.tensor(KeepShare(0.01).beta(ratio, base)),
        spaced_rows(base, 50, 0.5),
    ]
    shrink_memory(monkeypatch)
    found = [
        as_log_ratio(ratio),
        as_probabilities(base, ROWS, ratio),
        as_float64(base.float().numpy()),
        torch.tensor(missing_mass(ratio, base)),
        torch.tensor(KeepShare(0.01).beta(ratio, base)),
        spaced_rows(base, 50, 0.5),
    ]
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-12)
    uniform = as_probabilities(as_probabilities(None, ROWS, ratio), ROWS, ratio)
    assert uniform.stride(0) == 0
    assert float(uniform.sum()) == pytest.approx(1)
    assert spaced_rows(uniform, 4, 0.5).tolist() == [125, 375, 625, 875]
    with pytest.raises(UserError, match="not be negative; 1 of 1000 are"):
        as_probabilities(torch.where(torch.arange(ROWS) == 700, -1.0, base), ROWS, ratio)
