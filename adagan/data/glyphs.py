"""Glyphs: letters and digits drawn with the fonts that matplotlib ships, as images of 28 x 28 pixels."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

CLASSES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
RARE_CLASSES = "FR"
RARE_SHARE = 0.01
FONTS = ("Sans", "Sans-Bold", "Sans-Oblique", "Serif", "Serif-Bold", "Serif-Italic", "SansMono", "SansMono-Bold")
SIDE, OVERSAMPLED, SIZE = 28, 2, 20
"""Pixels of an image, by how much finer its glyph is drawn, and the height of the font in pixels."""
NUM_POINTS = 60_000
BLOCK = 4_096


def glyph_shares() -> Tensor:
    """The shares of the classes, shape (36,), sum 1: F and R are a hundredth each, the others alike."""
    rare = torch.tensor([glyph in RARE_CLASSES for glyph in CLASSES])
    common = (1 - RARE_SHARE * int(rare.sum())) / int((~rare).sum())
    return torch.where(rare, RARE_SHARE, common)


def glyphs(classes: Tensor, generator: torch.Generator) -> Tensor:
    """Images of shape (N, 1, 28, 28) in [0, 1], black on the outside, of the classes, shape (N,).

    Font, place, slant, size and weight of the strokes are drawn for each.
    """
    drawn = _drawn()
    fonts = torch.randint(len(drawn), (len(classes),), generator=generator)
    blocks = zip(torch.split(fonts, BLOCK), torch.split(classes, BLOCK), strict=True)
    return torch.cat([_moved(drawn[font, kind], generator) for font, kind in blocks])


def labelled_glyphs(num_points: int = NUM_POINTS, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Images of shape (N, 1, 28, 28) and their classes, shape (N,)."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.multinomial(glyph_shares(), num_points, replacement=True, generator=generator)
    return glyphs(classes, generator), classes


@lru_cache(maxsize=1)
def _drawn() -> Tensor:
    """Every glyph in every font, shape (fonts, classes, 56, 56)."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    side = SIDE * OVERSAMPLED
    pages = np.zeros((len(FONTS), len(CLASSES), side, side), dtype=np.float32)
    for page, name in zip(pages, FONTS, strict=True):
        file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"DejaVu{name}.ttf"
        font = ImageFont.truetype(str(file), SIZE * OVERSAMPLED)
        for image, glyph in zip(page, CLASSES, strict=True):
            canvas = Image.new("L", (side, side))
            ImageDraw.Draw(canvas).text((side / 2, side / 2), glyph, font=font, fill=255, anchor="mm")
            image[:] = np.asarray(canvas, dtype=np.float32) / 255
    return torch.from_numpy(pages)


def _moved(images: Tensor, generator: torch.Generator) -> Tensor:
    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(images), generator=generator)

    angle, zoom = between(-0.26, 0.26), between(0.85, 1.15)
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    across, down = between(-0.14, 0.14), between(-0.14, 0.14)
    rows = torch.stack([torch.stack([cos, -sin, across], dim=1), torch.stack([sin, cos, down], dim=1)], dim=1)
    grid = functional.affine_grid(rows, [len(images), 1, SIDE, SIDE], align_corners=False)
    moved = functional.grid_sample(images.unsqueeze(1), grid, align_corners=False)
    return moved.clamp(0, 1) ** between(0.5, 1.6)[:, None, None, None]
