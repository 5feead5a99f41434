"""The report's figures of numbers: curves over the rounds, mixture weights, reliability, what is missing where.

Every function draws on the axes that it is given, or on a figure of its own, and returns the axes:

>>> import adagan.report.figures as figures
>>> axes = figures.mixture_weights([[1.0], [0.6, 0.4]])
>>> axes.figure.savefig("weights.png")

Figures are made without pyplot, so no global state is touched. Series differ in colour (the palette of Okabe and Ito),
in marker and in line style; titles and captions stand in the page, where they keep their size on a small screen.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, ScalarFormatter
from numpy.typing import NDArray

from adagan.components.critics.calibration import Calibration
from adagan.dial import DialPoint

Array = NDArray[np.float64]
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, YELLOW, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#767676"
COMPONENT_COLOURS = (SKY, ORANGE, GREEN, YELLOW, BLUE, VERMILION, PURPLE)
COMPONENT_HATCHES = ("", "////", "....", "xx", "\\\\\\\\")
DARK = (BLUE, VERMILION, GREEN)
NEARLY_EMPTY = 0.01
"""Bins of the reliability diagram with a smaller share of the points are drawn hollow."""
TEXT = 9
DOTS_PER_INCH = 160


@dataclass(frozen=True)
class Series:
    """One line of a curve.

    Attributes:
        label: What it is, for the legend of a figure with several lines.
        values: One number per round, ``None`` where there is none.
        errors: Half widths of the intervals, one per round.
    """

    label: str
    values: Sequence[float | None]
    errors: Sequence[float] | None = None


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained", facecolor="none")


def own_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """The user's axes, or those of a new figure of so many inches."""
    return new_figure(width, height).add_subplot(facecolor="none") if ax is None else ax


def as_png(drawn: Figure | Axes) -> bytes:
    """The figure as a PNG file that names no software and no date; what is not drawn on is transparent."""
    content = io.BytesIO()
    figure: Any = drawn.figure if isinstance(drawn, Axes) else drawn
    canvas: Any = FigureCanvasAgg(figure)  # savefig would lay everything out twice; this method has no types
    canvas.print_png(content, metadata={"Software": None})
    return content.getvalue()


