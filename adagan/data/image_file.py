"""One picture in a file: upright, of one size, its transparency on a background, in bytes or 16 bits."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageColor, ImageOps

from adagan.mixtures.errors import UserError

MOST_PIXELS = 2**24
MOST_PIXELS_RESIZED = 2**26
"""Of a picture that is made smaller when it is read."""
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What pictures may be, whatever their names end in: other formats start programs."""
KEPT = "keep"
"""In the place of a background: transparency is a channel."""
BACKGROUND = "white"
DEEP = 65_535


@dataclass(frozen=True)
class PictureOptions:
    """How pictures are read.

    Attributes:
        size: Width and height to which they are scaled, and cropped at the centre; ``None`` takes them as they are.
        background: A colour, by which transparency is filled; ``"keep"`` makes it a channel.
        skip_unreadable: Whether files that cannot be read are left out.
    """

    size: tuple[int, int] | None = None
    background: str = BACKGROUND
    skip_unreadable: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and not all(1 <= side <= 2**13 for side in self.size):
            raise UserError(f"--resize: expected sides of 1 to {2**13} pixels, got {self.size[0]}x{self.size[1]}")
        if self.background != KEPT:
            try:
                ImageColor.getrgb(self.background)
            except ValueError as error:
                raise UserError(
                    f"--background: expected a colour such as white or #808080, or keep, got {self.background!r}"
                ) from error


def size_of(text: str | None) -> tuple[int, int] | None:
    """What ``--resize 64`` or ``--resize 64x48`` says: width and height.

    Raises:
        UserError: It is no such size.
    """
    if text is None:
        return None
    sides = text.lower().replace("×", "x").split("x")
    if not (1 <= len(sides) <= 2 and all(side.isdecimal() and len(side) < 6 for side in sides)):
        raise UserError(f"--resize: expected a width and a height in pixels, such as 64 or 64x48, got {text!r}")
    return int(sides[0]), int(sides[-1])


@dataclass(frozen=True)
class Picture:
    """What a file holds.

    Attributes:
        pixels: Shape (H, W, C), C 1 to 4 for grey, grey with alpha, colour, colour with alpha; uint8 or uint16.
        remarks: What was left out of it, in words.
    """

    pixels: NDArray[np.generic]
    remarks: tuple[str, ...] = ()


class UnreadableError(Exception):
    """A file that is no picture, in the words of what reads it."""


def read_picture(path: Path, options: PictureOptions) -> Picture:
    """The picture in a file.

    Raises:
        UnreadableError: It is damaged, no picture, or too large.
    """
    most = MOST_PIXELS if options.size is None else MOST_PIXELS_RESIZED
    try:
        if not path.is_file():
            raise UnreadableError("no file, but a folder, a pipe or a device, or a link to nothing")
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
            warnings.simplefilter("ignore")  # of large pictures before the error, and of odd EXIF entries
            if image.width * image.height > most:
                raise Image.DecompressionBombError
            remarks = _remarks(image)
            if options.size is not None:  # of a JPEG as many pixels as are needed, which takes a tenth of the time
                image.draft(None, (2 * max(options.size), 2 * max(options.size)))
            image.load()
            pixels, filled = _pixels(ImageOps.exif_transpose(image), options)
            clear = (f"transparency, filled with {options.background} (--background)",) if filled else ()
            return Picture(pixels, remarks + clear)
    except UnreadableError:
        raise
    except Image.DecompressionBombError as error:
        cure = "; --resize takes larger ones" if options.size is None else ""
        raise UnreadableError(f"it declares more than the {most:,} pixels of an image{cure}") from error
    except OSError as error:
        raise UnreadableError(error.strerror or _one_line(error, path)) from error
    except Exception as error:  # what Pillow raises for damaged files, of a dozen kinds
        raise UnreadableError(_one_line(error, path)) from error


def _remarks(image: Image.Image) -> tuple[str, ...]:
    found = []
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        found.append("more than one frame, of which the first is read")
    raw = [str(tile[3]) for tile in getattr(image, "tile", ())]
    if image.mode in ("RGB", "RGBA") and any("16" in mode for mode in raw):
        found.append("colours of 16 bits, which are read as 8")
    return tuple(found)


def _pixels(image: Image.Image, options: PictureOptions) -> tuple[NDArray[np.generic], bool]:
    """The values, and whether transparency was filled."""
    if image.mode.startswith(("I", "F")):
        return _deep(image, options), False
    image = _plain(image)
    if options.size is not None:
        image = _resized(image, options.size)
    filled = False
    if image.mode in ("LA", "RGBA") and options.background != KEPT:
        filled = image.getchannel("A").getextrema()[0] != 255
        image = _on_background(image, options.background)
    pixels = np.asarray(image, dtype=np.uint8)
    return (pixels[..., None] if pixels.ndim == 2 else pixels), filled


def _plain(image: Image.Image) -> Image.Image:
    """Grey or in colour, with alpha where it has a meaning."""
    clear = "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa")
    if image.mode in ("P", "PA"):
        coloured = image.convert("RGBA")
        red, green, blue, _ = coloured.split()
        grey = all(ImageChops.difference(first, green).getbbox() is None for first in (red, blue))
        return coloured.convert(("LA" if clear else "L") if grey else ("RGBA" if clear else "RGB"))
    if image.mode in ("1", "L", "LA", "La"):
        return image.convert("LA" if clear else "L")
    return image.convert("RGBA" if clear else "RGB")


def _on_background(image: Image.Image, background: str) -> Image.Image:
    """A picture with alpha, without it."""
    opaque = image.getchannel("A").getextrema()[0] == 255
    if opaque:
        return image.convert("L" if image.mode == "LA" else "RGB")
    red, green, blue = ImageColor.getrgb(background)[:3]
    if image.mode == "LA" and red == green == blue:
        ground = Image.new("LA", image.size, (red, 255))
        return Image.alpha_composite(ground.convert("RGBA"), image.convert("RGBA")).convert("L")
    ground = Image.new("RGBA", image.size, (red, green, blue, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def _deep(image: Image.Image, options: PictureOptions) -> NDArray[np.generic]:
    """Grey of more than 8 bits: whole numbers up to 65,535, or fractions from 0 to 1."""
    values = np.asarray(image)
    fractions = values.dtype.kind == "f"
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= (1 if fractions else DEEP)):
        expected = "0 to 1" if fractions else f"0 to {DEEP:,}"
        raise UnreadableError(
            f"its {image.mode} pixels lie in {low:g} to {high:g}, expected {expected}; save a .npy array"
        )
    if options.size is not None:
        image = _resized(Image.fromarray(values.astype(np.float32) / (1 if fractions else DEEP)), options.size)
        values, fractions = np.asarray(image).clip(0, 1), True
    whole = (values * DEEP).round() if fractions else values
    return whole.astype(np.uint16)[..., None]


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    return ImageOps.fit(image, size, method=Image.Resampling.BICUBIC)


def _one_line(error: Exception, path: Path) -> str:
    told = " ".join(str(error).replace(f"{str(path)!r}", "it").split()) or type(error).__name__
    return told if len(told) < 120 else f"{told[:117]}..."
