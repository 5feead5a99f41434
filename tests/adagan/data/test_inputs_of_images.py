"""Images that people brought to tools of this kind: what came, and what it is to become."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adagan.data.reading import read_training_data
from adagan.data.training_data import TrainingData

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 255, (64, 28, 28), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 255, (64, 16, 16, 3), dtype=np.uint8)
HALF = np.zeros((16, 24, 3), np.uint8)
HALF[:, :12] = 255


def saved(folder: Path, name: str) -> str:
    """The file or folder that is called so, as it was brought."""
    target = folder / name
    if name.endswith(".npy"):
        np.save(target, GREY if name.startswith("grey") else COLOUR)
        return str(target)
    target.mkdir()
    if name == "photos":
        for label in ("cat", "dog"):
            (target / label).mkdir()
            for index in range(6):
                Image.fromarray(COLOUR[index]).save(target / label / f"{index}.png")
    elif name == "rotated":
        image = Image.fromarray(HALF)
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(target / "rotated_by_exif.jpg", exif=exif, quality=95)
    elif name == "sixteen":
        Image.fromarray((np.arange(256).reshape(16, 16) * 257).astype(np.uint16)).save(target / "sixteen_bit.png")
    else:
        clear = np.dstack([HALF, np.where(HALF[..., 0] > 0, 255, 0)]).astype(np.uint8)
        Image.fromarray(clear).save(target / "alpha.png")
        if name == "broken":
            content = (target / "alpha.png").read_bytes()
            (target / "broken.png").write_bytes(content[:60])
    return str(target)


def photos(read: TrainingData) -> bool:
    named = read.names[0] == "cat/0.png" and read.class_names == ("cat", "dog")
    return named and read.labels is not None and read.labels.tolist() == [0] * 6 + [1] * 6


EXPECTED = {
    # what came: the shape of the points, what is said, and what holds of them
    "grey_images.npy": (
        (64, 1, 28, 28),
        "taken for 64 images of 28×28 pixels, grey (NHW), uint8 from 0 to 255",
        lambda read: torch.equal(read.images.decode(read.points), torch.from_numpy(GREY)),
    ),
    "nhwc_images.npy": (
        (64, 3, 16, 16),
        "taken for 64 images of 16×16 pixels, colour (NHWC), uint8 from 0 to 255",
        lambda read: torch.equal(read.images.decode(read.points), torch.from_numpy(COLOUR)),
    ),
    "photos": ((12, 3, 16, 16), "12 images of 16×16 pixels, colour; 2 classes, one per folder: cat 6, dog 6", photos),
    "rotated": ((1, 3, 24, 16), "1 image of 16×24 pixels, colour", lambda read: read.points[0, :, :10].min() > 0.95),
    "alpha": (
        (1, 3, 16, 24),
        "1 image of 24×16 pixels, colour; 1 with transparency, filled with white (--background)",
        lambda read: read.points.min() == 1,
    ),
    "sixteen": (
        (1, 1, 16, 16),
        "1 image of 16×16 pixels, grey, 16 bits",
        lambda read: torch.allclose(read.points.flatten() * 255, torch.arange(256.0), atol=1e-3),
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_came_becomes_what_was_meant(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    shape, said, holds = EXPECTED[name]
    with caplog.at_level(logging.INFO, logger="adagan"):
        read = read_training_data(saved(tmp_path, name))
    assert tuple(read.points.shape) == shape
    assert any(line.endswith(said) for line in caplog.messages)
    assert holds(read)


def test_a_broken_file_is_named_with_all_others(tmp_path: Path) -> None:
    source = saved(tmp_path, "broken")
    with pytest.raises(ValueError, match=r"1 of 2 files are not readable images: broken\.png \(.+\); remove them, or"):
        read_training_data(source)
