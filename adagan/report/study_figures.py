"""Figures of a study: what samples hold of the data, and how pure they are, against CPU seconds; modes by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from adagan.report.figures import COMPONENT_COLOURS, GREY, TEXT, own_axes, plain

MARKERS = "osD^vPX<>*"


def against_seconds(
    points: Mapping[str, Sequence[tuple[float, float]]], label: str, level: float | None, *, ax: Axes | None = None
) -> Axes:
    """One mark for every training: CPU seconds to the right, logarithmic where they differ tenfold, the score upwards.

    Args:
        points: By method, pairs of CPU seconds and score.
        label: Of the score.
        level: What a perfect model scores.
        ax: Where to draw; ``None`` means a figure of its own.
    """
    axes = own_axes(ax, 6.4, 3.4)
    for index, (method, pairs) in enumerate(points.items()):
        taken, scores = zip(*pairs, strict=True)
        colour, marker = COMPONENT_COLOURS[index % len(COMPONENT_COLOURS)], MARKERS[index % len(MARKERS)]
        axes.plot(
            taken, scores, linestyle="", marker=marker, color=colour, label=method,
            markeredgecolor="#444444", markeredgewidth=0.6,
        )  # fmt: skip
    if level is not None:
        axes.axhline(level, color=GREY, linewidth=1, linestyle="--", label="a perfect model")
    seconds = [second for pairs in points.values() for second, _ in pairs]
    if max(seconds) > 10 * min(seconds):
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)
    axes.set_xlabel("CPU seconds of training and of drawing the samples", fontsize=TEXT)
    axes.set_ylabel(label, fontsize=TEXT)
    axes.legend(fontsize=TEXT - 2, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    plain(axes)
    return axes


def modes_by_round(ratios: Sequence[Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """A heat map: rounds to the right, modes upwards; brown is missing, white has its share, violet has more.

    Args:
        ratios: Of each round, the share of every mode over its true share, shape (T, K).
        ax: Where to draw; ``None`` means a figure of its own.
    """
    axes = own_axes(ax, 4.4, 3.4)
    grid = np.clip(np.asarray(ratios, dtype=float).T, 0, 2)
    image = axes.imshow(grid, aspect="auto", origin="lower", cmap="PuOr", vmin=0, vmax=2, interpolation="nearest")
    axes.set_xticks(range(grid.shape[1]), [str(index + 1) for index in range(grid.shape[1])])
    axes.set_xlabel("round", fontsize=TEXT)
    axes.set_ylabel("mode", fontsize=TEXT)
    bar = axes.figure.colorbar(image, ax=axes, ticks=[0, 1, 2])
    bar.ax.set_yticklabels(["0: missing", "1: as in the data", "2 or more"], fontsize=TEXT - 2)
    plain(axes)
    return axes
