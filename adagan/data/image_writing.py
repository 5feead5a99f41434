"""Images as PNG: a file each in a folder, or side by side in one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.mixtures.errors import UserError
from adagan.mixtures.storage.files import written_file, written_folder

GRID = 64
"""Images of a grid where no number is said."""
GAP = 2
"""Pixels between the images of a grid."""
LEGIBLE = 64
"""Pixels that the longer side of an image in a grid has at least, or a little less: smaller ones are enlarged."""
MOST_PIXELS = 2**26
"""Of a grid."""


def write_pictures(
    blocks: Iterable[Tensor],
    num_images: int,
    encoding: ImageEncoding,
    folder: Path,
    written: Callable[[int], object],
    *,
    begin: int = 0,
    overwrite: bool = False,
) -> None:
    """Writes a PNG file for every image, numbered, to a folder: whole or not at all.

    Args:
        blocks: Of points, (B, C, H, W).
        num_images: Images of the whole draw, for the length of the numbers.
        encoding: What they mean.
        folder: Where to.
        written: Told how many images are, block by block.
        begin: The number of the first.
        overwrite: Whether what is there may be replaced.

    Raises:
        FileExistsError: The folder holds something, and `overwrite` is not set.
    """
    digits, done = max(len(str(num_images - 1)), 4), 0
    with written_folder(folder, overwrite=overwrite) as draft:
        for block in blocks:
            for pixels in encoding.pixels(block):
                Image.fromarray(pixels).save(draft / f"{begin + done:0{digits}d}.png")
                done += 1
            written(done)


def write_grid(points: Tensor, encoding: ImageEncoding, path: Path) -> None:
    """Writes images, points of shape (M, C, H, W), side by side to one PNG file.

    Raises:
        UserError: They are too many for one.
    """
    with written_file(path) as file:
        Image.fromarray(grid(encoding.pixels(points))).save(file, "PNG")


def grid(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Images side by side, in a square or nearly so.

    Args:
        pixels: Shape (M, H, W) or (M, H, W, C), bytes or 16 bits.

    Raises:
        UserError: More pixels than an image may have.
    """
    if pixels.dtype == np.uint16:
        pixels = pixels // 257
    count, height, width = pixels.shape[:3]
    larger = max(LEGIBLE // max(height, width), 1)
    height, width = larger * height, larger * width
    columns = math.ceil(math.sqrt(count * height / width))
    rows = -(-count // columns)
    if rows * columns * (height + GAP) * (width + GAP) > MOST_PIXELS:
        raise UserError(f"-n: {count} images of {width}×{height} pixels are too many for a grid; ask for fewer")
    sheet = np.full(
        (rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, *pixels.shape[3:]), 255, dtype=np.uint8
    )
    for index, image in enumerate(pixels.repeat(larger, axis=1).repeat(larger, axis=2)):
        top, left = GAP + index // columns * (height + GAP), GAP + index % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet
