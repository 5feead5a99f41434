"""How the axes of an array of images are ordered, told by its shape where that leaves no doubt."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from adagan.mixtures.errors import UserError

SMALLEST = 8
"""Pixels a side from which an array without an axis of channels, or with that axis last, is seen for an image."""
MOST_CHANNELS = 4


class Layout(StrEnum):
    """The axes: N for the images, C for channels, H for height, W for width; a user says it by these letters."""

    NHW = "NHW"
    NHWC = "NHWC"
    NCHW = "NCHW"
    NONE = "none"

    @classmethod
    def of(cls, word: str) -> Layout:
        """The layout that is called so.

        Raises:
            UserError: None is.
        """
        try:
            return cls(word if word == "none" else word.upper())
        except (ValueError, AttributeError):
            raise UserError(f"layout: expected one of {', '.join(cls)}, got {word!r}") from None

    def sides(self, shape: Sequence[int]) -> tuple[int, int, int]:
        """Channels, height and width of images in an array of this shape.

        Raises:
            UserError: It has another number of axes, or more than 4 channels.
        """
        if len(shape) != len(self):
            raise UserError(f"layout: {self} has {len(self)} axes, the data have shape {tuple(shape)}")
        size = {"C": 1, **dict(zip(self, shape, strict=True))}
        if not 1 <= size["C"] <= MOST_CHANNELS:
            raise UserError(
                f"layout: {self} makes {size['C']} channels of shape {tuple(shape)}; expected 1 to {MOST_CHANNELS}"
            )
        return size["C"], size["H"], size["W"]


def seen_layout(shape: Sequence[int], *, whole: bool, pixels: bool) -> Layout:
    """The layout of an array of this shape; `Layout.NONE` where it holds no images.

    Arrays with few channels first or last are images, and so are those without an axis of channels that are squares, or
    of a type that pixels have.

    Args:
        shape: (N, *event).
        whole: Whether its numbers are whole.
        pixels: Whether its type is one that pixels have.

    Raises:
        UserError: Channels may stand first or last.
    """
    event = tuple(shape[1:])
    if len(event) == 2:
        square = event[0] == event[1]
        return Layout.NHW if min(event) >= SMALLEST and (pixels or square) else Layout.NONE
    if len(event) != 3 or 0 in event:
        return Layout.NONE
    first, last = event[0] <= MOST_CHANNELS, event[2] <= MOST_CHANNELS
    if first and last and event[1] >= SMALLEST:
        raise UserError(
            f"data: images of shape {event} may have {event[0]} channels that stand first, or {event[2]} that stand "
            "last; say which: layout='NCHW' or layout='NHWC' (--layout NCHW)"
        )
    if last and not first and min(event[:2]) >= SMALLEST:
        return Layout.NHWC
    small = min(event[1:]) < SMALLEST
    return Layout.NCHW if first and not (whole and small) else Layout.NONE
