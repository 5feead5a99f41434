"""Images that people brought to tools of this kind: what came, and what it is to become."""

import logging
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
from PIL import Image

from adagan.data.reading import read_training_data
from adagan.data.training_data import TrainingData

Files: TypeAlias = dict[str, Any]
"""By name the bytes of a file, or an image with the options that it is saved with."""

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


def noise(mode: str = "RGB", size: tuple[int, int] = (12, 10)) -> Image.Image:
    return Image.fromarray(RANDOM.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).convert(mode)


def deep(high: float, dtype: str) -> Image.Image:
    return Image.fromarray((high * RANDOM.random((10, 12))).astype(dtype))


def two(name: str, mode: str = "RGB", **options: Any) -> Files:
    return {f"{index}{name}": (noise(mode), options) for index in range(2)}


def turned(orientation: int) -> Files:
    image = Image.fromarray(HALF[:10, 6:18])
    exif = image.getexif()
    exif[0x0112] = orientation
    return {"0.jpg": (image, {"exif": exif, "quality": 95})}


def some(*names: str) -> Files:
    return {name: (noise(), {}) for name in names}


BRIGHT = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}
"""Where the bright half is that lies on the left of what was stored, by the number of EXIF."""

FOLDERS: dict[str, tuple[Files, tuple[int, ...], str]] = {
    # what came, the shape that it is to have, and what is said
    "bmp": (two(".bmp"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "gif": (two(".gif", "P"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "webp": (two(".webp"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "tiff": (two(".tiff"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "ppm": (two(".ppm"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "pgm": (two(".pgm", "L"), (2, 1, 10, 12), "2 images of 12×10 pixels, grey"),
    "JPEG in capitals": (two(".JPEG"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "jfif": (two(".jfif"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "one bit": (two(".png", "1"), (2, 1, 10, 12), "2 images of 12×10 pixels, grey"),
    "a palette": (two(".png", "P"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "grey with alpha": (two(".png", "LA"), (2, 1, 10, 12), "2 images of 12×10 pixels, grey"),
    "CMYK": (two(".jpg", "CMYK"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "CMYK in tiff": (two(".tiff", "CMYK"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "YCbCr": (two(".jpg", "YCbCr"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "16 bits in tiff": ({"0.tiff": (deep(65_535, "u2"), {})}, (1, 1, 10, 12), "1 image of 12×10 pixels, grey, 16 bits"),
    "fractions in tiff": ({"0.tiff": (deep(1, "f4"), {})}, (1, 1, 10, 12), "1 image of 12×10 pixels, grey, 16 bits"),
    "8 bits beside 16": (
        {"0.png": (deep(65_535, "u2"), {}), "1.png": (noise("L"), {})},
        (2, 1, 10, 12),
        "2 images of 12×10 pixels, grey, 16 bits",
    ),
    "grey beside colour with alpha": (
        {"0.png": (noise("L"), {}), "1.png": (noise("RGBA"), {})},
        (2, 3, 10, 12),
        "2 images of 12×10 pixels, colour",
    ),
    "a palette with a clear colour": (
        two(".png", "P", transparency=0),
        (2, 3, 10, 12),
        "2 images of 12×10 pixels, colour",
    ),
    **{f"turned, {n}": (turned(n), (1, 3, 10, 12) if n < 5 else (1, 3, 12, 10), "colour") for n in BRIGHT},
    "frames": (
        {"0.gif": (noise("P"), {"save_all": True, "append_images": [noise("P")]})},
        (1, 3, 10, 12),
        "1 with more than one frame, of which the first is read",
    ),
    "pages": (
        {"0.tiff": (noise(), {"save_all": True, "append_images": [noise()]})},
        (1, 3, 10, 12),
        "1 with more than one frame, of which the first is read",
    ),
    "files of the Mac": (
        {**some("a/0.png"), ".DS_Store": b"x", "a/._0.png": b"x", "__MACOSX/a/._0.png": b"x"},
        (1, 3, 10, 12),
        "1 image of 12×10 pixels, colour",
    ),
    "files of Windows": ({**some("0.png"), "Thumbs.db": b"x"}, (1, 3, 10, 12), "other files are left alone: 1 .db"),
    "a table beside": ({**some("0.png"), "labels.csv": b"a"}, (1, 3, 10, 12), "other files are left alone: 1 .csv"),
    "a drawing beside": ({**some("0.png"), "1.svg": b"<svg/>"}, (1, 3, 10, 12), "other files are left alone: 1 .svg"),
    "folders in folders": (some("a/b/0.png", "a/c/1.png"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "a folder beside an image": (some("cat/0.png", "1.png"), (2, 3, 10, 12), "2 images of 12×10 pixels, colour"),
    "classes that are numbers": (
        some("0/0.png", "1/0.png", "10/0.png", "2/0.png"),
        (4, 3, 10, 12),
        "4 classes, one per folder: 0 1, 1 1, 10 1, 2 1",
    ),
    "other scripts": (some("größe/🙂 1.png"), (1, 3, 10, 12), "1 image of 12×10 pixels, colour"),
    "one pixel": ({"0.png": (noise(size=(1, 1)), {})}, (1, 3, 1, 1), "1 image of 1×1 pixels, colour"),
}

UNREADABLE: dict[str, tuple[Files, str]] = {
    "an empty file": ({**some("0.png"), "1.png": b""}, r"1 of 2 files are not readable images: 1\.png"),
    "text": ({**some("0.png"), "1.png": b"hello"}, r"1 of 2 files are not readable images: 1\.png"),
    "whole numbers of 32 bits": ({"0.tiff": (deep(10**6, "i4"), {})}, "its I pixels lie in .* expected 0 to 65,535"),
    "large fractions": (
        {"0.tiff": (deep(5_000, "f4"), {})},
        "its F pixels lie in .* expected 0 to 1; save a .npy array",
    ),
    "two sizes": (
        {"0.png": (noise(), {}), "1.png": (noise(size=(10, 12)), {})},
        r"images of differing sizes: 12×10 pixels \(1, such as 0\.png\), .*; --resize 10 brings them to one",
    ),
    "a name without a suffix": ({"zero": b"x"}, "no images in this folder .* left alone: 1 no suffix"),
    "pictures of telephones": ({"0.heic": b"x"}, r"no images in this folder .* left alone: 1 \.heic"),
    "nothing": ({}, "no images in this folder"),
    "parts of a data set": (
        some("train/0.png", "test/0.png"),
        "its folders test, train are parts of a data set rather",
    ),
    "an array beside an image": (
        {**some("0.png"), "1.npy": b"x"},
        r"it holds arrays, such as 1\.npy, and images, such",
    ),
}


def folder_of(files: Files, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            image, options = content
            image.save(target, **options)
    return str(folder)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_a_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    files, shape, said = FOLDERS[name]
    with caplog.at_level(logging.INFO, logger="adagan"):
        read = read_training_data(folder_of(files, tmp_path / "images"))
    assert tuple(read.points.shape) == shape
    assert any(said in line for line in caplog.messages)
    assert 0 <= float(read.points.min()) <= float(read.points.max()) <= 1
    images = [name for name, content in files.items() if not isinstance(content, bytes)]
    assert list(read.names) == sorted(images)
    if name.startswith("turned"):
        halves = dict(zip(("left", "right"), read.points.chunk(2, dim=3), strict=True))
        halves |= dict(zip(("top", "bottom"), read.points.chunk(2, dim=2), strict=True))
        assert max(halves, key=lambda side: float(halves[side].mean())) == BRIGHT[int(name[-1])]


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_folder_that_is_refused_in_a_line(tmp_path: Path, name: str) -> None:
    files, message = UNREADABLE[name]
    with pytest.raises(ValueError, match=message) as caught:
        read_training_data(folder_of(files, tmp_path / "images"))
    assert "\n" not in str(caught.value)
