"""Images in any layout and range as points (N, C, H, W), and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.adapters.images.layout import Layout, seen_layout
from adagan.mixtures.errors import UserError

BYTES = 255.0
"""The white of integers that are no wider than it takes."""
DARKEST_BYTES = 100.0
"""Wide integers that reach beyond this, and not beyond 255, are bytes."""
WHITES = {"uint8": 255.0, "uint16": 65_535.0}
PIXELS = ("bool", "uint8", "uint16")
"""Types that hardly hold anything else."""
NARROW = ("bool", "uint8", "int8", "uint16", "int16")
"""Types whose numbers single precision holds."""
SORTED = ("uint8", "int8", "int16", "int32", "int64", "float32", "float64")
"""Types of which torch finds the least and the largest."""
KINDS = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}
"""What images of so many channels are."""


class ImageEncoding:
    """What turns images as they came into points (N, C, H, W), and points into images of that layout, range and type.

    Whole numbers are scaled to [0, 1], and come back as whole numbers within their range: bytes as bytes. Fractions
    keep their values, as components scale what they learn; of them only the layout changes.

    Args:
        layout: Of the axes.
        event_shape: Of a point, (C, H, W).
        dtype: Of the images, a name of torch's or numpy's.
        low: The value of black.
        high: The value of white.
        of_files: Whether the images are files of a folder: their pixels are bytes, or 16 bits, channels last.

    Raises:
        UserError: White is no brighter than black.

    Example:
        >>> images = torch.randint(256, (5, 28, 28, 3), dtype=torch.uint8)
        >>> encoding = ImageEncoding.seen(images)
        >>> encoding.encode(images).shape  # what AdaGAN(GAN).fit(images) trains on
        torch.Size([5, 3, 28, 28])
        >>> torch.equal(encoding.decode(encoding.encode(images)), images)
        True
    """

    def __init__(
        self,
        layout: Layout | str,
        event_shape: Sequence[int],
        dtype: str = "uint8",
        low: float = 0.0,
        high: float = 255.0,
        *,
        of_files: bool = False,
    ) -> None:
        self.layout, self.event_shape = Layout.of(layout), tuple(event_shape)
        if not isinstance(getattr(torch, dtype, None), torch.dtype):
            raise UserError(f"dtype: expected the name of a type of torch's, got {dtype!r}")
        self.dtype, self.of_files = dtype, of_files
        self.low, self.high = float(low), float(high)
        if not self.high > self.low:
            raise UserError(f"high: expected more than the {low:g} of black, got {high:g}")

    def __repr__(self) -> str:
        return f"ImageEncoding({self.told})"

    @classmethod
    def seen(cls, images: Tensor, layout: Layout | str | None = None) -> Self | None:
        """The encoding of images, shape (N, ...), or ``None`` where points are to be what the tensor holds.

        Args:
            images: N of them, 1 or more.
            layout: ``None`` decides by the shape.

        Raises:
            UserError: The shape leaves open, or contradicts, where the channels are.
        """
        whole, dtype = not images.is_floating_point(), str(images.dtype).removeprefix("torch.")
        found = Layout.of(layout) if layout else seen_layout(images.shape, whole=whole, pixels=dtype in PIXELS)
        if found is Layout.NONE or images.numel() == 0:
            return None
        sides = found.sides(images.shape)
        if not whole and found is Layout.NCHW:
            return None
        return cls(found, sides, dtype, *range_of(images, dtype))

    @property
    def whole(self) -> bool:
        """Whether the images hold whole numbers."""
        return not self.dtype.startswith(("float", "bfloat"))

    @property
    def is_guess(self) -> bool:
        """Whether the shape alone says that these are images: squares of numbers of a type that anything may have."""
        return self.layout is Layout.NHW and self.dtype not in PIXELS

    @property
    def told(self) -> str:
        """The images in words."""
        channels, height, width = self.event_shape
        kind = KINDS[channels]
        if self.of_files:
            return f"{width}×{height} pixels, {kind}{', 16 bits' if self.dtype == 'uint16' else ''}"
        return f"{width}×{height} pixels, {kind} ({self.layout}), {self.dtype} from {self.low:g} to {self.high:g}"

    @property
    def mode(self) -> str:
        """The mode of Pillow's that has as many channels."""
        return ("L", "LA", "RGB", "RGBA")[self.event_shape[0] - 1]

    def fits(self, images: Tensor) -> bool:
        """Whether images have the layout, size and type of this encoding."""
        if images.ndim != len(self.layout) or str(images.dtype) != f"torch.{self.dtype}":
            return False
        size = {"C": 1, **dict(zip(self.layout, images.shape, strict=True))}
        return (size["C"], size["H"], size["W"]) == self.event_shape

    def encode(self, images: Tensor) -> Tensor:
        """Images of this layout as points, shape (N, C, H, W).

        Raises:
            UserError: They have another shape.
        """
        sides = self.layout.sides(images.shape)
        if sides != self.event_shape:
            raise UserError(f"data: expected images of {_pixels(self.event_shape)}, got {_pixels(sides)}")
        if self.whole:
            exact = torch.float32 if self.dtype in NARROW else torch.float64
            images = ((images.to(exact) - self.low) / (self.high - self.low)).to(torch.float32)
        return self._to_points(images).contiguous()

    def decode(self, points: Tensor, start: int = 0) -> Tensor:
        """Images of the layout, range and type that were encoded.

        Args:
            points: Shape (N, C, H, W).
            start: Of no account: images are not numbered.
        """
        values = self._from_points(points.detach())
        if not self.whole:
            return values.contiguous()
        values = (values.double().clamp(0, 1) * (self.high - self.low) + self.low).round()
        return values.to(getattr(torch, self.dtype)).contiguous()

    def nearest(self, points: Tensor) -> Tensor:
        """The points that stand for what `decode` makes of these: whole numbers in their range."""
        if not self.whole:
            return points
        steps = self.high - self.low
        return (points.clamp(0, 1) * steps).round() / steps

    def pixels(self, points: Tensor) -> NDArray[np.generic]:
        """Points as Pillow takes images: bytes, or 16 bits of grey, shape (N, H, W) or (N, H, W, C)."""
        low, high = (0.0, 1.0) if self.whole else (self.low, self.high)
        deep = self.dtype == "uint16" and self.event_shape[0] == 1
        white = 65_535 if deep else 255
        values = ((points.detach().cpu().double() - low) / (high - low)).nan_to_num().clamp(0, 1).mul(white).round()
        array = values.numpy().astype(np.uint16 if deep else np.uint8)
        return array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1)

    def _to_points(self, values: Tensor) -> Tensor:
        if self.layout is Layout.NHW:
            return values[:, None]
        return values.permute(0, 3, 1, 2) if self.layout is Layout.NHWC else values

    def _from_points(self, points: Tensor) -> Tensor:
        if self.layout is Layout.NHW:
            return points[:, 0]
        return points.permute(0, 2, 3, 1) if self.layout is Layout.NHWC else points

    def config(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {**self.__dict__, "layout": str(self.layout), "event_shape": list(self.event_shape)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], components: Sequence[Any] = ()) -> Self:
        """The encoding whose `config` this is.

        Raises:
            UserError: It is damaged.
        """
        try:
            made = cls(**config)
            made.decode(torch.zeros(0, *made.event_shape))
        except (LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            raise UserError(f"the encoding of images is damaged: {type(error).__name__}: {error}") from error
        return made


def range_of(images: Tensor, dtype: str) -> tuple[float, float]:
    """The values of black and white in images, one or more: of their type, or those that occur."""
    lowest, highest = (float(value) for value in (images if dtype in SORTED else images.to(torch.int64)).aminmax())
    if images.is_floating_point():
        return range_of_fractions(lowest, highest)
    if lowest >= 0 and highest <= 1:
        return 0.0, 1.0
    if dtype in WHITES:
        return 0.0, WHITES[dtype]
    if lowest >= 0 and DARKEST_BYTES < highest <= BYTES:
        return 0.0, BYTES
    return min(lowest, 0.0), max(highest, min(lowest, 0.0) + 1)


def range_of_fractions(lowest: float, highest: float) -> tuple[float, float]:
    """[0, 1], [−1, 1] or [0, 255] where the values fill that, and else the range that they have."""
    if lowest >= 0 and highest <= 1:
        return 0.0, 1.0
    if lowest >= -1 and highest <= 1:
        return -1.0, 1.0
    if lowest >= 0 and DARKEST_BYTES < highest <= BYTES:
        return 0.0, BYTES
    return lowest, highest if highest > lowest else lowest + 1.0


def _pixels(event_shape: Sequence[int]) -> str:
    channels, height, width = event_shape
    return f"{width}×{height} pixels in {channels} channel{'s' if channels > 1 else ''}"
