"""Images brought to the form of others that they are compared with: layout, channels, range."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from adagan.components.adapters.images.image_encoding import KINDS, ImageEncoding, range_of_fractions
from adagan.components.adapters.images.layout import SMALLEST, Layout
from adagan.components.networks.defaults import is_image
from adagan.data.precision import of_integers
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import filled

OVERSHOOT = 0.05
"""Part of a range by which what a network makes may leave it."""
DARK, BRIGHT = -0.6, 100.0
"""Values of [−1, 1] reach below the one, those of [0, 255] above the other."""
EXACTLY, NEARLY_BLACK = 1e-3, -0.9
"""What a bounded network may leave its limits by, by rounding; and what a tanh that knows no bounds reaches."""
RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
"""What values of images usually lie in."""
MOST_OFF = 4.0
"""Other ranges are taken for the same if none is wider than so many times the other."""
SAME_GREY = 0.02
"""Channels that differ by no more are those of a grey picture that was saved in colour."""

LayoutLike: TypeAlias = Layout | str | ImageEncoding
"""How the axes of images are ordered: ``"NHWC"`` or the like, or all that is known of them."""

_log = logging.getLogger(__name__)


def as_points(
    values: Tensor, layout: LayoutLike | None = None, name: str = "data"
) -> tuple[Tensor, ImageEncoding | None]:
    """Images as points, with what they mean, in a line; other numbers as they are, in floating point.

    Args:
        values: Shape (N, *event), one or more, finite.
        layout: Of images; ``None`` decides by the shape. Or the encoding that they are to have.
        name: What the caller calls them.

    Raises:
        UserError: As `ImageEncoding.seen` and `points_alike`.
    """
    if isinstance(layout, ImageEncoding):
        return points_alike(values, layout, name), layout
    encoding = ImageEncoding.seen(values, layout)
    if encoding is None:
        side = math.isqrt(values[0].numel())
        flat = tuple(values.shape[1:]) == (side**2,) and side >= SMALLEST
        if layout is None and values.dtype == torch.uint8 and flat:
            _log.info("%s: rows of %s bytes are vectors; images have shape (N, %s, %s)", name, side**2, side, side)
        return of_integers(values), None
    taken = f"{name}: taken for {len(values)} images of {encoding.told}"
    if layout is None and encoding.is_guess:
        warnings.warn(f"{taken}; layout='none' (--layout none) leaves them as they are", stacklevel=4)
    else:
        _log.info("%s", taken)
    return filled(encoding.encode, values), encoding


def points_alike(images: Tensor, encoding: ImageEncoding, name: str = "data") -> Tensor:
    """Images in any layout and range as points of an encoding, shape (N, C, H, W).

    Args:
        images: Whole numbers or fractions, shape (N, ...).
        encoding: Of the others.
        name: What the caller calls them.

    Raises:
        UserError: Another size, colours where the others are grey, or a range that cannot be brought to theirs.
    """
    wanted = (0.0, 1.0) if encoding.whole else (encoding.low, encoding.high)
    if encoding.fits(images):
        return in_range(encoding.encode(images), wanted, name)
    return in_range(with_channels(_seen(images), encoding.event_shape, name), wanted, name)


def form_of(points: Tensor) -> LayoutLike:
    """What others are to be like that are compared with points, shape (N, *event), of which no more is known."""
    if not is_image(points.shape[1:]):
        return Layout.NONE
    lowest, highest = (float(value) for value in points.aminmax())
    dtype = str(points.dtype).removeprefix("torch.")
    return ImageEncoding(Layout.NCHW, points.shape[1:], dtype, *range_of_fractions(lowest, highest))


def _seen(images: Tensor) -> Tensor:
    own = ImageEncoding.seen(images)
    if own is not None:
        return own.encode(images)
    return images if images.is_floating_point() else images.to(torch.float32)


def with_channels(points: Tensor, event_shape: Sequence[int], name: str) -> Tensor:
    """Points (N, C, H, W) with as many channels as others have: grey ones in colour, and the reverse if all are grey.

    Raises:
        UserError: Another size, or channels that cannot be had.
    """
    shape, wanted = tuple(points.shape[1:]), tuple(event_shape)
    if shape == wanted:
        return points
    if len(shape) != 3 or shape[1:] != wanted[1:]:
        if len(shape) == 3:
            raise UserError(
                f"{name}: images of {shape[2]}×{shape[1]} pixels, where the data have {wanted[2]}×{wanted[1]}; bring "
                f"both to one size, folders of images by --resize {wanted[2]}x{wanted[1]}"
            )
        raise UserError(f"{name}: expected events of shape {wanted}, as the data have, got {shape}")
    if shape[0] == 1 and wanted[0] == 3:
        return points.expand(-1, 3, -1, -1).contiguous()
    if shape[0] == 3 and wanted[0] == 1:
        low, high = points.amin(dim=1, keepdim=True), points.amax(dim=1, keepdim=True)
        if float((high - low).max()) <= SAME_GREY * max(float(high.max() - low.min()), 1e-12):
            return points.mean(dim=1, keepdim=True)
    raise UserError(
        f"{name}: images in {KINDS.get(shape[0], f'{shape[0]} channels')}, where the data are in "
        f"{KINDS.get(wanted[0], f'{wanted[0]} channels')}; give both the same channels"
    )


def in_range(points: Tensor, wanted: tuple[float, float], name: str) -> Tensor:
    """Points whose values have the range of others: [0, 1], [−1, 1] and [0, 255] are brought to each other.

    Raises:
        UserError: The ranges have nothing to do with each other.
    """
    low, high = (float(value) for value in points.aminmax())
    own, other = _usual(low, high), _usual(*wanted)
    if own is not None and other is not None:
        if own == other:
            return points
        _log.info("%s: their values, %s, are brought to %s, as the data have", name, _told(own), _told(other))
        return (points - own[0]) / (own[1] - own[0]) * (other[1] - other[0]) + other[0]
    width, expected = max(high - low, 1e-12), max(wanted[1] - wanted[0], 1e-12)
    if not 1 / MOST_OFF <= width / expected <= MOST_OFF and high > low:
        raise UserError(
            f"{name}: their values lie in {low:.4g} to {high:.4g}, those of the data in {wanted[0]:.4g} to "
            f"{wanted[1]:.4g}; bring them to one range"
        )
    return points


def range_remark(points: Tensor, samples: Tensor) -> str:
    """What is wrong with the range of samples of images, as a clause, where it can never be that of the data.

    Args:
        points: The data, shape (N, *event).
        samples: Shape (M, *event).
    """
    if not is_image(points.shape[1:]) or not bool(torch.isfinite(samples).all()):
        return ""
    wanted, made = (tuple(float(value) for value in values.aminmax()) for values in (points, samples))
    expected = _usual(wanted[0], wanted[1])
    limits = next((each for each in RANGES[:2] if each[0] - EXACTLY <= made[0] and made[1] <= each[1] + EXACTLY), None)
    if expected is None or limits is None or expected == limits:
        return ""
    if expected == RANGES[0] and made[0] > NEARLY_BLACK:
        return ""
    return (
        f"makes values from {made[0]:.3g} to {made[1]:.3g}, where the images have {_told(expected)}: a network that "
        f"ends in a sigmoid or in tanh makes no others; give it images of {_told(limits)}, and scale its samples back"
    )


def _usual(low: float, high: float) -> tuple[float, float] | None:
    """The usual range that values fill, with a little overshoot; ``None`` where they fill none."""
    for bottom, top in RANGES:
        margin = OVERSHOOT * (top - bottom)
        fills = {0.0: top <= 1 or high > BRIGHT, -1.0: low < DARK}[bottom]
        if bottom - margin <= low and high <= top + margin and fills:
            return bottom, top
    return None


def _told(limits: tuple[float, float]) -> str:
    return f"{limits[0]:g} to {limits[1]:g}"
