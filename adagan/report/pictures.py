"""The report's pictures of points: scatter plots, histograms, or image grids, whichever fits the shape of an event."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from adagan.report.figures import BLUE, GREY, TEXT, as_png, new_figure, plain
from adagan.report.image_view import ImageView
from adagan.report.view import View

Array = NDArray[np.float64]
SIDE = 3.2


def view_of(data: Tensor) -> View:
    """The view for data points of shape (n, *event)."""
    shape = data.shape[1:]
    if len(shape) == 3 and shape[0] <= 4 and shape[1:] != (1, 1):
        return ImageView(data)
    return LineView(data) if math.prod(shape) == 1 else PlaneView(data)


class PlaneView(View):
    """A scatter plot in two dimensions: the event's own, or the first two principal components of the data."""

    def __init__(self, data: Tensor) -> None:
        flat = _flat(data)
        self._centre = np.zeros(flat.shape[1])
        self._axes = np.eye(flat.shape[1])
        how = ""
        if flat.shape[1] > 2:
            self._centre = flat.mean(axis=0)
            _, scales, self._axes = np.linalg.svd(flat - self._centre, full_matrices=False)
            share = float((scales[:2] ** 2).sum() / max((scales**2).sum(), np.finfo(float).tiny))
            how = (
                f" Shown are the first two principal components of the data, of {flat.shape[1]} dimensions; they hold "
                f"{share:.0%} of its variance, so that points which lie together here may be apart in the rest."
            )
        self.legend = "Grey dots are data, blue crosses are samples." + how
        self.weights_legend = (
            "Darker and larger dots weigh more; points without weight are small grey crosses. The scale is in units of "
            "the average weight." + how
        )
        self._points = self._project(data)
        low, high = self._points.min(axis=0), self._points.max(axis=0)
        margin = np.where(high > low, 0.25 * (high - low), 1.0)
        width = high - low + 2 * margin
        if 1 / 3 < width[0] / width[1] < 3:  # a square frame: one unit is as long to the right as upwards
            margin = margin + (width.max() - width) / 2
        self._low, self._high = low - margin, high + margin

    def _project(self, points: Tensor) -> Array:
        projected: Array = (_flat(points) - self._centre) @ self._axes[:2].T
        return projected

    def _frame(self, axes: Axes) -> None:
        axes.set_xlim(self._low[0], self._high[0])
        axes.set_ylim(self._low[1], self._high[1])
        axes.set_box_aspect(1)
        _bare(axes)

    def data(self) -> bytes:
        figure = new_figure(SIDE, SIDE)
        axes = figure.add_subplot()
        axes.scatter(*_columns(self._points), s=3, color=GREY, linewidths=0)
        self._frame(axes)
        return as_png(figure)

    def samples(self, samples: Tensor) -> tuple[bytes, str]:
        figure = new_figure(SIDE, SIDE)
        axes = figure.add_subplot()
        points = self._project(samples)
        axes.scatter(*_columns(self._points), s=7, color="#b5b5b5", linewidths=0)
        axes.scatter(*_columns(points), s=6, color=BLUE, marker="x", linewidths=0.45)
        self._frame(axes)
        outside = float(((points < self._low) | (points > self._high)).any(axis=1).mean())
        return as_png(figure), _remark(outside)

    def weights(self, relative: Tensor, limit: float) -> bytes:
        figure = new_figure(SIDE, SIDE * 1.15)
        axes = figure.add_subplot()
        values = relative.numpy()
        order = np.argsort(values, kind="stable")
        none, some = order[values[order] == 0], order[values[order] > 0]
        axes.scatter(*_columns(self._points[none]), s=5, color="#c4c4c4", marker="x", linewidths=0.4)
        sizes = 3 + 14 * np.minimum(values[some] / limit, 1)
        dots = axes.scatter(
            *_columns(self._points[some]), c=values[some], s=sizes, cmap="viridis_r", vmin=0, vmax=limit, linewidths=0
        )
        self._frame(axes)
        bar = figure.colorbar(dots, ax=axes, orientation="horizontal", shrink=0.8, aspect=30, pad=0.02, extend="max")
        bar.ax.tick_params(labelsize=TEXT - 1)
        return as_png(figure)


class LineView(View):
    """Histograms of data with one number per event."""

    legend = "Grey areas are the data, blue outlines the samples; both have area 1."
    weights_legend = "Grey areas are the data as they are, blue hatched outlines the data as weighted in the round."

    def __init__(self, data: Tensor) -> None:
        self._points = _flat(data)[:, 0]
        low, high = float(self._points.min()), float(self._points.max())
        margin = 0.25 * (high - low) if high > low else 1.0
        self._bins = np.linspace(low - margin, high + margin, 61).tolist()

    def data(self) -> bytes:
        return self._draw(None, None)

    def samples(self, samples: Tensor) -> tuple[bytes, str]:
        points = _flat(samples)[:, 0]
        outside = float(((points < self._bins[0]) | (points > self._bins[-1])).mean())
        return self._draw(points, None), _remark(outside)

    def weights(self, relative: Tensor, limit: float) -> bytes:
        return self._draw(self._points, relative.numpy())

    def _draw(self, points: Array | None, weights: Array | None) -> bytes:
        figure = new_figure(SIDE, 0.75 * SIDE)
        axes = figure.add_subplot()
        axes.hist(self._points, self._bins, density=True, color="#c4c4c4")
        if points is not None:
            inside = (points >= self._bins[0]) & (points <= self._bins[-1])
            chosen = None if weights is None else weights[inside]
            hatch = None if weights is None else "////"
            axes.hist(
                points[inside], self._bins, density=True, weights=chosen, histtype="step", color=BLUE, linewidth=1.3,
                hatch=hatch,
            )  # fmt: skip
        axes.set_xlim(self._bins[0], self._bins[-1])
        axes.set_yticks([])
        plain(axes)
        return as_png(figure)


def _flat(points: Tensor) -> Array:
    flat: Array = points.detach().cpu().reshape(len(points), -1).double().numpy()
    return flat


def _columns(points: Array) -> tuple[Array, Array]:
    return points[:, 0], points[:, 1]


def _bare(axes: Axes) -> None:
    axes.tick_params(labelsize=TEXT - 1, color=GREY, length=2)
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")


def _remark(outside: float) -> str:
    return f"{outside:.1%} of the samples lie outside the frame" if outside > 0 else ""
