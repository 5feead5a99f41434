"""
What does a run take of more rows than memory holds?
====================================================

Time and peak memory of two rounds on a memory-mapped file, by its number of rows. The peak is of memory that is the
process's own; pages of mapped files are counted apart, as the system takes them back whenever it needs them. Linux
only. ``python benchmark_memory.py 8`` goes on to 10^8 rows, which takes some minutes and 4 GB of disk.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

BLOCK = 2**20
FIT = [sys.executable, "-W", "ignore", __file__, "fit"]
"""The command that a file's path completes."""
ROUNDS = 2


def write_rows(path: Path, count: int) -> None:
    """Four clusters in two dimensions, of the shares .7, .2, .08 and .02, as float32, block by block."""
    centres = np.array([[0, 0], [3, 0], [0, 3], [5, 5]], dtype=np.float32)
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, 2))  # type: ignore[no-untyped-call]
    for begin in range(0, count, BLOCK):
        source, size = np.random.default_rng(begin), min(BLOCK, count - begin)
        which = source.choice(4, size, p=[0.7, 0.2, 0.08, 0.02])
        rows[begin : begin + size] = centres[which] + 0.1 * source.standard_normal((size, 2), dtype=np.float32)


def fit(path: str) -> None:
    """Two rounds on a file of rows, in a process of its own; prints CPU seconds."""
    from adagan import GAN, AdaGAN

    AdaGAN(partial(GAN, max_steps=20), rounds=1, seed=100).fit(np.load(path, mmap_mode="r")[:2_000])  # imports
    print("begins", flush=True)
    sys.stdin.readline()
    start = time.process_time()
    model = AdaGAN(partial(GAN, max_steps=300), rounds=ROUNDS, seed=100).fit(np.load(path, mmap_mode="r"))
    seconds = time.process_time() - start
    training = sum(record.training_cpu_seconds or 0.0 for record in model.rounds_)
    print(json.dumps({"seconds": seconds, "training": training, "missing": model.rounds_[1].missing_mass}), flush=True)


def held(process: int) -> tuple[float, float]:
    """MiB of a process's own memory, and of pages of mapped files."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    own, files, shared = (int(lines[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile", "RssShmem"))
    return own, files + shared


def measured(path: Path) -> dict[str, float]:
    """Peaks of memory above what the imports take, MiB, and CPU seconds."""
    with subprocess.Popen([*FIT, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        before = held(process.pid)
        peaks = before
        process.stdin.write("\n")
        process.stdin.flush()
        while process.poll() is None:
            try:
                now = held(process.pid)
            except (OSError, KeyError, ValueError):  # it has ended meanwhile
                break
            peaks = max(peaks[0], now[0]), max(peaks[1], now[1])
            time.sleep(0.02)
        found: dict[str, float] = json.loads(process.stdout.readline())
    return {**found, "own": peaks[0] - before[0], "files": peaks[1] - before[1]}


def main(smallest: int = 5, largest: int = 7) -> list[dict[str, float]]:
    found: list[dict[str, float]] = []
    names = ("rows", 12), ("CPU s", 7), ("slope", 6), ("of it training", 15), ("own MiB", 8), ("files MiB", 10)
    print(*(f"{name:>{width}}" for name, width in (*names, ("missing", 8))))
    for power in range(smallest, largest + 1):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.npy"
            write_rows(path, 10**power)
            row = {"rows": float(10**power), **measured(path)}
        slope = math.log10(row["seconds"] / found[-1]["seconds"]) if found else math.nan
        found.append(row)
        print(
            f"{10**power:12,} {row['seconds']:7.1f} {slope:6.2f} {row['training']:15.1f} {row['own']:8.0f} "
            f"{row['files']:10.0f} {row['missing']:8.3f}",
            flush=True,
        )
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    rows = [row["rows"] for row in found]
    left.loglog(rows, [row["seconds"] for row in found], "o-", label="two rounds")
    left.loglog(rows, [row["training"] for row in found], "o:", label="of it training")
    right.semilogx(rows, [row["own"] for row in found], "o-", label="the process's own")
    right.semilogx(rows, [8 * count / 2**20 for count in rows], "k:", label="the file")
    right.set_ylim(0, 4 * max(row["own"] for row in found))
    for axes, label in ((left, "CPU seconds"), (right, "peak memory, MiB")):
        axes.set(xlabel="rows of two numbers", ylabel=label)
        axes.legend()
    figure.savefig("benchmark_memory.png", dpi=150)
    plt.close(figure)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["fit"]:
        fit(sys.argv[2])
    else:
        main(largest=int(sys.argv[1]) if len(sys.argv) > 1 else 7)