def plain(axes: Axes) -> None:
    """Two spines, thin, with text of one size."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(labelsize=TEXT, color=GREY)


def curves(
    series: Sequence[Series],
    *,
    levels: Mapping[str, float] | None = None,
    lowest: float = 0.0,
    highest: float | None = None,
    shares: bool = False,
    logarithmic: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """One or more series over the rounds 1 to T.

    Args:
        series: What to draw; with several a legend names them.
        levels: Labelled horizontal lines: chance, the ideal.
        lowest: Where the vertical axis begins, unless an interval or a value lies below it.
        highest: Where it ends at least.
        shares: Whether the values are shares, written in per cent.
        logarithmic: Whether the vertical axis is.
        ax: Where to draw; ``None`` means a figure of its own, here and below.
    """
    axes = own_axes(ax, 4.4, 2.7)
    count = max(len(line.values) for line in series)
    for line, colour, marker, style in zip(series, DARK, "osD", ("-", "--", ":"), strict=False):
        found = [(index, value) for index, value in enumerate(line.values, start=1) if value is not None]
        errors = None if line.errors is None else [line.errors[index - 1] for index, _ in found]
        axes.errorbar(
            [index for index, _ in found],
            [value for _, value in found],
            yerr=errors,
            color=colour,
            marker=marker,
            markersize=5 if count <= 12 else 3.5,
            linestyle=style,
            linewidth=1.4,
            elinewidth=1,
            capsize=3 if count <= 12 else 1.5,
            label=line.label,
        )
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ScalarFormatter())
    else:
        drawn = [v + sign * e for line in series for v, e in _ends(line) for sign in (-1, 1)]
        bottom, top = min([lowest, *drawn]), max([highest or lowest, *drawn, *(levels or {}).values()])
        margin = 0.07 * (top - bottom) or 0.5
        axes.set_ylim(bottom - (margin if bottom < lowest or bottom in drawn else 0), top + margin)
    for label, level in (levels or {}).items():
        axes.axhline(level, color="black", linewidth=0.9, linestyle=(0, (1, 2)))
        axes.annotate(
            label, (1, level), (0, 2), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", va="bottom", fontsize=TEXT - 1,
        )  # fmt: skip
    axes.set_xlim(0.5, count + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.set_xlabel("round", fontsize=TEXT)
    if shares:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    if len(series) > 1:
        axes.legend(fontsize=TEXT - 1, frameon=False)
    axes.grid(axis="y", linewidth=0.4, color="#dddddd")
    plain(axes)
    return axes


def _ends(line: Series) -> list[tuple[float, float]]:
    """The values that there are, with the half widths of their intervals."""
    errors = line.errors or [0.0] * len(line.values)
    return [(value, error) for value, error in zip(line.values, errors, strict=True) if value is not None]


def mixture_weights(weights: Sequence[Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """Stacked bars, one per round; every part that has room carries its component's number.

    Args:
        weights: After round t, t numbers with sum 1.
    """
    count = len(weights)
    axes = own_axes(ax, 8.4 if count > 4 else 4.4, 3.6 if count <= 12 else 4.8)
    height = axes.get_position().height * axes.get_figure(root=True).get_figheight()  # type: ignore[union-attr]
    size = TEXT if count <= 12 else 6.5
    # a label needs about 1.3 times its height in the axes' height
    room = 1.3 * size / 72 / height
    colours, hatches = len(COMPONENT_COLOURS), len(COMPONENT_HATCHES)
    for component in range(count):
        rounds = range(component + 1, count + 1)
        heights = [weights[index - 1][component] for index in rounds]
        bottoms = [sum(weights[index - 1][:component]) for index in rounds]
        axes.bar(
            rounds, heights, 0.86, bottoms,
            color=COMPONENT_COLOURS[component % colours], edgecolor="white", linewidth=0.5, alpha=0.85,
            hatch=COMPONENT_HATCHES[component // colours % hatches],
        )  # fmt: skip
        for index, height, bottom in zip(rounds, heights, bottoms, strict=True):
            if height >= room:
                axes.text(
                    index, bottom + height / 2, str(component + 1), ha="center", va="center", fontsize=size,
                    bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
                    in_layout=False,
                )  # fmt: skip
    axes.set_xlim(0.4, max(count, 2) + 0.6 if count > 1 else 1.6)
    axes.set_ylim(0, 1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=15, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("after round", fontsize=TEXT)
    plain(axes)
    return axes


def dial_curve(points: Sequence[DialPoint], present: DialPoint, *, ax: Axes | None = None) -> Axes:
    """Coverage against realism over the positions of the dial; positions that lie apart carry their share.

    Args:
        points: From coverage to realism.
        present: The mixture as it is, for comparison.
    """
    axes = own_axes(ax, 4.4, 3.4)
    axes.plot([p.precision for p in points], [p.recall for p in points], color=BLUE, marker="o", markersize=5)
    axes.plot([present.precision], [present.recall], "x", color=VERMILION, markersize=9, markeredgewidth=2)
    axes.set_xlim(_frame([p.precision for p in (*points, present)]))
    axes.set_ylim(_frame([p.recall for p in (*points, present)]))
    labelled: list[Any] = []
    for point in (points[0], points[-1], *points[1:-1]):
        place = axes.transAxes.inverted().transform(axes.transData.transform((point.precision, point.recall)))
        if all(abs(place - other).max() > 0.12 for other in labelled):
            labelled.append(place)
            axes.annotate(
                f"{point.share:g}",
                (point.precision, point.recall),
                (6, 6),
                textcoords="offset points",
                fontsize=TEXT - 1,
            )
    axes.set_xlabel("realism: share of the samples that the data contain", fontsize=TEXT)
    axes.set_ylabel("coverage: share of the data", fontsize=TEXT)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5))
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    plain(axes)
    return axes


def _frame(values: Sequence[float]) -> tuple[float, float]:
    """Limits with room around the values, and at least a tenth apart: small differences are to look small."""
    middle, half = (min(values) + max(values)) / 2, max(0.05, 0.65 * (max(values) - min(values)))
    return middle - half, min(middle + half, max(1.0, *values) + 0.02)


def reliability(calibration: Calibration, *, ax: Axes | None = None) -> Axes:
    """Observed against predicted share of data; bars are the share of the points in each bin."""
    axes = own_axes(ax, 4.4, 3.8)
    axes.bar(calibration.predicted, calibration.share, 0.04, color=SKY, edgecolor="white", hatch="////", linewidth=0.5)
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.9, linestyle=(0, (1, 2)))
    axes.annotate("ideal", (0.97, 0.97), (-4, 2), textcoords="offset points", ha="right", fontsize=TEXT - 1)
    bins = list(zip(calibration.predicted, calibration.observed, calibration.share, strict=True))
    full = [(predicted, observed) for predicted, observed, share in bins if share >= NEARLY_EMPTY]
    sparse = [(predicted, observed) for predicted, observed, share in bins if share < NEARLY_EMPTY]
    axes.plot([x for x, _ in full], [y for _, y in full], color=BLUE, marker="o", markersize=5, linewidth=1.4)
    axes.plot([x for x, _ in sparse], [y for _, y in sparse], "o", color=GREY, markersize=4, markerfacecolor="white")
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("observed share of data", fontsize=TEXT)
    axes.set_xlabel("predicted probability of being data", fontsize=TEXT)
    plain(axes)
    return axes


def missing_map(points: Array, regions: Sequence[Array], *, ax: Axes | None = None) -> Axes:
    """Points of the plane, those of every missing region in a colour and a marker of their own, with its number.

    Args:
        points: The data, shape (N, 2).
        regions: Of each region its points, shape (M, 2), the largest lack first.
    """
    axes = own_axes(ax, 4.4, 4.4)
    axes.scatter(points[:, 0], points[:, 1], s=4, color="#b5b5b5", linewidths=0)
    for number, own in enumerate(regions):
        colour, marker = (VERMILION, BLUE, GREEN, PURPLE)[number % 4], "oDs^"[number // 4 % 4]
        axes.scatter(own[:, 0], own[:, 1], s=9, color=colour, marker=marker, linewidths=0)
        axes.annotate(
            str(number + 1), tuple(own.mean(axis=0)), ha="center", va="center", fontsize=TEXT,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    plain(axes)
    return axes
