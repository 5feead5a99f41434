"""Folders of pictures as people have them: what each becomes, and one line that helps where it becomes nothing."""

import io
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from adagan.data.image_file import PictureOptions, size_of
from adagan.data.image_folder import PictureFolder, read_folder

HALF = np.zeros((16, 24, 3), dtype=np.uint8)
HALF[:, :12] = 255
"""White on the left, black on the right, wider than high."""
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
DEEP_RAMP = RAMP.astype(np.uint16) * 257
HALFWAY = np.full((16, 16), 30_000, np.uint16)
CLEAR = np.dstack([HALF, np.where(HALF[..., 0] > 0, 255, 0).astype(np.uint8)])
"""The black half is transparent."""


def save(folder: Path, name: str, pixels: Any, **options: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return folder


def turned(folder: Path, tag: int, suffix: str = "png") -> Path:
    image = Image.fromarray(HALF)
    exif = image.getexif()
    exif[0x0112] = tag
    return save(folder, f"turned.{suffix}", image, exif=exif)


def palette(transparent: bool = False, grey: bool = False) -> Image.Image:
    image = Image.fromarray(RAMP // 128, "P")
    image.putpalette([10, 10, 10, 200, 200, 200] if grey else [255, 0, 0, 0, 0, 255])
    if transparent:
        image.info["transparency"] = 1
    return image


def several(folder: Path, **pictures: Any) -> Path:
    for name, pixels in pictures.items():
        save(folder, f"{name}.png", pixels)
    return folder


def written(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder


def png(width: int, height: int) -> bytes:
    """A file whose header declares so many grey pixels, with a few bytes of them."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def deep_colours() -> bytes:
    """A picture of 2 × 1 pixels with three channels of 16 bits each."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    row = b"\x00" + struct.pack(">6H", 65_535, 0, 257, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


def frames(folder: Path) -> Path:
    first, second = Image.fromarray(RAMP), Image.fromarray(255 - RAMP)
    return save(folder, "moving.gif", first, save_all=True, append_images=[second])


def jpeg_bytes(pixels: Any, mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(target, "JPEG", quality=95)
    return target.getvalue()


def float_tiff(low: float, high: float) -> Image.Image:
    return Image.fromarray(np.linspace(low, high, 256, dtype=np.float32).reshape(16, 16))


def left(read: PictureFolder) -> float:
    return float(read.points[0, :, :, : read.points.shape[3] // 2].mean())


def right(read: PictureFolder) -> float:
    return float(read.points[0, :, :, read.points.shape[3] // 2 :].mean())


def above(read: PictureFolder) -> float:
    return float(read.points[0, :, : read.points.shape[2] // 2].mean())


def first_pixel(read: PictureFolder) -> list[float]:
    return [round(value, 2) for value in read.points[0, :, 0, 0].tolist()]


def last_pixel(read: PictureFolder) -> list[float]:
    return [round(value, 2) for value in read.points[0, :, -1, -1].tolist()]


Make = Callable[[Path], Path]
Look = Callable[[PictureFolder], Any]
KEEP, BLACK = PictureOptions(background="keep"), PictureOptions(background="black")
EIGHT = PictureOptions(size=(8, 8))
NONE = PictureOptions()

READ: dict[str, tuple[Make, PictureOptions, tuple[int, ...], Look, Any]] = {
    # name: how it is made, how it is read, the shape of the points, what is looked at, what it should be
    "grey": (lambda f: save(f, "a.png", RAMP), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "colour": (lambda f: save(f, "a.png", HALF), NONE, (1, 3, 16, 24), first_pixel, [1.0, 1.0, 1.0]),
    "bits": (lambda f: save(f, "a.png", Image.fromarray(RAMP > 127)), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "jpeg": (lambda f: save(f, "a.jpg", HALF, quality=95), NONE, (1, 3, 16, 24), first_pixel, [1.0, 1.0, 1.0]),
    "bmp": (lambda f: save(f, "a.bmp", RAMP), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "tiff": (lambda f: save(f, "a.tif", RAMP), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "webp": (lambda f: save(f, "a.webp", HALF, lossless=True), NONE, (1, 3, 16, 24), last_pixel, [0.0, 0.0, 0.0]),
    "ppm": (lambda f: save(f, "a.ppm", HALF), NONE, (1, 3, 16, 24), last_pixel, [0.0, 0.0, 0.0]),
    "pgm": (lambda f: save(f, "a.pgm", RAMP), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "capital suffix": (lambda f: save(f, "A.PNG", RAMP), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "jpeg called png": (lambda f: written(f, "a.png", jpeg_bytes(HALF)), NONE, (1, 3, 16, 24), left, 1.0),
    "grey gif": (lambda f: save(f, "a.gif", RAMP), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "cmyk": (lambda f: written(f, "a.jpg", jpeg_bytes(HALF, "CMYK")), NONE, (1, 3, 16, 24), left, 1.0),
    "ycbcr": (lambda f: save(f, "a.tif", Image.fromarray(HALF).convert("YCbCr")), NONE, (1, 3, 16, 24), left, 1.0),
    "palette": (lambda f: save(f, "a.png", palette()), NONE, (1, 3, 16, 16), first_pixel, [1.0, 0.0, 0.0]),
    "grey palette": (lambda f: save(f, "a.png", palette(grey=True)), NONE, (1, 1, 16, 16), last_pixel, [0.78]),
    "clear palette": (
        lambda f: save(f, "a.png", palette(transparent=True)),
        NONE,
        (1, 3, 16, 16),
        last_pixel,
        [1.0, 1.0, 1.0],
    ),
    "clear palette kept": (
        lambda f: save(f, "a.png", palette(transparent=True)),
        KEEP,
        (1, 4, 16, 16),
        last_pixel,
        [0.0, 0.0, 1.0, 0.0],
    ),
    "alpha on white": (lambda f: save(f, "a.png", CLEAR), NONE, (1, 3, 16, 24), right, 1.0),
    "alpha on black": (lambda f: save(f, "a.png", CLEAR), BLACK, (1, 3, 16, 24), right, 0.0),
    "alpha on a colour": (
        lambda f: save(f, "a.png", CLEAR),
        PictureOptions(background="#ff8000"),
        (1, 3, 16, 24),
        last_pixel,
        [1.0, 0.5, 0.0],
    ),
    "alpha is told of": (
        lambda f: several(f, a=CLEAR, b=HALF),
        BLACK,
        (2, 3, 16, 24),
        lambda read: read.told.partition("; ")[2],
        "1 with transparency, filled with black (--background)",
    ),
    "alpha kept": (lambda f: save(f, "a.png", CLEAR), KEEP, (1, 4, 16, 24), last_pixel, [0.0, 0.0, 0.0, 0.0]),
    "alpha without effect": (
        lambda f: save(f, "a.png", np.dstack([HALF, np.full((16, 24), 255, np.uint8)])),
        NONE,
        (1, 3, 16, 24),
        right,
        0.0,
    ),
    "grey with alpha": (
        lambda f: save(f, "a.png", np.dstack([RAMP, RAMP]).astype(np.uint8)),
        NONE,
        (1, 1, 16, 16),
        first_pixel,
        [1.0],
    ),
    "grey with alpha kept": (
        lambda f: save(f, "a.png", np.dstack([RAMP, 255 - RAMP]).astype(np.uint8)),
        KEEP,
        (1, 2, 16, 16),
        last_pixel,
        [1.0, 0.0],
    ),
    "grey with alpha on red": (
        lambda f: save(f, "a.png", np.dstack([RAMP, RAMP]).astype(np.uint8)),
        PictureOptions(background="red"),
        (1, 3, 16, 16),
        first_pixel,
        [1.0, 0.0, 0.0],
    ),
    "one clear colour": (
        lambda f: save(f, "a.png", HALF, transparency=(0, 0, 0)),
        NONE,
        (1, 3, 16, 24),
        right,
        1.0,
    ),
    "16 bits": (
        lambda f: save(f, "a.png", DEEP_RAMP),
        NONE,
        (1, 1, 16, 16),
        lambda read: torch.equal((read.points * 255).round().to(torch.uint8)[0, 0], torch.from_numpy(RAMP)),
        True,
    ),
    "16 bits keep their depth": (
        lambda f: save(f, "a.png", np.full((16, 16), 1, np.uint16)),
        NONE,
        (1, 1, 16, 16),
        lambda read: (read.encoding.dtype, round(float(read.points[0, 0, 0, 0]) * 65_535)),
        ("uint16", 1),
    ),
    "16 bits in tiff": (
        lambda f: save(f, "a.tif", DEEP_RAMP),
        NONE,
        (1, 1, 16, 16),
        last_pixel,
        [1],
    ),
    "16 bits beside 8": (
        lambda f: several(f, a=RAMP, b=DEEP_RAMP),
        NONE,
        (2, 1, 16, 16),
        lambda read: float((read.points[0] - read.points[1]).abs().max()),
        0.0,
    ),
    "16 bits resized": (
        lambda f: save(f, "a.png", np.full((16, 16), 30_000, np.uint16)),
        EIGHT,
        (1, 1, 8, 8),
        left,
        0.4578,
    ),
    "fractions": (lambda f: save(f, "a.tif", float_tiff(0, 1)), NONE, (1, 1, 16, 16), last_pixel, [1.0]),
    "colours of 16 bits": (
        lambda f: written(f, "a.png", deep_colours()),
        NONE,
        (1, 3, 1, 2),
        lambda read: "1 with colours of 16 bits, which are read as 8" in read.told,
        True,
    ),
    "grey beside colour": (
        lambda f: several(f, a=np.full((16, 24), 51, np.uint8), b=HALF),
        NONE,
        (2, 3, 16, 24),
        first_pixel,
        [0.2, 0.2, 0.2],
    ),
    "alpha beside colour, kept": (
        lambda f: several(f, a=HALF, b=CLEAR),
        KEEP,
        (2, 4, 16, 24),
        last_pixel,
        [0, 0, 0, 1],
    ),
    "alpha beside grey, kept": (
        lambda f: several(f, a=np.full((16, 24), 51, np.uint8), b=CLEAR),
        KEEP,
        (2, 4, 16, 24),
        last_pixel,
        [0.2, 0.2, 0.2, 1],
    ),
    "turned by EXIF": (
        lambda f: turned(f, 6),
        NONE,
        (1, 3, 24, 16),
        lambda read: float(read.points[0, :, :12].mean()),
        1.0,
    ),
    "turned by EXIF in JPEG": (
        lambda f: turned(f, 6, "jpg"),
        NONE,
        (1, 3, 24, 16),
        lambda r: r.encoding.told[:5],
        "16×24",
    ),
    "upside down by EXIF": (lambda f: turned(f, 3), NONE, (1, 3, 16, 24), left, 0.0),
    "mirrored by EXIF": (lambda f: turned(f, 2), NONE, (1, 3, 16, 24), right, 1.0),
    "upright by EXIF": (lambda f: turned(f, 1), NONE, (1, 3, 16, 24), left, 1.0),
    "first of two frames": (frames, NONE, (1, 1, 16, 16), lambda read: "more than one frame" in read.told, True),
    "resized": (lambda f: save(f, "a.png", HALF), EIGHT, (1, 3, 8, 8), left, 1.0),
    "resized to a rectangle": (
        lambda f: save(f, "a.png", HALF),
        PictureOptions(size=(12, 8)),
        (1, 3, 8, 12),
        right,
        0.0,
    ),
    "two sizes resized": (
        lambda f: several(f, a=RAMP, b=RAMP[:12, :14].copy()),
        EIGHT,
        (2, 1, 8, 8),
        lambda read: read.names,
        ("a.png", "b.png"),
    ),
    "larger than is taken, resized": (
        lambda f: save(f, "a.png", Image.new("1", (5_000, 4_000), 1)),
        EIGHT,
        (1, 1, 8, 8),
        left,
        1.0,
    ),
    "hidden files": (
        lambda f: written(save(f, "a.png", RAMP), "._a.png", b"no picture"),
        NONE,
        (1, 1, 16, 16),
        lambda read: read.names,
        ("a.png",),
    ),
    "other files": (
        lambda f: written(save(f, "a.png", RAMP), "a.heic", b"x"),
        NONE,
        (1, 1, 16, 16),
        lambda read: read.told.endswith("other files are left alone: 1 .heic"),
        True,
    ),
    "unreadable, skipped": (
        lambda f: written(save(f, "a.png", RAMP), "b.png", b"no picture"),
        PictureOptions(skip_unreadable=True),
        (1, 1, 16, 16),
        lambda read: read.names,
        ("a.png",),
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_becomes_of_a_picture(tmp_path: Path, name: str) -> None:
    make, options, shape, look, expected = READ[name]
    read = read_folder(make(tmp_path / "photos"), options)
    assert tuple(read.points.shape) == shape
    assert read.points.dtype == torch.float32
    assert 0 <= float(read.points.min()) <= float(read.points.max()) <= 1
    found = look(read)
    assert found == (pytest.approx(expected, abs=0.03) if isinstance(expected, float) else expected)
    # what is decoded again is what was read
    assert torch.equal(read.encoding.encode(read.encoding.decode(read.points)), read.points)


def truncated(folder: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    save(folder, "a.png", noise)
    content = (folder / "a.png").read_bytes()
    return written(folder, "a.png", content[: len(content) // 2])


def many_unreadable(folder: Path) -> Path:
    save(folder, "good.png", RAMP)
    for index in range(12):
        written(folder, f"{index:02d}.png", b"no picture")
    return folder


def in_parts(folder: Path) -> Path:
    for part in ("train", "test"):
        save(folder, f"{part}/cat/0.png", RAMP)
    return folder


REFUSED: dict[str, tuple[Make, PictureOptions, str]] = {
    "no images": (lambda f: written(f, "notes.txt", b"x"), NONE, "no images in this folder (.png, .jpg"),
    "two sizes": (
        lambda f: several(f, a=RAMP, b=RAMP[:12].copy(), c=RAMP),
        NONE,
        "images of differing sizes: 16×16 pixels (2, such as a.png), 16×12 pixels (1, such as b.png); "
        "--resize 16x16 brings them to one, cropped at the centre",
    ),
    "no picture": (
        lambda f: written(save(f, "a.png", RAMP), "b.png", b"this is no picture"),
        NONE,
        "1 of 2 files are not readable images: b.png (cannot identify image file it); remove them, or leave them out "
        "by --skip-unreadable",
    ),
    "empty": (lambda f: written(f, "a.png", b""), NONE, "a.png (cannot identify image file it)"),
    "truncated": (truncated, NONE, "1 of 1 files are not readable images: a.png ("),
    "all skipped": (truncated, PictureOptions(skip_unreadable=True), "none is left"),
    "many": (many_unreadable, NONE, "12 of 13 files are not readable images: 00.png"),
    "more than ten": (many_unreadable, NONE, "; and 2 more; remove them"),
    "bomb": (
        lambda f: written(f, "a.png", png(100_000, 100_000)),
        NONE,
        "a.png (it declares more than the 16,777,216 pixels of an image; --resize takes larger ones)",
    ),
    "bomb, resized": (lambda f: written(f, "a.png", png(100_000, 100_000)), EIGHT, "more than the 67,108,864 pixels"),
    "wide bomb": (lambda f: written(f, "a.png", png(2**30, 1)), NONE, "it declares more than the 16,777,216 pixels"),
    "a folder called so": (
        lambda f: save(f, "a.png/b.png", RAMP).joinpath("c.png").symlink_to("nowhere") or f,  # type: ignore[func-returns-value]
        NONE,
        "c.png (no file, but a folder, a pipe or a device, or a link to nothing)",
    ),
    "fractions beyond 1": (
        lambda f: save(f, "a.tif", float_tiff(0, 3)),
        NONE,
        "its F pixels lie in 0 to 3, expected 0 to 1",
    ),
    "negative fractions": (lambda f: save(f, "a.tif", float_tiff(-1, 1)), NONE, "its F pixels lie in -1 to 1"),
    "32 bits": (
        lambda f: save(f, "a.tif", Image.fromarray(np.full((4, 4), 70_000, np.int32))),
        NONE,
        "its I pixels lie in 70000 to 70000, expected 0 to 65,535; save a .npy array",
    ),
    "parts": (in_parts, NONE, "its folders test, train are parts of a data set rather than classes; name one of them"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_folder_of_pictures(tmp_path: Path, name: str) -> None:
    make, options, message = REFUSED[name]
    folder = make(tmp_path / "photos")
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_folder(folder, options)
    assert str(caught.value).startswith(str(folder))
    assert "\n" not in str(caught.value)


def by_class(folder: Path) -> Path:
    for index, name in enumerate(["dog/b.png", "dog/a.png", "cat/z.png", "cat/old/a.png", "Bird/0.png", "cat/b.png"]):
        save(folder, name, np.full((8, 8), 40 * index, np.uint8))
    return folder


def test_a_folder_per_class_gives_labels_in_the_order_of_imagefolder(tmp_path: Path) -> None:
    read = read_folder(by_class(tmp_path / "photos"))
    assert read.class_names == ("Bird", "cat", "dog")
    assert read.names == ("Bird/0.png", "cat/b.png", "cat/z.png", "cat/old/a.png", "dog/a.png", "dog/b.png")
    assert read.labels is not None
    assert read.labels.tolist() == [0, 1, 1, 1, 2, 2]
    assert (read.points[:, 0, 0, 0] * 255 / 40).round().tolist() == [4, 5, 2, 3, 1, 0]
    assert "3 classes, one per folder: Bird 1, cat 3, dog 2" in read.told


@pytest.mark.parametrize("beside", [["one/0.png"], ["cat/0.png", "0.png"], ["0.png", "1.png"]])
def test_no_classes_where_pictures_lie_in_one_folder_or_outside(tmp_path: Path, beside: list[str]) -> None:
    for name in beside:
        save(tmp_path / "photos", name, RAMP)
    read = read_folder(tmp_path / "photos")
    assert read.labels is None
    assert read.class_names == ()
    assert read.names == tuple(sorted(beside))


def test_linked_folders_are_read_once(tmp_path: Path) -> None:
    save(tmp_path / "store", "0.png", RAMP)
    save(tmp_path / "photos", "dog/0.png", RAMP)
    (tmp_path / "photos" / "cat").symlink_to(tmp_path / "store", target_is_directory=True)
    (tmp_path / "photos" / "dog" / "loop").symlink_to(tmp_path / "photos", target_is_directory=True)
    assert read_folder(tmp_path / "photos").names == ("cat/0.png", "dog/0.png")


def test_a_folder_that_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    several(tmp_path / "photos", a=RAMP, b=RAMP)
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PHYS_PAGES": 1, "SC_PAGE_SIZE": 2_000}[name])
    with pytest.raises(ValueError, match=r"2 images of 256 values take 0 GiB, of which this machine has 0; make them"):
        read_folder(tmp_path / "photos")


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("64", (64, 64)), ("64x48", (64, 48)), ("64×48", (64, 48)), ("64X48", (64, 48))],
)
def test_sizes(text: str | None, expected: tuple[int, int] | None) -> None:
    assert size_of(text) == expected


@pytest.mark.parametrize("text", ["", "x", "64x", "-1", "64x48x3", "large", "6.5"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"--resize: expected a width and a height in pixels, such as 64 or 64x48"):
        size_of(text)


def test_options_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"--resize: expected sides of 1 to 8192 pixels, got 0x8"):
        PictureOptions(size=(0, 8))
    with pytest.raises(ValueError, match=r"--background: expected a colour such as white .*, or keep, got 'whit'"):
        PictureOptions(background="whit")
