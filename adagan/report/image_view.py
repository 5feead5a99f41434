"""The report's pictures of images: grids of them, and those that have names above these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from adagan.report.figures import GREY, TEXT, as_png, new_figure
from adagan.report.view import View

Array = NDArray[np.float64]
SIDE = 3.2
GRID = 6
"""Images per row of a grid."""
NAMED, NAMED_COLUMNS, NAMED_WIDTH = 12, 4, 4.8
"""Images with names at most, in so many columns, and the width of the picture in inches."""
LONGEST = 22
"""Characters of a name that are shown, the last ones."""


class ImageView(View):
    """Grids of images of shape (C, H, W), C from 1 to 4; black and white are the data's lowest and highest value."""

    num_samples = GRID * GRID

    def __init__(self, data: Tensor) -> None:
        self._images = data
        self._low, self._high = float(data.min()), float(data.max())
        how = {2: " The two channels are averaged.", 4: " The first three of the four channels are shown."}.get(
            data.shape[1], ""
        )
        self.legend = "Every grid shows images picked without looking." + how
        self.weights_legend = "Above the images with the most weight, below those with the least." + how

    def data(self) -> bytes:
        return self._single(_even(self._images, GRID * GRID))

    def samples(self, samples: Tensor) -> tuple[bytes, str]:
        return self._single(samples[: GRID * GRID]), ""

    def named(self, images: Tensor, names: Sequence[str]) -> bytes:
        """Up to `NAMED` images, shape (M, C, H, W), each above its name, such as that of its file, as a PNG."""
        count = min(len(images), NAMED)
        rows = -(-count // NAMED_COLUMNS)
        figure = new_figure(NAMED_WIDTH, NAMED_WIDTH / NAMED_COLUMNS * 1.15 * rows)
        places = list(figure.subplots(rows, NAMED_COLUMNS, squeeze=False).flat)
        for axes in places:
            axes.set_axis_off()
        for axes, colours, name in zip(places, self._colours(images[:count]), names, strict=False):
            axes.imshow(colours, interpolation="nearest")
            axes.set_title(_short(name), fontsize=TEXT - 2, y=-0.2, color=GREY)
        return as_png(figure)

    def _single(self, images: Tensor) -> bytes:
        figure = new_figure(SIDE, SIDE)
        self._grid(figure.add_subplot(), images)
        return as_png(figure)

    def weights(self, relative: Tensor, limit: float) -> bytes:
        if float(relative.max() - relative.min()) < 1e-9:
            return self.data()
        figure = new_figure(SIDE, 1.3 * SIDE)
        order = relative.argsort(stable=True)
        count = min(GRID * (GRID // 2), max(len(order) // 2, 1))
        for axes, chosen, name in zip(figure.subplots(2, 1), (order.flip(0), order), ("most", "least"), strict=True):
            self._grid(axes, self._images[chosen[:count]])
            ends = sorted({f"{float(relative[row]):.2g}" for row in (chosen[0], chosen[count - 1])}, key=float)
            axes.set_title(f"{name} weight: {' to '.join(ends)} × the average", fontsize=TEXT)
        return as_png(figure)

    def _grid(self, axes: Axes, images: Tensor) -> None:
        """Images of shape (M, C, H, W) side by side, separated by one white pixel or more."""
        colours = self._colours(images)
        _, height, width, _ = colours.shape
        gap = max(1, round(0.06 * max(height, width)))
        rows = -(-len(images) // GRID)
        sheet = np.ones((rows * (height + gap) - gap, GRID * (width + gap) - gap, 3))
        for index, image in enumerate(colours):
            top, left = index // GRID * (height + gap), index % GRID * (width + gap)
            sheet[top : top + height, left : left + width] = image
        axes.imshow(sheet, interpolation="nearest")
        axes.set_axis_off()

    def _colours(self, images: Tensor) -> Array:
        """Red, green and blue from 0 to 1, shape (M, H, W, 3)."""
        values = ((images.double() - self._low) / max(self._high - self._low, 1e-12)).clamp(0, 1)
        grey = values.shape[1] < 3
        colours = values.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1) if grey else values[:, :3]
        found: Array = colours.permute(0, 2, 3, 1).cpu().numpy()
        return found


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def _even(points: Tensor, count: int) -> Tensor:
    return points[torch.linspace(0, len(points) - 1, min(count, len(points))).long()]
