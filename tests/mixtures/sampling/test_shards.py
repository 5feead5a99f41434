"""Parts of one draw: disjoint, together the whole, whoever draws them and in whatever order."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan.mixtures import Mixture, Refined, Shard, stream_samples
from adagan.mixtures.sampling.sampler import BLOCK_ENTRIES, FIRST_BLOCK, MIN_BLOCK


class Noise:
    """Uniform noise of some shape about a place."""

    def __init__(self, place: float, event: tuple[int, ...] = (2,)) -> None:
        self.place, self.event = place, event

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.place + torch.rand(num_samples, *self.event, generator=generator)


class Falling:
    """A critic that says that there is too much at large places."""

    def log_ratio(self, x: Tensor) -> Tensor:
        return x[:, 0]


def drawn(source: Mixture | Refined, count: int, shard: Shard | None, path: Path) -> np.ndarray:
    generator = torch.Generator().manual_seed(5)
    stream_samples(source, count, path, generator=generator, shard=shard, overwrite=True)
    return np.load(path)


@pytest.mark.parametrize("total", [1, 7, 8, 100])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_row_and_every_item_is_in_one_part(total: int, count: int) -> None:
    parts = [Shard(index, count) for index in range(1, count + 1)]
    assert [row for part in parts for row in part.rows(total)] == list(range(total))
    assert max(len(part.rows(total)) for part in parts) - min(len(part.rows(total)) for part in parts) <= 1
    assert sorted(item for part in parts for item in part.of(range(total))) == list(range(total))


@pytest.mark.parametrize("refined", [False, True])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_parts_together_are_one_draw(refined: bool, count: int, tmp_path: Path) -> None:
    mixture = Mixture([Noise(0.0), Noise(1.0)], [0.3, 0.7])
    seeded = torch.Generator().manual_seed(0)
    source = Refined(mixture, Falling(), 0.5, pilot=1_000, generator=seeded) if refined else mixture
    total = 2 * FIRST_BLOCK + 1_001
    whole = drawn(source, total, None, tmp_path / "whole.npy")
    last_first = [drawn(source, total, Shard(index, count), tmp_path / "part.npy") for index in range(count, 0, -1)]
    np.testing.assert_array_equal(np.concatenate(last_first[::-1]), whole)
    assert len(np.unique(whole, axis=0)) == total


def test_a_small_draw_is_the_mixtures_own_and_uses_the_generator_up(tmp_path: Path) -> None:
    mixture, generator = Mixture([Noise(0.0), Noise(1.0)]), torch.Generator().manual_seed(5)
    expected = mixture.sample(50, torch.Generator().manual_seed(5)).numpy()
    np.testing.assert_array_equal(drawn(mixture, 50, None, tmp_path / "small.npy"), expected)
    written = []
    for name in ("first.npy", "second.npy"):
        stream_samples(mixture, 50, tmp_path / name, generator=generator)
        written.append(np.load(tmp_path / name))
    assert (written[0] != written[1]).all()


def test_large_events_come_in_small_blocks(tmp_path: Path) -> None:
    event = (BLOCK_ENTRIES // MIN_BLOCK,)
    sizes = []

    class Large(Noise):
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            sizes.append(num_samples)
            return torch.zeros(1).expand(num_samples, *event)

    stream_samples(Large(0.0), 2 * MIN_BLOCK, tmp_path / "large.npy", shard=Shard(1, MIN_BLOCK))
    assert sizes == [0, MIN_BLOCK]


def test_read() -> None:
    assert Shard.read("2/8") == Shard(2, 8)
    assert str(Shard(2, 8)) == "2/8"


@pytest.mark.parametrize("text", ["", "2", "2/", "/8", "two/8", "2/8/9", "-1/8"])
def test_no_part_at_all(text: str) -> None:
    with pytest.raises(ValueError, match=r"--shard: expected a part and their number, as in 2/8, got "):
        Shard.read(text)


@pytest.mark.parametrize("text", ["0/8", "9/8"])
def test_no_such_part(text: str) -> None:
    with pytest.raises(ValueError, match=r"--shard: the parts are 1/8 to 8/8, got "):
        Shard.read(text)
    with pytest.raises(ValueError, match=r"shard: expected one of 1/8 to 8/8, got "):
        Shard(*map(int, text.split("/")))


def test_more_parts_than_samples(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shard: 3 samples are fewer than 4 shards; take fewer of these"):
        drawn(Mixture([Noise(0.0)]), 3, Shard(1, 4), tmp_path / "none.npy")
    assert list(tmp_path.iterdir()) == []
