"""Figures are drawn on the axes that one gives, and on a figure of their own without."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from reported_runs import calibration

from adagan.dial import DialPoint
from adagan.report.figures import Series, as_png, curves, dial_curve, missing_map, mixture_weights, reliability

POINTS = tuple(DialPoint(share, None, share, 1 - share) for share in (0.1, 0.5, 0.9))  # type: ignore[arg-type]
DRAWN: dict[str, Callable[..., Axes]] = {
    "curves": lambda **where: curves([Series("line", [0.5, None, 0.1], [0.1, 0, 0.1])], **where),
    "mixture_weights": lambda **where: mixture_weights([[1.0], [0.7, 0.3]], **where),
    "dial_curve": lambda **where: dial_curve(POINTS, POINTS[1], **where),
    "reliability": lambda **where: reliability(calibration(), **where),
    "missing_map": lambda **where: missing_map(np.eye(2), [np.zeros((3, 2))], **where),
}


@pytest.mark.parametrize("name", DRAWN)
def test_axes_are_the_users(name: str) -> None:
    figure = Figure(figsize=(6, 3), dpi=40)
    left, right = figure.subplots(1, 2)
    assert DRAWN[name](ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    assert figure.axes == [left, right]


@pytest.mark.parametrize("name", DRAWN)
def test_without_axes_a_figure_is_made_whose_ground_is_the_pages(name: str) -> None:
    axes = DRAWN[name]()
    assert axes.has_data()
    assert axes.figure.get_facecolor()[3] == 0
    assert as_png(axes).startswith(b"\x89PNG")
    assert as_png(axes) == as_png(axes)


def test_heights_of_the_bars_are_the_weights() -> None:
    axes = mixture_weights([[1.0], [0.7, 0.3]])
    heights = sorted(round(float(bar.get_height()), 6) for bar in axes.patches)  # type: ignore[attr-defined]
    assert heights == [0.3, 0.7, 1.0]
