"""One draw, made in parts by several processes: blocks with seeds of their own, each a shard's or shared by two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

import torch

from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import derived_seed, seed_from, seeded_generator

Item = TypeVar("Item")


class Block(NamedTuple):
    """Samples of a draw that are made at once.

    Attributes:
        begin: Samples in the blocks before.
        size: Samples in this one.
        kept: Those of them that belong to the shard.
        generator: That this block is drawn by.
    """

    begin: int
    size: int
    kept: slice
    generator: torch.Generator


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count` parts of one whole, which together are the whole.

    Args:
        index: From 1.
        count: 1 or more.

    Raises:
        ValueError: An index that is none of the parts'.

    Example:
        >>> [len(Shard(index, 3).rows(10)) for index in (1, 2, 3)]
        [3, 3, 4]
    """

    index: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise UserError(f"shard: expected one of 1/{self.count} to {self.count}/{self.count}, got {self}")

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @classmethod
    def read(cls, text: str, option: str = "--shard") -> Self:
        """The shard that is written as ``2/8``.

        Raises:
            ValueError: It is written otherwise, or there is no such one; `option` is named.
        """
        index, slash, count = text.partition("/")
        if not slash or not (index.strip().isdecimal() and count.strip().isdecimal()):
            raise UserError(f"{option}: expected a part and their number, as in 2/8, got {text!r}")
        if not 1 <= int(index) <= int(count):
            raise UserError(f"{option}: the parts are 1/{int(count)} to {int(count)}/{int(count)}, got {text!r}")
        return cls(int(index), int(count))

    def rows(self, total: int) -> range:
        """The rows of this part, of so many; parts differ by one row at most, and every row is in one of them."""
        return range(total * (self.index - 1) // self.count, total * self.index // self.count)

    def of(self, items: Sequence[Item]) -> list[Item]:
        """Every `count`-th of some items, from the `index`-th: items that lie side by side go to different parts."""
        return list(items[self.index - 1 :: self.count])

    def blocks(self, total: int, size: int, generator: torch.Generator) -> Iterator[Block]:
        """The blocks of a draw of `total` samples that hold this part; they do not depend on the number of parts.

        Args:
            total: Of all parts together.
            size: Of a block; the last one may be smaller.
            generator: Of the draw: it draws the first block itself, its state decides the seeds of the others.
        """
        rows = self.rows(total)
        if not rows:
            raise UserError(f"shard: {total} samples are fewer than {self.count} shards; take fewer of these")
        seed = seed_from(generator.clone_state())
        for index in range(rows.start // size, -(-rows.stop // size)):
            begin, end = index * size, min(index * size + size, total)
            kept = slice(max(rows.start - begin, 0), min(rows.stop, end) - begin)
            own = seeded_generator(derived_seed(seed, index), generator.device) if index else generator
            yield Block(begin, end - begin, kept, own)
