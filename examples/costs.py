"""
What do critics and cells cost beside the generator?
====================================================

For images of growing size and tables of growing length: CPU seconds of training the default GAN, of the default critic,
and of counting in cells, what they draw from the generator included. A generator is trained for some steps only, from
which its whole training is told; what comes after a training costs the same whatever was learnt.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from adagan import GAN, Mixture
from adagan.components import SharpCritic
from adagan.data.built_in import built_in
from adagan.data.training_data import TrainingData
from adagan.missing.lookout import Lookout

IMAGES = {"1 x 8 x 8": 100, "1 x 16 x 16": 50, "1 x 28 x 28": 20, "3 x 32 x 32": 10, "3 x 64 x 64": 3}
"""Steps from which the length of a training is told, by the shape of an image."""
TABLES = (10_000, 100_000, 1_000_000)
COLUMNS, TABLE_STEPS = 10, 200
NUM_IMAGES = 5_000
HEAD = (
    "| data | generator | critic | encoder, once | cells | critic and cells over generator |\n|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Costs:
    """CPU seconds of one round, the encoder's included."""

    name: str
    generator: float
    critic: float
    encoder: float
    cells: float

    @property
    def share(self) -> float:
        """Of critic, encoder and cells together over the generator's training."""
        return (self.critic + self.encoder + self.cells) / self.generator

    def __str__(self) -> str:
        numbers = (self.generator, self.critic, self.encoder, self.cells)
        return f"| {self.name} | " + " | ".join(f"{number:,.1f}" for number in numbers) + f" | {self.share:.0%} |"


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def images(channels: int, side: int, num_images: int) -> Tensor:
    """Glyphs in shades, at another size."""
    scaled = functional.interpolate(built_in("glyphs")[:num_images], [side, side], mode="bilinear", antialias=True)
    shades = torch.rand(len(scaled), channels, 1, 1, generator=torch.Generator().manual_seed(0))
    return scaled * (0.3 + 0.7 * shades)


def table(num_rows: int) -> Tensor:
    """Twenty clusters in ten columns."""
    source = torch.Generator().manual_seed(0)
    centres = 2 * torch.randn(20, COLUMNS, generator=source)
    rows = torch.randint(20, (num_rows,), generator=source)
    return centres[rows] + 0.3 * torch.randn(num_rows, COLUMNS, generator=source)


def costs(name: str, data: Tensor, steps: int) -> Costs:
    """Of one data set, the generator's training told from some steps."""
    gan = GAN(max_steps=1 + steps)
    first = seconds(partial(GAN(max_steps=1).fit, data))
    a_step = max(seconds(partial(gan.fit, data)) - first, 0.0) / steps  # of few steps less than the noise of clocks
    mixture = Mixture([gan])
    mixture.sample(2)
    critic = seconds(partial(SharpCritic(seed=0).fit, data, mixture))
    lookout = Lookout(TrainingData.checked(data), None, 0)
    encoder = seconds(lambda: lookout.features)
    cells = seconds(partial(lookout.look, mixture, 0))
    return Costs(name, first + a_step * (GAN().max_steps - 1), critic, encoder, cells)


def measured(shapes: Mapping[str, int], tables: tuple[int, ...], num_images: int) -> Iterator[Costs]:
    """A row for each."""
    small = table(1_000)
    SharpCritic(seed=0).fit(small, Mixture([GAN(max_steps=1).fit(small)]))  # imports are no part of the costs
    for num_rows in tables:
        yield costs(f"{num_rows:,} x {COLUMNS}", table(num_rows), TABLE_STEPS)
    for name, steps in shapes.items():
        channels, side, _ = map(int, name.split(" x "))
        yield costs(f"{num_images:,} x {name}", images(channels, side, num_images), steps)


def main(
    shapes: Mapping[str, int] = IMAGES, tables: tuple[int, ...] = TABLES, num_images: int = NUM_IMAGES
) -> list[Costs]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        print(HEAD)
        rows = []
        for row in measured(shapes, tables, num_images):
            print(row, flush=True)
            rows.append(row)
        return rows
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=["images", "tables"])
    only = parser.parse_args().only
    main({} if only == "tables" else IMAGES, () if only == "images" else TABLES)
