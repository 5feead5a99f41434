"""Is a damaged or hostile run folder a clear error, or a valid mixture? Never a hang, a crash, or a file outside.

    python -m tests.fuzz_run_folders --count 10000 --seed 0

mutates run folders of several components so many times, and asks `Mixture.load`, `adagan sample`, `adagan report`,
`adagan missing` and `adagan resume` what they make of them. Every case has a seed of its own, which is printed where
it fails. A process with limits on time and memory tries one case after another; one that hangs or dies is replaced.
`tests/test_fuzz.py` tries as many as fit into some seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import itertools
import json
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from adagan.command_line import main
from adagan.components.training.checkpoints.keeper import Keeper
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.options import run_options
from adagan.report import panel

CRITIC = ["--critic-kind", "softmax", "--critic.max-steps", "3", "--critic.width", "8", "--critic.batch-size", "32"]
KINDS: dict[str, list[str]] = {
    "gaussian": [*CRITIC],
    "gan": ["--gan.max-steps", "3", "--gan.width", "8", "--gan.batch-size", "16", "--gan.latent-dim", "2", *CRITIC],
    "vae:3": [*CRITIC],
    "flow:3": [*CRITIC],
    "flow-matching:3": [*CRITIC],
    "moment-matching:3": [*CRITIC],
    "gaussian-mixture:2": ["--critic-kind", "classifier"],
    "memoriser": ["--critic-kind", "kernel"],
}
"""Small runs, by what is boosted."""
VERBS = [*["load"] * 5, *["sample"] * 6, *["resume"] * 3, "missing", "report"]
"""What is asked, in turn; the last two take ten times as long."""
SECONDS = 60
"""Of CPU time that one case may take, far more than it needs."""
WAITING = 600
"""By the clock, for what waits and does not compute; on a busy machine every case waits."""
MEMORY = 3 * 2**30
"""Bytes of addresses that a case may take beyond what the process has."""
HUGE = [0, -1, 2**31, 2**63, 10**9, 10**30, 1e308, -1e308, 5e-324, 0.5, True, None, "x" * 99, [], {}, [[]], "../../x"]


def originals(folder: Path, kinds: list[str]) -> dict[str, Path]:
    """One small run of two rounds for every kind."""
    np.save(folder / "data.npy", torch.randn(60, 2, generator=torch.Generator().manual_seed(0)).numpy())
    made = {}
    for kind in kinds:
        out = folder / kind.partition(":")[0]
        threads = ["--threads", str(torch.get_num_threads())]
        words = ["fit", str(folder / "data.npy"), "--out", str(out), "--rounds", "2", "--component", kind, *threads]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said := io.StringIO()):
            status = main([*words, *KINDS[kind]])
        assert status == 0, said.getvalue()
        _stop_in_round_3(out)
        made[kind] = out
    return made


class _Stopped(BaseException):
    """Stands for a kill."""


def _stop_in_round_3(run: Path) -> None:
    """Leaves a checkpoint in a run whose components are trained in steps."""
    save = Keeper._save

    def saved(keeper: Keeper, trainer: Any, *, is_final: bool) -> None:
        save(keeper, trainer, is_final=is_final)
        raise _Stopped

    Keeper._save = saved  # type: ignore[method-assign]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(["resume", str(run), "--rounds", "3", "--checkpoint-minutes", "1e-9"])
    except _Stopped:
        return
    finally:
        Keeper._save = save  # type: ignore[method-assign]


def _flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _truncate(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content) + 1)])


def _extend(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.choice([1, 9, 10_000])))


def _swap(path: Path, chance: random.Random) -> None:
    other = chance.choice(sorted(path.parent.iterdir()))
    if other.is_file():
        first, second = path.read_bytes(), other.read_bytes()
        path.write_bytes(second)
        other.write_bytes(first)


def _remove(path: Path, chance: random.Random) -> None:
    path.unlink()


def _link(path: Path, chance: random.Random) -> None:
    outside = path.parent.parent / "outside" / "victim"
    if chance.random() < 0.5:
        path.replace(outside)
    else:
        path.unlink()
    path.symlink_to(chance.choice([outside, Path("../outside/victim"), outside.with_name("none"), Path(path.name)]))


def _special(path: Path, chance: random.Random) -> None:
    path.unlink()
    if chance.random() < 0.5:
        os.mkfifo(path)
    else:
        path.mkdir()


def _deep(path: Path, chance: random.Random) -> None:
    depth = chance.choice([10, 100, 1_000, 100_000])
    path.write_text('{"format_version": 1, "rounds": ' + "[" * depth + "]" * depth + "}")


def _numbers(path: Path, chance: random.Random) -> None:
    """Puts something else in the place of one value somewhere in JSON, or in the header of tensors."""
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        _change(content, chance)
        path.write_text(json.dumps(content))
    elif path.suffix == ".safetensors":
        raw = path.read_bytes()
        size = int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8 : 8 + size])
        _change(header, chance)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + size :])
    else:
        lines = path.read_text().splitlines()
        index = chance.randrange(len(lines))
        lines[index] = f"{lines[index].partition(':')[0]}: {chance.choice(HUGE)}"
        path.write_text("\n".join(lines))


def _change(content: Any, chance: random.Random) -> None:
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    if not keys:
        return
    key = chance.choice(keys)
    if isinstance(content[key], dict | list) and content[key] and chance.random() < 0.85:
        _change(content[key], chance)
    elif chance.random() < 0.15:
        del content[key]
    else:
        content[key] = chance.choice(HUGE)


def _tensor(path: Path, chance: random.Random) -> None:
    """Another value in a tensor: sizes and counts are among them."""
    raw = bytearray(path.read_bytes())
    size = int.from_bytes(raw[:8], "little") if len(raw) > 8 else 0
    room = len(raw) - 8 - size
    if room >= 8:
        place = 8 + size + 8 * chance.randrange(room // 8)
        value = chance.choice([2**62, 2**40, 10**9, -1, 0, 2**20])
        raw[place : place + 8] = value.to_bytes(8, "little", signed=True)
    path.write_bytes(raw)


def _references(path: Path, chance: random.Random) -> None:
    names = "abcdefghijklmnop"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in itertools.pairwise(names)]
    path.with_name("config.yaml").unlink(missing_ok=True)
    path.with_name("config.yaml").write_text("\n".join(lines))


def _code(path: Path, chance: random.Random) -> None:
    config = path.with_name("config.yaml")
    if not config.is_file():
        return
    config.write_text(config.read_text().replace("component: ", "component: planted:make # ", 1))


MUTATIONS: list[Callable[[Path, random.Random], None]] = [
    _flip, _flip, _truncate, _extend, _swap, _remove, _link, _special, _deep, _numbers, _numbers, _numbers, _tensor,
    _references, _code,
]  # fmt: skip


def mutated(runs: dict[str, Path], place: Path, seed: int) -> tuple[Path, str]:
    """A run folder with one to three changes, and what they were."""
    chance = random.Random(seed)
    kind = chance.choice(sorted(runs))
    run = Path(shutil.copytree(runs[kind], place / "run"))
    (place / "outside").mkdir()
    (place / "outside" / "victim").write_text("theirs")
    done = [kind]
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        path = chance.choice(sorted(run.iterdir()))
        if chance.random() < 0.2:
            path = next(run.glob("checkpoint-*"), path)
        change = chance.choice(MUTATIONS)
        if not path.is_file():
            continue  # a pipe would be waited for
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError, TypeError, RecursionError):
            change(path, chance)  # what is damaged already cannot always be damaged again
        done.append(f"{change.__name__.strip('_')} {path.name}")
    return run, ", ".join(done)


def outcome(runs: dict[str, Path], seed: int) -> tuple[str, str]:
    """What becomes of the mutated folder of a seed: ``valid``, ``refused``, or what is wrong; and what was mutated."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        place = Path(name)
        run, what = mutated(runs, place, seed)
        outside = sorted(path.lstat().st_mtime_ns for path in (place / "outside").iterdir())
        imported = set(sys.modules)
        try:
            found = _tried(run, place, seed)
        except MemoryError:
            found = "memory"
        if sorted(path.lstat().st_mtime_ns for path in (place / "outside").iterdir()) != outside:
            found = "a file outside was changed"
        if {path.name for path in place.iterdir()} - {"run", "outside", "s.npy", "r.html"}:
            found = f"a file outside: {sorted(path.name for path in place.iterdir())}"
        new = {name for name in set(sys.modules) - imported if name.partition(".")[0] == "planted"}
        return (f"imported {sorted(new)}" if new else found), what


