"""Pictures of points: which kind suits which shape, and what they say of what is not to be seen."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from adagan.report.image_view import ImageView
from adagan.report.pictures import LineView, PlaneView, view_of


@pytest.fixture(scope="module", autouse=True)
def coarse_figures():
    """Few dots per inch, which draws faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adagan.report.figures.DOTS_PER_INCH", 40)
        yield


@pytest.mark.parametrize(
    ("shape", "kind", "says"),
    [
        ((2,), PlaneView, "blue crosses are samples"),
        ((5,), PlaneView, "the first two principal components of the data, of 5 dimensions"),
        ((1,), LineView, "blue outlines the samples"),
        ((3, 8, 8), ImageView, "Every grid shows images"),
        ((4, 8, 8), ImageView, "The first three of the four channels are shown"),
        ((5, 2, 2), PlaneView, "of 20 dimensions"),
    ],
)
def test_points_are_shown_by_their_shape(shape, kind, says, tmp_path):
    view = view_of(torch.rand(20, *shape, generator=torch.Generator().manual_seed(0)))
    assert type(view) is kind
    assert says in view.legend


def test_image_grids_keep_black_and_white_and_sort_by_weight():
    data = torch.zeros(40, 1, 4, 4)
    data[20:] = 1
    view = view_of(data)
    assert brightness(view.samples(torch.zeros(36, 1, 4, 4))[0]) == pytest.approx(0)
    assert brightness(view.samples(torch.full((36, 1, 4, 4), 7.0))[0]) == pytest.approx(1)  # beyond the data's range
    black_above = np.asarray(
        Image.open(io.BytesIO(view.weights((data[:, 0, 0, 0] == 0).double() * 2, 2.0))).convert("L")
    )
    height, width = black_above.shape
    above, below = (
        black_above[: height // 2, width // 3 : -width // 3],
        black_above[height // 2 :, width // 3 : -width // 3],
    )
    assert (above == 0).mean() > 0.3 > 0.05 > (below == 0).mean()


def brightness(png):
    """The median of the middle of a picture, 0 is black."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=float) / 255
    height, width = pixels.shape
    return float(np.median(pixels[height // 4 : -height // 4, width // 4 : -width // 4]))


def test_samples_outside_the_frame_are_counted():
    square = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    view = view_of(square)
    assert view.samples(square)[1] == ""
    assert (
        view.samples(torch.cat([square[:3], torch.full((1, 2), 9.0)]))[1]
        == "25.0% of the samples lie outside the frame"
    )
    line = view_of(torch.tensor([[0.0], [1.0]]))
    assert line.samples(torch.tensor([[0.5], [-9.0]]))[1] == "50.0% of the samples lie outside the frame"


def test_constant_data_can_be_shown():
    for view in (
        view_of(torch.ones(5, 2)),
        view_of(torch.ones(5, 3)),
        view_of(torch.ones(5, 1)),
        view_of(torch.ones(5, 1, 2, 2)),
    ):
        assert view.data().startswith(b"\x89PNG")


def test_images_stand_above_their_names():
    data = torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    view = ImageView(data)
    names = [f"class/{index}.png" for index in range(20)]

    def size(count: int, own: list[str]) -> tuple[int, int]:
        with Image.open(io.BytesIO(view.named(data[:count], own))) as image:
            return image.size

    few, many = size(2, names), size(20, names)
    assert few[0] == many[0] == round(4.8 * 40)
    assert many[1] == pytest.approx(3 * few[1], abs=2)  # twelve at most, four in a row
    long = "a folder with a long name/and another one/picture.png"
    assert view.named(data[:1], [long]) == view.named(data[:1], [f"else/{long}"])
    assert view.named(data[:1], names) != view.named(data[:1], names[1:])
