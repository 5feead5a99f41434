"""A picture in a page, and a table in it, as the templates read them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes

from adagan.report.figures import as_png

Kind = Literal["chart", "photo"]


@dataclass(frozen=True)
class Panel:
    """A picture with its caption.

    Attributes:
        source: The picture itself, as an address that holds it.
        title: Of the caption.
        remark: Its text.
        alt: What the picture shows, for those who do not see it.
        kind: A chart takes the colours of a dark page; a photo keeps its own.
        wide: Whether it needs the page's width.
    """

    source: str
    title: str
    remark: str
    alt: str
    kind: Kind = "chart"
    wide: bool = False

    @classmethod
    def of(
        cls,
        drawn: Axes | bytes,
        title: str,
        remark: str,
        alt: str,
        *,
        kind: Kind = "chart",
        wide: bool = False,
    ) -> Panel:
        """Of axes, or of a PNG file's content."""
        png = as_png(drawn) if isinstance(drawn, Axes) else drawn
        source = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
        return cls(source, title, remark, alt, kind, wide)


@dataclass(frozen=True)
class PageTable:
    """A table; the first cell of every row names it.

    Attributes:
        caption: What it tells.
        titles: Of the columns.
        rows: Their cells as text.
        words: Numbers of the columns that hold words, which begin on the left.
        strong: Cells that stand out, as pairs of row and column.
    """

    caption: str
    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[int] = frozenset({0})
    strong: frozenset[tuple[int, int]] = frozenset()