def _tried(run: Path, place: Path, seed: int) -> str:
    verb = VERBS[seed % len(VERBS)]
    if verb == "load":
        try:
            samples = Mixture.load(run).sample(9, seed=0)
        except (UserError, OSError) as error:
            return "refused" if str(error).strip() else "an empty message"
        return "valid" if len(samples) == 9 else f"samples of shape {tuple(samples.shape)}"
    words = {
        "sample": ["sample", str(run), "-n", "9", "--out", str(place / "s.npy"), "--device", "cpu"],
        "report": ["report", str(run), "--num-samples", "50", "--out", str(place / "r.html")],
        "missing": ["missing", str(run)],
        # from its checkpoint on, of some steps; without one nothing is trained: the run has its two rounds
        "resume": ["resume", str(run), "--rounds", "3" if any(run.glob("checkpoint-*")) else "2"],
    }[verb]
    said, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(told):
        status = main(words)
    lines = [line for line in said.getvalue().splitlines() if line.startswith("adagan: ") and "note:" not in line]
    if status == 0:
        if verb == "sample" and np.load(place / "s.npy").shape != (9, 2):
            return "samples of another shape"
        return "valid"
    if status == 2 and len(lines) == 1 and "out of memory" not in lines[0]:
        return "refused"
    return f"{verb}: status {status}: {' | '.join(lines)[:300]}"


