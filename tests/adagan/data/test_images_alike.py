"""Images brought to the form of others, and what is said where they cannot be."""

import logging
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan import AdaGAN, Critic, missing_mass
from adagan.components import Gaussian, ImageEncoding
from adagan.data.images_alike import form_of, points_alike, range_remark
from adagan.data.training_data import TrainingData


def random(shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Tensor:
    values = low + (high - low) * torch.rand(shape, generator=torch.Generator().manual_seed(100))
    values.view(-1)[0], values.view(-1)[1] = low, high
    return values


QUICK = partial(Critic, max_steps=5, width=8, batch_size=32)
BYTES = (random((20, 8, 8, 3)) * 255).round().to(torch.uint8)
ENCODING = ImageEncoding.seen(BYTES)
POINTS = BYTES.permute(0, 3, 1, 2).float() / 255

ALIKE = {
    # name: what comes, how far from the points it is at most
    "the same": (BYTES, 0.0),
    "channels first": (BYTES.permute(0, 3, 1, 2), 0.0),
    "in int64": (BYTES.long(), 0.0),
    "points": (POINTS, 0.0),
    "fractions, channels last": (BYTES.float() / 255, 0.0),
    "of tanh": (POINTS * 2 - 1, 1e-6),
    "of tanh, channels last": (BYTES.float() / 127.5 - 1, 1e-6),
    "bytes as fractions": (BYTES.float(), 1e-6),
    "in double precision": (POINTS.double(), 1e-6),
    "a little beyond": (POINTS * 1.04 - 0.02, 0.021),
    "of a Gaussian": (POINTS * 2.4 - 0.9, 1.6),
    "dark bytes": (BYTES // 8, 0.89),
    "black": (torch.zeros_like(BYTES), 1.0),
}


@pytest.mark.parametrize("name", ALIKE)
def test_images_of_any_form_are_points_of_one(name: str) -> None:
    images, most = ALIKE[name]
    assert ENCODING is not None
    found = points_alike(images, ENCODING)
    assert found.shape == POINTS.shape
    assert float((found - POINTS).abs().max()) <= most + 1e-6


@pytest.mark.parametrize("limits", [(-1.0, 1.0), (0.0, 255.0), (0.0, 1.0)])
def test_points_without_an_encoding_have_a_form_too(limits: tuple[float, float]) -> None:
    points = random((10, 3, 8, 8), *limits)
    form = form_of(points)
    assert isinstance(form, ImageEncoding)
    found = points_alike(BYTES, form)
    expected = POINTS * (limits[1] - limits[0]) + limits[0]
    assert torch.allclose(found, expected, atol=1e-3)
    assert torch.equal(points_alike(points, form), points)


def test_vectors_have_no_form() -> None:
    assert form_of(torch.zeros(4, 2)) == "none"
    assert form_of(torch.zeros(4, 28, 28)) == "none"


def test_what_was_done_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="adagan"):
        points_alike(POINTS * 2 - 1, ENCODING, "--samples")  # type: ignore[arg-type]
    assert caplog.messages == ["--samples: their values, -1 to 1, are brought to 0 to 1, as the data have"]


REMARKS = {
    # name: the range of the data, that of the samples, whether it cannot be
    "sigmoid for tanh": ((-1, 1), (0, 1), True),
    "sigmoid that knows little, for tanh": ((-1, 1), (0.3, 0.7), True),
    "tanh for [0, 1]": ((0, 1), (-1, 1), True),
    "tanh for bytes": ((0, 255), (-1, 1), True),
    "sigmoid for bytes": ((0, 255), (0, 1), True),
    "the same": ((0, 1), (0, 1), False),
    "tanh for tanh": ((-1, 1), (-1, 1), False),
    "a Gaussian": ((0, 1), (-0.4, 1.04), False),
    "a wide Gaussian": ((0, 1), (-0.9, 1.9), False),
    "standardised": ((-2.1, 2.6), (-2, 2), False),
    "knows little": ((0, 1), (0.4, 0.6), False),
}


@pytest.mark.parametrize("name", REMARKS)
def test_a_range_that_a_network_cannot_leave(name: str) -> None:
    data, samples, wrong = REMARKS[name]
    remark = range_remark(random((9, 1, 8, 8), *data), random((9, 1, 8, 8), *samples))
    assert bool(remark) == wrong
    assert ("where the images have" in remark) == wrong


class Sigmoid(torch.nn.Module):
    """A generator of somebody's that ends in a sigmoid, and has learnt nothing."""

    def fit(self, data: Tensor, *, weights: object = None, labels: object = None) -> "Sigmoid":
        self.shape = data.shape[1:]
        return self

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.randn(num_samples, *self.shape, generator=generator).sigmoid()


def test_a_generator_of_ones_own_that_cannot_make_the_images_is_told_of() -> None:
    with pytest.warns(UserWarning, match=r"Sigmoid makes values from 0\.\d+ to 0\.\d+, where the images have -1 to 1"):
        AdaGAN(Sigmoid, rounds=1, critic=QUICK).fit(random((200, 1, 8, 8), -1, 1))


def test_images_in_images_out(caplog: pytest.LogCaptureFixture) -> None:
    images = (random((200, 8, 8, 3)) * 255).round().to(torch.uint8)
    with caplog.at_level(logging.INFO, logger="adagan"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AdaGAN(Gaussian, rounds=1, critic=QUICK).fit(images.numpy())
    assert "data: taken for 200 images of 8×8 pixels, colour (NHWC), uint8 from 0 to 255" in caplog.messages
    drawn = model.sample(50, seed=0)
    assert (drawn.dtype, tuple(drawn.shape)) == (torch.uint8, (50, 8, 8, 3))
    assert float(drawn.float().mean()) == pytest.approx(float(images.float().mean()), rel=0.1)
    points = model.mixture_.sample(50, seed=0)
    assert (points.dtype, tuple(points.shape)) == (torch.float32, (50, 3, 8, 8))
    assert 0 <= float(points.min()) <= float(points.max()) <= 1
    assert model.missing(images).num_samples == model.missing().num_samples


def test_squares_of_fractions_are_said_to_be_images_once() -> None:
    data = random((200, 8, 8))
    with pytest.warns(UserWarning, match=r"data: taken for 200 images of 8×8 pixels, grey .* layout='none'"):
        checked = TrainingData.checked(data)
    assert tuple(checked.points.shape) == (200, 1, 8, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert TrainingData.checked(data, layout="none").points is not None
        assert tuple(TrainingData.checked(data, layout="none").points.shape) == (200, 8, 8)
        assert tuple(TrainingData.checked(data, layout="NHW").points.shape) == (200, 1, 8, 8)


def test_flat_images_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="adagan"):
        checked = TrainingData.checked(np.zeros((5, 784), np.uint8))
    assert tuple(checked.points.shape) == (5, 784)
    assert caplog.messages == ["data: rows of 784 bytes are vectors; images have shape (N, 28, 28)"]


@pytest.mark.parametrize("form", ["bytes", "points"])
def test_what_samples_in_another_form_miss(form: str) -> None:
    black, white = torch.zeros(150, 8, 8, dtype=torch.uint8), torch.full((150, 8, 8), 250, dtype=torch.uint8)
    noise = (random((300, 8, 8)) * 5).to(torch.uint8)
    data = torch.cat([black, white]) + noise
    samples = torch.cat([black, black, black, black]) + noise.repeat(2, 1, 1)
    found = missing_mass(data.numpy(), samples.numpy() if form == "bytes" else samples[:, None].float() / 255)
    assert found.value == pytest.approx(0.5, abs=0.02)
    assert all(150 <= row < 300 for row in found.rows.tolist())


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match=r"samples: images of 9×9 pixels, where the data have 8×8; bring both to one"):
        missing_mass(BYTES, (random((20, 9, 9, 3)) * 255).to(torch.uint8))
