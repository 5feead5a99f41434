"""What strangers wrote is read within limits, and records come back as what they were or not at all."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.storage.allocation_limit import LEAST, SLACK, limited_to
from adagan.mixtures.storage.checked_reading import DEEPEST, parsed_json, read_bytes
from adagan.mixtures.storage.records import record_of


@dataclass(frozen=True)
class Inner:
    share: float


@dataclass(frozen=True)
class Outer:
    index: int
    level: float | None
    weights: tuple[float, ...]
    inner: Inner
    name: str = ""


GOOD = Outer(3, None, (0.5, 0.5), Inner(1.0), "some")


def test_a_record_comes_back() -> None:
    assert record_of(Outer, json.loads(json.dumps(asdict(GOOD)))) == GOOD
    assert record_of(Outer, {"index": 1, "level": 2, "weights": [], "inner": {"share": 1}}) == Outer(
        1, 2.0, (), Inner(1.0)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"index": 1.5},
        {"index": True},
        {"index": 10**30},
        {"level": "1"},
        {"weights": 1.0},
        {"weights": [None]},
        {"inner": []},
        {"inner": {}},
        {"inner": {"share": 1.0, "more": 1}},
        {"name": None},
        {"more": 1},
    ],
)
def test_another_record_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="|".join([*change, "expected the fields of a Inner", "share", "more"])):
        record_of(Outer, {**asdict(GOOD), **change})


def test_a_file_is_no_larger_than_said_whatever_it_says(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UserError, match="is larger than the 1,000 bytes"):
        read_bytes(tmp_path / "sparse", 1_000)
    (tmp_path / "small").write_bytes(b"123")
    assert read_bytes(tmp_path / "small", 3) == b"123"
    with pytest.raises(UserError, match="no regular file"):
        read_bytes(Path("/dev/zero"), 1_000)


@pytest.mark.parametrize(("depth", "fits"), [(DEEPEST - 1, True), (DEEPEST + 1, False), (900, False), (10**6, False)])
def test_json_is_no_deeper_than_said(depth: int, fits: bool) -> None:
    text = b"[" * depth + b"]" * depth
    if fits:
        assert parsed_json(text, Path("x.json")) is not None
    else:
        with pytest.raises(UserError, match=r"x\.json is corrupted"):
            parsed_json(text, Path("x.json"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: torch.empty(SLACK),
        lambda: torch.zeros(2**20, 2**20),
        lambda: torch.nn.Linear(10**6, 10**6),
        lambda: torch.arange(10**15),
        lambda: torch.zeros(3).repeat(10**12),
        lambda: [torch.zeros(()) for _ in range(SLACK // LEAST + 9)],
    ],
)
def test_what_is_made_from_a_file_is_not_far_larger(ask: Any) -> None:
    with (
        pytest.raises(UserError, match="far larger than what the file holds"),
        isolated_randomness(0),
        limited_to(100),
    ):
        ask()
    with limited_to(100), isolated_randomness(0):
        assert torch.nn.Linear(50, 50)(torch.zeros(1, 50)).shape == (1, 50)