@contextlib.contextmanager
def _quick(seed: int) -> Iterator[None]:
    """Most reports lay their figures out without drawing them, and the parser of all options is made once."""
    drawn, made = panel.as_png, run_options.run_parser
    if seed % 5:
        panel.as_png = lambda drawn: b""
    run_options.run_parser = _parser
    try:
        yield
    finally:
        panel.as_png, run_options.run_parser = drawn, made


_parser = functools.cache(run_options.run_parser)


def _serve(connection: Connection, runs: dict[str, Path]) -> None:
    torch.set_num_threads(1)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    while True:
        seed = connection.recv()
        with _quick(seed):
            connection.send(outcome(runs, seed))


class Worker:
    """A process that tries cases; it is replaced when it hangs or dies."""

    def __init__(self, runs: dict[str, Path]) -> None:
        self._runs = runs
        self._start()

    def _start(self) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(theirs, self._runs), daemon=True
        )
        self._process.start()
        theirs.close()

    def outcome(self, seed: int) -> tuple[str, str]:
        self._ours.send(seed)
        try:
            until, spent = time.monotonic() + WAITING, self._cpu_seconds()
            while not self._ours.poll(1):
                if time.monotonic() > until or self._cpu_seconds() - spent > SECONDS:
                    return self._replaced("hung"), ""
            found: tuple[str, str] = self._ours.recv()
            return found
        except (EOFError, ConnectionResetError):
            return self._replaced("died"), ""

    def _cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _replaced(self, what: str) -> str:
        self._process.kill()
        self._process.join()
        code = self._process.exitcode
        self._start()
        return f"{what} ({code})"

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def fuzz(count: int, seed: int, *, seconds: float = float("inf"), kinds: list[str] | None = None) -> Counter[str]:
    """Tries so many cases, or as many as fit into so many seconds; prints those that are neither.

    Returns:
        How many were valid, refused, or anything else.
    """
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-runs-") as name:
        runs = originals(Path(name), kinds or list(KINDS))
        worker = Worker(runs)
        until = time.monotonic() + seconds
        try:
            for case in range(seed, seed + count):
                if time.monotonic() > until:
                    break
                result, what = worker.outcome(case)
                found[result if result in ("valid", "refused") else "wrong"] += 1
                if sum(found.values()) % 1_000 == 0:
                    print(f"{sum(found.values())} folders: {dict(found)}", flush=True)  # noqa: T201
                if result not in ("valid", "refused"):
                    print(f"case {case} ({what}): {result}", flush=True)  # noqa: T201
        finally:
            worker.close()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="cases")
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), help="what is boosted; by default all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    summary = fuzz(options.count, options.seed, kinds=options.kinds)
    print(f"{sum(summary.values())} folders: {dict(summary)}")  # noqa: T201
    sys.exit(1 if summary["wrong"] else 0)
