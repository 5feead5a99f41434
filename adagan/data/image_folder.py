"""Reads a folder of images as one array."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adagan.data.limits import check_expansion
from adagan.mixtures.errors import UserError

MOST_PIXELS = 2**24
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
"""What images may be, whatever their names end in: other formats start programs."""
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


def read_images(folder: Path) -> NDArray[np.generic]:
    """The images of a folder and those in it, in the order of their paths, shape (N, C, H, W), in [0, 1].

    Raises:
        UserError: There are none, one is not readable or too large, or their sizes differ.
    """
    from PIL import Image

    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise UserError(f"{folder}: no images in this folder ({', '.join(sorted(IMAGE_SUFFIXES))})")
    images: list[NDArray[np.uint8]] = []
    size: tuple[int, int] | None = None
    grey = True
    held = on_disk = 0
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path}: no file, but a folder, a pipe or a device; remove it or give it another name")
        try:
            with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # which comes before the error of ours
                if image.size[0] * image.size[1] > MOST_PIXELS:
                    raise Image.DecompressionBombError
                held, on_disk = held + 3 * image.size[0] * image.size[1], on_disk + path.stat().st_size
                check_expansion(folder, held, on_disk)
                if size is not None and image.size != size:
                    raise UserError(
                        f"{folder}: images of differing sizes: {paths[0].name} has {size[0]}×{size[1]} pixels, "
                        f"{path.name} {image.size[0]}×{image.size[1]}; crop or resize them to one size"
                    )
                size = image.size
                if image.mode.startswith(("I", "F")):
                    raise UserError(
                        f"{path}: {image.mode} pixels are not read; convert the images to 8 bits per channel, or pass "
                        "them as a .npy array"
                    )
                grey = grey and image.mode in ("L", "1")
                images.append(np.asarray(image.convert("RGB"), dtype=np.uint8))
        except UserError:
            raise
        except Image.DecompressionBombError as error:
            raise UserError(
                f"{path}: it declares more than the {MOST_PIXELS:,} pixels of an image; crop or resize the images"
            ) from error
        except Exception as error:  # what Pillow raises for truncated and damaged files, of a dozen kinds
            raise UserError(f"{path}: not a readable image ({_one_line(error)})") from error
    stacked = np.stack(images).transpose(0, 3, 1, 2)
    return np.asarray(stacked[:, :1] if grey else stacked, dtype=np.float32) / 255


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())
