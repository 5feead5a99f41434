"""A checkpoint that is damaged, another's, or in the way: the round begins again, or says why it cannot be kept."""

import json
import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from kept_fits import Killed, every_step_kept, fitted, same, state, trainings

from adagan.components import GAN
from adagan.components.training.checkpoints.kept_trainings import (
    CheckpointNotWritten,
    UnusableCheckpoint,
    keeping,
    remove_checkpoints,
)
from adagan.components.training.checkpoints.tree_file import NotPlain, read_facts, read_tree, write_tree
from adagan.mixtures.randomness import isolated_randomness

MAKE = partial(GAN, latent_dim=2, width=8, max_steps=6, batch_size=16)
NAME = "checkpoint-001.safetensors"


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with every_step_kept(monkeypatch, 3), pytest.raises(Killed):
        fitted(MAKE, tmp_path)
    return tmp_path / NAME


def header(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes what a checkpoint says beside its tensors."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    outer = json.loads(raw[8 : 8 + size])
    inner = json.loads(outer["__metadata__"]["tree"])
    change(inner)
    outer["__metadata__"]["tree"] = json.dumps(inner)
    text = json.dumps(outer).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + size :])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def endless(path: Path) -> None:
    """A step before the first: it would go on for ever."""
    content, facts = read_tree(path), read_facts(path)
    content["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]["ready"] = -(10**12)
    write_tree(path, content, facts)


def of_another_width(path: Path) -> None:
    content, facts = read_tree(path), read_facts(path)
    content["state_dict"] = {name: torch.zeros(3) for name in content["state_dict"]}
    write_tree(path, content, facts)


def calling_names(path: Path) -> None:
    content, facts = read_tree(path), read_facts(path)
    content["adagan"]["loose"]["attributes"].append(["", "forward", 3, True])
    write_tree(path, content, facts)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "a pickle": lambda path: torch.save({"state_dict": {}}, path),
    "no dictionary": lambda path: header(path, lambda tree: tree.update(tree=[1, 2])),
    "no tensor": lambda path: header(path, lambda tree: tree.update(tree=["dict", [["loops", ["tensor", "x"]]]])),
    "too deep": lambda path: header(path, lambda tree: tree.update(tree=json.loads("[" * 99 + "]" * 99))),
    "of a newer version": lambda path: header(path, lambda tree: tree.update(format_version=9)),
    "another training": lambda path: header(path, lambda tree: tree["facts"].update(num_steps=7)),
    "endless": endless,
    "of another width": of_another_width,
    "calling names": calling_names,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_of_no_use_is_said_to_be(checkpoint: Path, name: str) -> None:
    DAMAGES[name](checkpoint)
    with pytest.raises(UnusableCheckpoint, match=r"checkpoint"):
        fitted(MAKE, checkpoint.parent)


def test_a_run_begins_the_round_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clusters import DATA, assert_same_mixture, model

    with every_step_kept(monkeypatch, 3), pytest.raises(Killed):
        model(MAKE, rounds=1, folder=tmp_path / "run", checkpoint_minutes=1e-9).fit(DATA)
    (path,) = (tmp_path / "run").glob("checkpoint-*")
    cut(path)
    with pytest.warns(UserWarning, match=r"checkpoint-001-.*is corrupted.*begins again, with the same result"):
        resumed = model(MAKE, rounds=1, folder=tmp_path / "run").resume(DATA)
    with warnings.catch_warnings(action="ignore"):
        assert_same_mixture(resumed.mixture_, model(MAKE, rounds=1).fit(DATA).mixture_)
    assert not list((tmp_path / "run").glob("checkpoint-*"))


def linked(place: Path, victim: Path) -> None:
    place.symlink_to(victim)


def linked_from_here(place: Path, victim: Path) -> None:
    place.symlink_to(os.path.relpath(victim, place.parent))


def linked_to_nothing(place: Path, victim: Path) -> None:
    place.symlink_to(victim.with_name("nothing yet"))


@pytest.mark.parametrize("plant", [linked, linked_from_here, linked_to_nothing])
@pytest.mark.parametrize("holds", ["text", "a checkpoint"])
def test_nothing_is_written_through_a_link(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[Path, Path], None], holds: str
) -> None:
    outside = checkpoint.parent / "outside"
    outside.mkdir()
    victim = outside / "victim"
    if holds == "text":
        checkpoint.unlink()
        victim.write_text("theirs")
    else:
        checkpoint.rename(victim)
    plant(checkpoint, victim)
    before = victim.read_bytes()
    with every_step_kept(monkeypatch), pytest.raises((UnusableCheckpoint, CheckpointNotWritten)):
        fitted(MAKE, checkpoint.parent)
    assert victim.read_bytes() == before
    assert [path.name for path in outside.iterdir()] == ["victim"]
    assert checkpoint.is_symlink()
    remove_checkpoints(checkpoint.parent, r"checkpoint-\d{3}\.safetensors", lambda name: True)
    assert victim.read_bytes() == before
    assert not checkpoint.is_symlink()


