"""Nothing outside changes, whatever a stranger has put at the names that verbs write; the list of them is traced."""

import os
import re
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import fit, points, two_rounds

import adagan.report.page
import adagan.verbs.study_options
from adagan.boosting import AdaGAN
from adagan.command_line import main
from adagan.components import Gaussian
from adagan.mixtures.storage import held_folder
from adagan.run_folder import RunFolder
from adagan.study.runner import _failed

WRITTEN: dict[str, set[str]] = {
    "fit": {
        "run",
        "run/preview.safetensors",
        "run/run.json",
        "run/run.lock",
        "run/config.yaml",
        "run/mixture.json",
        "run/component-000.safetensors",
        "run/round-001-weights.safetensors",
        "run/round-001-critic.safetensors",
    },
    "resume": {
        "run/run.json",
        "run/run.lock",
        "run/mixture.json",
        "run/component-001.safetensors",
        "run/round-002-weights.safetensors",
        "run/round-002-critic.safetensors",
    },
    "sample": {"run/samples.npy", "samples.csv"},
    "report": {"run/report.html"},
    "missing": {"missing.json"},
    "study": {"rows.json", "table.md"},
}
"""What every verb writes, from a trace; drafts stand beside these names under names that nobody can guess."""
TEXT = b"theirs"

_traced: list[Path] = []
_tracing: list[bool] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _tracing or not (event.startswith("os.") or event == "open"):
        return
    if event == "open" and isinstance(args[0], str | bytes | os.PathLike) and args[2] & (os.O_WRONLY | os.O_RDWR):
        _traced.append(Path(os.fsdecode(args[0])))
    elif event == "os.rename":
        _traced.extend(_under(name, descriptor) for name, descriptor in ((args[0], args[2]), (args[1], args[3])))
    elif event in ("os.mkdir", "os.remove", "os.rmdir"):
        path = _under(args[0], args[-1])
        if event != "os.mkdir" or not os.path.lexists(path):  # a folder that is there is not made again
            _traced.append(path)
    elif event in ("os.symlink", "os.link", "os.truncate", "os.chmod"):
        _traced.append(Path(os.fsdecode(args[1] if event in ("os.symlink", "os.link") else args[0])))


def _under(name: str | bytes, descriptor: int) -> Path:
    place = os.readlink(f"/proc/self/fd/{descriptor}") if descriptor >= 0 else ""
    return Path(place) / os.fsdecode(name)


@contextmanager
def tracing() -> Iterator[list[Path]]:
    """The names that are written, renamed, made or removed in the block."""
    if not _traced:
        sys.addaudithook(_audit)  # for the rest of the process; it looks at one list unless a trace is on
        _traced.append(Path())
    del _traced[1:]
    _tracing.append(True)
    try:
        yield _traced
    finally:
        _tracing.clear()


def seen(names: list[Path], below: Path) -> set[str]:
    """Names below a folder, drafts by the names that they take."""
    found = set()
    for path in names[1:]:
        if len(path.parts) == 1 and path.suffix == ".draft":
            continue  # made relative to a descriptor, which the audit does not tell: it is seen when it is renamed
        full = path if path.is_absolute() else below / path
        if full.is_relative_to(below):
            relative = re.sub(r"\.([^/]+)\.[0-9a-f]{16}\.draft", r"\1", str(full.relative_to(below)))
            found.add(relative)
    return found


def canned_cells(cells: list[Any], **_: Any) -> Iterator[list[dict[str, Any]]]:
    return iter([_failed("it was not tried", cell, 1.0, 1) for cell in cells])


