"""Samples written to files: the right ones, in bounded memory, all or nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan.mixtures import Mixture, stream_samples
from adagan.mixtures.sampling.sampler import FIRST_BLOCK


class Counter:
    """Samples 0, 1, 2, and so on."""

    def __init__(self, event: tuple[int, ...] = (2,), dtype: torch.dtype = torch.float32, fail_at: int = 2**62) -> None:
        self.event, self.dtype, self.fail_at, self.drawn = event, dtype, fail_at, 0
        self.blocks: list[int] = []

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        if self.drawn >= self.fail_at:
            raise RuntimeError("out of order")
        values = torch.arange(self.drawn, self.drawn + num_samples, dtype=self.dtype)
        self.drawn += num_samples
        self.blocks.append(num_samples)
        return values.reshape(-1, *[1] * len(self.event)).expand(num_samples, *self.event)


@pytest.mark.parametrize("event", [(), (1,), (2,), (1, 3, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.int64])
def test_npy(event: tuple[int, ...], dtype: torch.dtype, tmp_path: Path) -> None:
    count = 3 if dtype == torch.float16 else FIRST_BLOCK + 1_000
    stream_samples(Counter(event, dtype), count, tmp_path / "deep" / "samples.npy")
    written = np.load(tmp_path / "deep" / "samples.npy", allow_pickle=False)
    assert written.shape == (count, *event)
    assert written.dtype == torch.zeros(0, dtype=dtype).numpy().dtype
    np.testing.assert_array_equal(written.reshape(count, -1)[:, 0], np.arange(count))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["samples.npy"]


def test_csv(tmp_path: Path) -> None:
    count = FIRST_BLOCK + 10
    stream_samples(Counter((1, 2)), count, tmp_path / "samples.csv")
    written = np.loadtxt(tmp_path / "samples.csv", delimiter=",")
    np.testing.assert_array_equal(written, np.arange(count)[:, None].repeat(2, axis=1))


def test_the_seed_decides(tmp_path: Path) -> None:
    class Noise:
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return torch.rand(num_samples, 2, generator=generator)

    mixture = Mixture([Noise(), Noise()])
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        generator = torch.Generator().manual_seed(seed)
        stream_samples(mixture, 20_000, tmp_path / f"{name}.npy", generator=generator)
    first, again, other = (np.load(tmp_path / f"{name}.npy") for name in ("first", "again", "other"))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    stream_samples(Noise(), 10, tmp_path / "fresh.npy")
    stream_samples(mixture, 10, tmp_path / "fresh-too.npy")
    assert (np.load(tmp_path / "fresh.npy") != np.load(tmp_path / "fresh-too.npy")).any()


def test_all_or_nothing(tmp_path: Path) -> None:
    stream_samples(Counter(), 10, tmp_path / "samples.npy")
    with pytest.raises(FileExistsError, match=r"samples.npy exists already; choose another file, or pass overwrite"):
        stream_samples(Counter(), 20, tmp_path / "samples.npy")
    with pytest.raises(RuntimeError, match="out of order"):
        stream_samples(Counter(fail_at=1), 10**6, tmp_path / "samples.npy", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["samples.npy"]
    assert len(np.load(tmp_path / "samples.npy")) == 10
    stream_samples(Counter(), 20, tmp_path / "samples.npy", overwrite=True)
    assert len(np.load(tmp_path / "samples.npy")) == 20


@pytest.mark.parametrize(
    ("count", "name", "message"),
    [
        (0, "samples.npy", "num_samples: expected 1 or more, got 0"),
        (5, "samples.txt", r"path: expected a file that ends in .npy or .csv, got .*samples.txt"),
    ],
)
def test_errors(count: int, name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        stream_samples(Counter(), count, tmp_path / name)


PEAK = """
import resource, sys
import torch
from adagan.mixtures import Mixture, stream_samples
torch.set_num_threads(1)

class Flat:
    def sample(self, num_samples, *, generator=None):
        return torch.rand(num_samples, 4, generator=generator)

mixture = Mixture([Flat(), Flat()])
stream_samples(mixture, 300_000, sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
stream_samples(mixture, 6_000_000, sys.argv[1], overwrite=True)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures in kilobytes, as Linux does")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PEAK, str(tmp_path / "samples.npy")]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    assert np.load(tmp_path / "samples.npy", mmap_mode="r").shape == (6_000_000, 4)
    # 96 MB were written
    assert int(done.stdout) < 2**24
