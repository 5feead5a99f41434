"""Files and folders appear whole or not at all, and nothing is written through a symbolic link."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from adagan import Mixture
from adagan.components import Gaussian
from adagan.mixtures.sampling.streaming import stream_samples
from adagan.mixtures.storage import files
from adagan.mixtures.storage.files import (
    remove_drafts,
    write_json,
    write_tensors,
    write_text,
    written_file,
    written_folder,
)

FITTED = Gaussian().fit(torch.randn(20, 2, generator=torch.Generator().manual_seed(0)))


class Killed(BaseException):
    """Stands for a kill."""


def streamed(path: Path) -> None:
    stream_samples(FITTED, 5, path, generator=torch.Generator().manual_seed(0), overwrite=True)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "text.txt": lambda path: write_text(path, "ours"),
    "some.json": lambda path: write_json(path, {"whose": "ours"}),
    "arrays.safetensors": lambda path: write_tensors(path, {"ours": torch.ones(2)}),
    "samples.npy": streamed,
    "samples.csv": streamed,
    "saved": lambda path: Mixture([FITTED]).save(path, overwrite=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_only_what_is_wanted_appears(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / "new" / name)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]
    WRITERS[name](tmp_path / "new" / name)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


def test_values(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "größer\n")
    assert (tmp_path / "a").read_bytes() == "größer\n".encode()
    write_tensors(tmp_path / "b", {"x": torch.arange(6.0).reshape(2, 3).T})
    assert torch.equal(load_file(tmp_path / "b")["x"], torch.arange(6.0).reshape(2, 3).T)
    streamed(tmp_path / "c.npy")
    assert np.array_equal(np.load(tmp_path / "c.npy"), FITTED.sample(5, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("dangling", [False, True])
@pytest.mark.parametrize("name", WRITERS)
def test_a_link_in_the_place_of_the_target_is_refused(tmp_path: Path, name: str, dangling: bool) -> None:
    victim, place = tmp_path / "victim", tmp_path / "place"
    place.mkdir()
    if not dangling and name == "saved":
        victim.mkdir()
    elif not dangling:
        victim.write_text("theirs")
    (place / name).symlink_to(victim)
    with pytest.raises(ValueError, match=rf"{name} is a symbolic link; name what it points to, or remove the link"):
        WRITERS[name](place / name)
    assert (place / name).is_symlink()
    assert [path.name for path in place.iterdir()] == [name]
    if dangling:
        assert not victim.exists()
    else:
        assert list(victim.iterdir()) == [] if name == "saved" else victim.read_text() == "theirs"


@pytest.mark.parametrize("name", WRITERS)
def test_a_link_in_the_place_of_the_draft_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    monkeypatch.setattr(files, "_draft_of", lambda name: f".{name}.guessed")
    (tmp_path / f".{name}.guessed").symlink_to(victim)
    with pytest.raises(FileExistsError):
        WRITERS[name](tmp_path / name)
    assert victim.read_text() == "theirs"
    assert not (tmp_path / name).exists()


def test_names_of_drafts_cannot_be_guessed(tmp_path: Path) -> None:
    seen = set()
    for _ in range(20):
        with written_file(tmp_path / "some.json"):
            (draft,) = (path.name for path in tmp_path.glob(".*"))
            seen.add(draft)
        (tmp_path / "some.json").unlink()
    assert len(seen) == 20


def test_a_link_on_the_way_is_the_users_own_business(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    for name, write in WRITERS.items():
        write(tmp_path / "runs" / name)
    assert sorted(path.name for path in (tmp_path / "disk").iterdir()) == sorted(WRITERS)


def test_the_folder_is_held_whatever_becomes_of_its_name(tmp_path: Path) -> None:
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()
    with written_file(place / "some.json") as file:
        file.write(b"{}")
        place.rename(tmp_path / "moved")
        place.symlink_to(elsewhere)
    assert list(elsewhere.iterdir()) == []
    assert (tmp_path / "moved" / "some.json").read_bytes() == b"{}"


@pytest.mark.parametrize("error", [Killed, OSError])
def test_a_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    write_text(tmp_path / "text.txt", "before")

    def half_a_file() -> None:
        with written_file(tmp_path / "text.txt") as file:
            file.write(b"half")
            raise error

    def half_a_folder() -> None:
        with written_folder(tmp_path / "folder", overwrite=True) as draft:
            write_text(draft / "text.txt", "half")
            raise error

    for write in (half_a_file, half_a_folder):
        with pytest.raises(error):
            write()
    assert (tmp_path / "text.txt").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_a_failed_exchange_of_folders_gives_the_old_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    write_text(tmp_path / "folder" / "text.txt", "before")
    rename, renamed = os.rename, []

    def failing(old: str, new: str, **folders: int) -> None:
        renamed.append(new)
        if len(renamed) == 2:
            raise OSError("no space left")
        rename(old, new, **folders)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="no space left"), written_folder(tmp_path / "folder", overwrite=True):
        pass
    assert (tmp_path / "folder" / "text.txt").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_folder_takes_the_place_of_a_file_when_asked(tmp_path: Path) -> None:
    write_text(tmp_path / "thing", "before")
    with (
        pytest.raises(FileExistsError, match="thing exists already"),
        written_folder(tmp_path / "thing", overwrite=False),
    ):
        pass
    with written_folder(tmp_path / "thing", overwrite=True) as draft:
        write_text(draft / "text.txt", "after")
    assert (tmp_path / "thing" / "text.txt").read_text() == "after"


def test_permissions_are_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    (tmp_path / "ordinary").mkdir()
    write_text(tmp_path / "text.txt", "")
    with written_folder(tmp_path / "folder", overwrite=False):
        pass
    for ours, usual in (("text.txt", "plain"), ("folder", "ordinary")):
        modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in (ours, usual)]
        assert modes[0] == modes[1]


def test_what_kills_leave_is_removed_by_name(tmp_path: Path) -> None:
    token = "0123456789abcdef"
    mine, others = f".run.json.{token}.draft", [f".report.html.{token}.draft", ".run.json.draft", "run.json"]
    for name in (mine, *others):
        (tmp_path / name).touch()
    remove_drafts(tmp_path, r"(run|mixture)\.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_what_the_system_refuses_is_named_as_the_caller_named_it(tmp_path: Path) -> None:
    long = tmp_path / ("n" * 250)  # the name itself would fit, the draft's beside it does not
    with pytest.raises(OSError, match="too long") as caught, written_file(long):
        pass
    assert caught.value.filename == str(long)
    with pytest.raises(OSError, match="too long") as caught, written_folder(long, overwrite=False):
        pass
    assert caught.value.filename == str(long)
