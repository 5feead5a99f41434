"""Images in any layout and range: what an array is taken for, and that it comes back as it was."""

import json

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan.components import ImageEncoding
from adagan.components.adapters.images.layout import Layout


def whole(shape: tuple[int, ...], dtype: torch.dtype = torch.uint8, low: int = 0, high: int = 255) -> Tensor:
    values = torch.randint(low, high + 1, shape, generator=torch.Generator().manual_seed(100))
    values.view(-1)[0], values.view(-1)[1] = low, high
    return values.to(dtype)


def fractions(
    shape: tuple[int, ...], low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float32
) -> Tensor:
    values = low + (high - low) * torch.rand(shape, generator=torch.Generator().manual_seed(100), dtype=torch.float64)
    values.view(-1)[0], values.view(-1)[1] = low, high
    return values.to(dtype)


DEEP = torch.from_numpy(np.random.default_rng(100).integers(0, 65_536, (4, 10, 12), dtype=np.uint16))

TAKEN: dict[str, tuple[Tensor, str | None, str | None, tuple[float, float] | None]] = {
    # name: what came, the layout that is said, the layout that is seen, the range
    "grey bytes": (whole((4, 28, 28)), None, "NHW", (0, 255)),
    "grey bytes, wide": (whole((4, 28, 20)), None, "NHW", (0, 255)),
    "colour bytes, channels last": (whole((4, 16, 16, 3)), None, "NHWC", (0, 255)),
    "colour bytes, channels first": (whole((4, 3, 16, 16)), None, "NCHW", (0, 255)),
    "grey bytes, channels last": (whole((4, 16, 16, 1)), None, "NHWC", (0, 255)),
    "alpha, channels last": (whole((4, 16, 20, 4)), None, "NHWC", (0, 255)),
    "two channels last": (whole((4, 16, 20, 2)), None, "NHWC", (0, 255)),
    "dark bytes": (whole((4, 28, 28), high=20), None, "NHW", (0, 255)),
    "binary bytes": (whole((4, 28, 28), high=1), None, "NHW", (0, 1)),
    "booleans": (whole((4, 28, 28), torch.bool, high=1), None, "NHW", (0, 1)),
    "16 bits": (DEEP, None, "NHW", (0, 65_535)),
    "bytes in int64": (whole((4, 28, 28), torch.int64), None, "NHW", (0, 255)),
    "bytes in int32, channels first": (whole((4, 1, 28, 28), torch.int32), None, "NCHW", (0, 255)),
    "digits in int64": (whole((4, 8, 8), torch.int64, high=16), None, "NHW", (0, 16)),
    "12 bits in int16": (whole((4, 9, 9), torch.int16, high=4095), None, "NHW", (0, 4095)),
    "negative whole numbers": (whole((4, 9, 9), torch.int16, low=-1000, high=3000), None, "NHW", (-1000, 3000)),
    "binary in int64": (whole((4, 9, 9), torch.int64, high=1), None, "NHW", (0, 1)),
    "fractions": (fractions((4, 28, 28)), None, "NHW", (0, 1)),
    "fractions, channels last": (fractions((4, 28, 20, 3)), None, "NHWC", (0, 1)),
    "fractions in double precision": (fractions((4, 28, 28), dtype=torch.float64), None, "NHW", (0, 1)),
    "of tanh, channels last": (fractions((4, 16, 16, 3), -1, 1), None, "NHWC", (-1, 1)),
    "bytes as fractions": (fractions((4, 16, 16), 0, 255), None, "NHW", (0, 255)),
    "digits as fractions": (fractions((4, 8, 8), 0, 16), None, "NHW", (0, 16)),
    "standardised": (fractions((4, 16, 16, 3), -2.1, 2.6), None, "NHWC", (-2.1, 2.6)),
    "constant": (torch.full((4, 16, 16), 7.0), None, "NHW", (7, 8)),
    "constant whole numbers": (torch.full((4, 16, 16), -7), None, "NHW", (-7, -6)),
    "said to be channels first": (whole((4, 3, 32, 3)), "NCHW", "NCHW", (0, 255)),
    "said to be channels last": (whole((4, 3, 32, 3)), "nhwc", "NHWC", (0, 255)),
    "small, said": (whole((4, 4, 4)), "NHW", "NHW", (0, 255)),
    "wide fractions, said": (fractions((4, 50, 20)), "NHW", "NHW", (0, 1)),
    "one image": (whole((1, 28, 28)), None, "NHW", (0, 255)),
    # what is learnt as it is
    "fractions, channels first": (fractions((4, 3, 16, 16)), None, None, None),
    "series": (fractions((4, 50, 20)), None, None, None),
    "series of whole numbers": (whole((4, 50, 20), torch.int64), None, None, None),
    "small squares": (fractions((4, 7, 7)), None, None, None),
    "small bytes": (whole((4, 4, 4)), None, None, None),
    "small whole numbers, channels first": (whole((4, 2, 3, 4), torch.int64), None, None, None),
    "vectors": (whole((4, 784)), None, None, None),
    "films": (whole((4, 5, 16, 16, 3)), None, None, None),
    "many channels": (whole((4, 12, 16, 16)), None, None, None),
    "refused to be images": (whole((4, 28, 28)), "none", None, None),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_an_array_is_taken_for(name: str) -> None:
    images, said, layout, limits = TAKEN[name]
    encoding = ImageEncoding.seen(images, said)
    if layout is None:
        assert encoding is None
        return
    assert encoding is not None
    assert (encoding.layout, encoding.low, encoding.high) == (Layout(layout), *map(pytest.approx, limits or ()))
    points = encoding.encode(images)
    assert tuple(points.shape[1:]) == encoding.event_shape
    assert points.is_contiguous()
    back = encoding.decode(points)
    assert back.dtype == images.dtype
    assert torch.equal(back, images)
    assert torch.equal(encoding.nearest(points), points)
    if encoding.whole:
        assert points.dtype == torch.float32
        assert 0 <= float(points.min()) <= float(points.max()) <= 1
    restored = ImageEncoding.from_config(json.loads(json.dumps(encoding.config())))
    assert restored.config() == encoding.config()


@pytest.mark.parametrize("shape", [(4, 3, 32, 3), (4, 1, 28, 1), (4, 4, 100, 2)])
def test_channels_that_may_stand_first_or_last(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"channels that stand first, .*say which: layout='NCHW' or layout='NHWC'"):
        ImageEncoding.seen(whole(shape))


def test_layouts_that_are_none() -> None:
    with pytest.raises(ValueError, match=r"layout: expected one of NHW, NHWC, NCHW, none, got 'HWC'"):
        ImageEncoding.seen(whole((4, 28, 28)), "HWC")
    with pytest.raises(ValueError, match=r"layout: NHWC has 4 axes, the data have shape \(4, 28, 28\)"):
        ImageEncoding.seen(whole((4, 28, 28)), "NHWC")
    with pytest.raises(ValueError, match=r"layout: NCHW makes 28 channels of shape \(4, 28, 28, 3\); expected 1 to 4"):
        ImageEncoding.seen(whole((4, 28, 28, 3)), "NCHW")


def test_images_of_another_size() -> None:
    encoding = ImageEncoding.seen(whole((4, 28, 28, 3)))
    assert encoding is not None
    with pytest.raises(
        ValueError, match=r"expected images of 28×28 pixels in 3 channels, got 28×28 pixels in 1 channel"
    ):
        encoding.encode(whole((4, 28, 28, 1)))


def test_what_a_network_makes_is_brought_to_the_range() -> None:
    encoding = ImageEncoding("NHWC", (3, 8, 8))
    points = fractions((5, 3, 8, 8), -0.3, 1.4)
    images = encoding.decode(points)
    assert images.dtype == torch.uint8
    assert (int(images.min()), int(images.max())) == (0, 255)
    assert torch.equal(images, encoding.decode(encoding.nearest(points)))
    assert torch.equal(encoding.encode(images), encoding.nearest(points))


def test_pixels_for_files() -> None:
    grey, colour = ImageEncoding("NHW", (1, 8, 8), "float32", -1, 1), ImageEncoding("NHWC", (3, 8, 8))
    assert grey.pixels(torch.tensor([-1.0, 0.0, 2.0]).reshape(3, 1, 1, 1).expand(3, 1, 8, 8))[:, 0, 0].tolist() == [
        0,
        128,
        255,
    ]
    assert colour.pixels(torch.ones(2, 3, 8, 8)).shape == (2, 8, 8, 3)
    deep = ImageEncoding("NHW", (1, 8, 8), "uint16", 0, 65_535).pixels(torch.ones(2, 1, 8, 8))
    assert (deep.dtype, int(deep.max())) == (np.uint16, 65_535)


@pytest.mark.parametrize(
    "change",
    [{"layout": "HWC"}, {"dtype": "load"}, {"dtype": 3}, {"high": 0}, {"event_shape": None}, {"else": 1}, {"low": "x"}],
)
def test_a_damaged_configuration(change: dict[str, object]) -> None:
    config = ImageEncoding("NHWC", (3, 8, 8)).config()
    with pytest.raises(ValueError, match="the encoding of images is damaged"):
        ImageEncoding.from_config({**config, **change})