def test_a_hard_link_is_replaced(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = checkpoint.parent / "victim"
    victim.hardlink_to(checkpoint)
    before = victim.read_bytes()
    with every_step_kept(monkeypatch):
        fitted(MAKE, checkpoint.parent)
    assert victim.read_bytes() == before


def test_only_files_are_removed(tmp_path: Path) -> None:
    for name in ("checkpoint-001.safetensors", "checkpoint-mine.safetensors", "other"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "checkpoint-002.safetensors").mkdir()
    remove_checkpoints(tmp_path, r"checkpoint-\d{3}\.safetensors", lambda name: True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint-mine.safetensors",
        "other",
        "checkpoint-002.safetensors",
    }


def test_a_full_disk_is_warned_of_and_the_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = state(fitted(MAKE))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with every_step_kept(monkeypatch), pytest.warns(UserWarning, match="No space left on device; the training goe"):
            component = fitted(MAKE, tmp_path)
    assert same(state(component), expected)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_vanished_ends_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanished(*_: object) -> None:
        raise OSError(116, "Stale file handle", str(tmp_path))

    monkeypatch.setattr(os, "fsync", vanished)
    with (
        every_step_kept(monkeypatch),
        pytest.raises(CheckpointNotWritten, match=r"Stale file handle; is the folder of the run still there\?"),
    ):
        fitted(MAKE, tmp_path)


def test_what_holds_an_object_is_kept_at_the_end_of_the_round_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lightning.pytorch import Callback

    class Odd(Callback):
        def state_dict(self) -> dict[str, Any]:
            return {"holds": object()}

    make = partial(MAKE, trainer_options={"callbacks": [Odd()]})
    with every_step_kept(monkeypatch), pytest.warns(UserWarning, match=r"cannot be stored without pickle .*is a objec"):
        component = fitted(make, tmp_path)
    assert same(state(component), state(fitted(make)))
    assert not list(tmp_path.iterdir())


def test_trees_come_back(tmp_path: Path) -> None:
    tree = {
        "numbers": [1, 2.5, True, None, -float("inf")],
        3: ("text", (torch.arange(3), {}), []),
        "tensors": {"a": torch.zeros(2, 0), "b": torch.tensor(True)},
    }
    write_tree(tmp_path / "tree", tree, {"step": 3})
    found = read_tree(tmp_path / "tree")
    assert str(found) == str(tree)
    assert type(found["numbers"][0]) is int
    assert read_facts(tmp_path / "tree") == {"step": 3}
    with pytest.raises(NotPlain, match="a/1 is a set"):
        write_tree(tmp_path / "tree", {"a": [0, {1}]}, {})
    with pytest.raises(FileNotFoundError, match="nothing is missing"):
        read_tree(tmp_path / "nothing")


def test_a_component_of_many_trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def both() -> list[Any]:
        with isolated_randomness(3):
            return [fitted_here(), fitted_here()]

    def fitted_here() -> Any:
        return state(MAKE(seed=1).fit(torch.randn(64, 2)))

    expected = both()
    # the first of them is over, the second in its middle
    with every_step_kept(monkeypatch, 9), keeping(trainings(tmp_path)), pytest.raises(Killed):
        both()
    assert [read_facts(path)["is_final"] for path in sorted(tmp_path.iterdir())] == [True, False]
    with every_step_kept(monkeypatch) as kept, keeping(trainings(tmp_path)):
        found = both()
    assert len(kept) == 3
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))