STUDY = ["study", "ring", "--methods", "vanilla", "--seeds", "1", "--json", "rows.json"]
COMPONENTS = ["study", "components", "--kinds=gaussian", "--data=digits", "--seeds=1", "--markdown=table.md"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the trace reads where descriptors are from /proc")
def test_the_list_is_what_a_trace_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = points(tmp_path, 40)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(adagan.verbs.study_options, "run_cells", canned_cells)
    monkeypatch.setattr(adagan.report.page, "_page", lambda *_: "<p>page</p>")
    words = {
        "fit": [fit(data, Path("run"), "--rounds", "1")],
        "resume": [["resume", "run", "--rounds", "2"]],
        "sample": [["sample", "run", "-n", "5"], ["sample", "run", "-n", "5", "--out", "samples.csv"]],
        "report": [["report", "run", "--num-samples", "5"]],
        "missing": [["missing", "run", "--json", "missing.json"]],
        "study": [STUDY, COMPONENTS],
    }
    for verb, commands in words.items():
        with tracing() as names:
            assert [main(command) for command in commands] == [0] * len(commands)
        assert {name for name in seen(names, tmp_path) if name != "."} == WRITTEN[verb], verb


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_rounds(tmp_path_factory.mktemp("runs"))


def two_rounds_again(original: Path) -> Callable[[AdaGAN], AdaGAN]:
    """In the place of a round that is trained: the second round of a run, written by what writes every round."""
    folder = RunFolder(original)
    record, weights = folder.rounds()[1], folder.data_weights()[1]
    mixture, critic = folder.mixture(whole=True), folder.critic(whole=True)
    critic.component_log_ratios_ = torch.zeros(len(weights.values), 2, dtype=torch.float64)  # type: ignore[misc]

    def boost(model: AdaGAN) -> AdaGAN:
        assert model.folder is not None
        RunFolder(model.folder).add(record, weights, mixture, critic, [Gaussian])
        model.mixture_ = model._whole = mixture
        model.critic_ = critic
        model.rounds_.append(record)
        return model

    return boost


def absolute(place: Path, victim: Path) -> None:
    place.symlink_to(victim)


def relative(place: Path, victim: Path) -> None:
    place.symlink_to(os.path.relpath(victim, place.parent))


def dangling(place: Path, victim: Path) -> None:
    place.symlink_to(victim.with_name("nothing yet"))


def to_a_folder(place: Path, victim: Path) -> None:
    place.symlink_to(victim.parent)


def hard(place: Path, victim: Path) -> None:
    place.hardlink_to(victim)


def pipe(place: Path, victim: Path) -> None:
    os.mkfifo(place)


def device(place: Path, victim: Path) -> None:
    try:
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # zeros without end
    except PermissionError:
        pytest.skip("only the superuser makes devices")


def listening(place: Path, victim: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)  # the names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(place.name)
    finally:
        os.chdir(here)


def a_folder(place: Path, victim: Path) -> None:
    place.mkdir()
    (place / "kept").write_bytes(TEXT)


PLANTS = [absolute, relative, dangling, to_a_folder, hard, pipe, device, listening, a_folder]


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize(
    ("plant", "by_descriptor"), [*((plant, True) for plant in PLANTS), (absolute, False), (dangling, False)]
)
def test_nothing_outside_changes(
    tmp_path: Path,
    original: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    plant: Callable[[Path, Path], None],
    by_descriptor: bool,
) -> None:
    if not by_descriptor:
        monkeypatch.setattr(held_folder, "BY_DESCRIPTOR", False)
    monkeypatch.setattr(adagan.verbs.study_options, "run_cells", canned_cells)
    monkeypatch.setattr(adagan.report.page, "_page", lambda *_: "<p>page</p>")
    monkeypatch.setattr(AdaGAN, "boost", two_rounds_again(original))
    data = str(original.parent / "data.npy")
    words = {
        "fit": fit(data, Path("run"), "--rounds", "2"),
        "resume": ["resume", "run", "--rounds", "3"],
        "run/samples.npy": ["sample", "run", "-n", "5", "--overwrite"],
        "samples.csv": ["sample", "run", "-n", "5", "--out", "samples.csv"],
        "report": ["report", "run"],
        "missing": ["missing", "run", "--json", "missing.json"],
        "rows.json": STUDY,
        "table.md": COMPONENTS,
    }
    for verb, names in WRITTEN.items():
        for name in sorted(names if verb != "fit" else {"run"}):  # the others are in a folder that is new
            here = tmp_path / verb / name.replace("/", "-")
            (outside := here / "outside").mkdir(parents=True)
            (work := here / "work").mkdir()
            if verb != "fit":
                shutil.copytree(original, work / "run")
            place, victim = work / name, outside / "victim"
            if place.is_file():
                place.rename(victim)
            else:
                victim.write_bytes(TEXT)
            plant(place, victim)
            before = contents(outside)
            monkeypatch.chdir(work)
            status = main(words.get(name, words.get(verb, [])))
            said = [line for line in capsys.readouterr().err.splitlines() if "note:" not in line]
            assert contents(outside) == before, (verb, name)
            assert status in (0, 2), (verb, name, said)
            assert len([line for line in said if line.startswith("adagan: ")]) == status // 2, (verb, name, said)
            assert not list(work.rglob("*.draft")), (verb, name)
            if plant in (absolute, relative, dangling, to_a_folder):
                assert place.is_symlink(), (verb, name)
                assert status == 2, (verb, name)
