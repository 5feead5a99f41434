"""Reads a folder of pictures: their pixels, the names of their files, and a class for each folder in it."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.components.adapters.images.image_encoding import ImageEncoding
from adagan.data.image_file import DEEP, Picture, PictureOptions, UnreadableError, read_picture
from adagan.data.limits import check_expansion, check_memory
from adagan.mixtures.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm")
PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
"""Folders called so hold parts of a data set, not classes."""
NAMED = 10
"""Files that a message names."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureFolder:
    """What a folder of pictures holds.

    Attributes:
        points: Shape (N, C, H, W), in [0, 1].
        encoding: What they mean.
        names: Of the files, from the folder on, N of them.
        labels: Their classes, the folders in it by name, as torchvision's ImageFolder has them; ``None`` if they are
            none.
        class_names: Of these folders.
        told: All of it in a line.
    """

    points: Tensor
    encoding: ImageEncoding
    names: tuple[str, ...]
    labels: Tensor | None
    class_names: tuple[str, ...]
    told: str


def read_folder(folder: Path, options: PictureOptions | None = None) -> PictureFolder:
    """The pictures of a folder and of those in it, in the order of torchvision's ImageFolder.

    Raises:
        UserError: There are none, some are not readable, their sizes differ, or they fill the memory.
    """
    options = options or PictureOptions()
    found, others = _listed(folder)
    if not found:
        raise UserError(f"{folder}: no images in this folder ({', '.join(SUFFIXES)}){others}")
    pictures, names, unreadable = _read(folder, found, options)
    if unreadable:
        told = "; ".join(f"{name} ({why})" for name, why in unreadable[:NAMED])
        more = f"; and {len(unreadable) - NAMED} more" if len(unreadable) > NAMED else ""
        line = f"{folder}: {len(unreadable)} of {len(found)} files are not readable images: {told}{more}"
        if not options.skip_unreadable:
            raise UserError(f"{line}; remove them, or leave them out by --skip-unreadable")
        if not pictures:
            raise UserError(f"{line}; none is left")
        _log.warning("%s; they are left out", line)
    _check_sizes(folder, pictures, names)
    stacked = _stacked([picture.pixels for picture in pictures])
    white = DEEP if stacked.dtype == np.uint16 else 255
    height, width, channels = stacked.shape[1:]
    layout = "NHW" if channels == 1 else "NHWC"
    encoding = ImageEncoding(layout, (channels, height, width), stacked.dtype.name, 0, white, of_files=True)
    points = torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(white))
    labels, class_names = _classes(folder, names)
    remarks = Counter(remark for picture in pictures for remark in picture.remarks)
    parts = [f"{folder}: {len(names)} image{'s' if len(names) > 1 else ''} of {encoding.told}"]
    if labels is not None:
        counts = Counter(labels)
        several = [f"{name} {counts[label]}" for label, name in enumerate(class_names)]
        listed = ", ".join(several[:NAMED]) + (", ..." if len(several) > NAMED else "")
        parts.append(f"{len(class_names)} classes, one per folder: {listed}")
    parts += [f"{count} with {remark}" for remark, count in remarks.items()]
    return PictureFolder(
        points,
        encoding,
        tuple(os.fsencode(name).decode("utf-8", "replace") for name in names),
        None if labels is None else torch.tensor(labels),
        class_names,
        "; ".join(parts) + others,
    )


def _listed(folder: Path) -> tuple[list[str], str]:
    """Names of the picture files in the order of torchvision's ImageFolder, and a clause on what else there is."""
    top: list[str] = []
    inside: dict[str, list[tuple[str, list[str]]]] = {}
    others: Counter[str] = Counter()
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        folders[:] = [] if real in seen else [name for name in folders if not name.startswith((".", "__MACOSX"))]
        if real in seen:
            continue
        seen.add(real)
        visible = [name for name in files if not name.startswith(".")]
        own = [name for name in visible if name.lower().endswith(SUFFIXES)]
        others.update(Path(name).suffix.lower() or "no suffix" for name in visible if name not in own)
        place = Path(root).relative_to(folder)
        paths = [(place / name).as_posix() for name in sorted(own)]
        if place.parts:
            inside.setdefault(place.parts[0], []).append((root, paths))
        else:
            top = paths
    for part in sorted(inside):
        top += [path for _, paths in sorted(inside[part]) for path in paths]
    several = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(5))
    return top, f"; other files are left alone: {several}" if several else ""


def _read(
    folder: Path, names: Sequence[str], options: PictureOptions
) -> tuple[list[Picture], list[str], list[tuple[str, str]]]:
    """The pictures, the names of their files, and what could not be read, with the reason."""
    pictures, read, unreadable = list[Picture](), list[str](), list[tuple[str, str]]()
    held = on_disk = 0
    for name in names:
        try:
            picture = read_picture(folder / name, options)
        except UnreadableError as error:
            unreadable.append((name, str(error)))
            continue
        held, on_disk = held + picture.pixels.nbytes, on_disk + (folder / name).stat().st_size
        check_expansion(folder, held, on_disk)
        if not pictures:
            check_memory(folder, len(names), picture.pixels.size)
        pictures.append(picture)
        read.append(name)
    return pictures, read, unreadable


def _check_sizes(folder: Path, pictures: Sequence[Picture], names: Sequence[str]) -> None:
    sizes = [(picture.pixels.shape[1], picture.pixels.shape[0]) for picture in pictures]
    counts = Counter(sizes).most_common()
    if len(counts) == 1:
        return
    told = [
        f"{width}×{height} pixels ({count}, such as {names[sizes.index((width, height))]})"
        for (width, height), count in counts[:3]
    ]
    more = f" and {len(counts) - 3} more sizes" if len(counts) > 3 else ""
    (width, height), _ = counts[0]
    side = min(min(size) for size in sizes)
    wanted = f"{width}x{height}" if counts[0][1] > len(sizes) / 2 else str(side)
    raise UserError(
        f"{folder}: images of differing sizes: {', '.join(told)}{more}; --resize {wanted} brings them to one, cropped "
        "at the centre"
    )


def _stacked(images: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    """Pictures with the channels and the depth that the richest of them has, shape (N, H, W, C)."""
    channels = {image.shape[2] for image in images}
    colour, alpha = bool(channels & {3, 4}), bool(channels & {2, 4})
    deep = any(image.dtype == np.uint16 for image in images)
    wanted = (3 if colour else 1) + alpha
    dtype, white = (np.uint16, DEEP) if deep else (np.uint8, 255)
    stacked = np.full((len(images), *images[0].shape[:2], wanted), white, dtype=dtype)
    for target, image in zip(stacked, images, strict=True):
        values = image.astype(np.uint16) * 257 if deep and image.dtype == np.uint8 else image
        solid = values.shape[2] - (values.shape[2] in (2, 4))
        target[..., : wanted - alpha] = values[..., :solid]  # grey ones become three channels
        if values.shape[2] in (2, 4):
            target[..., -1] = values[..., -1]
    return stacked


def _classes(folder: Path, names: Sequence[str]) -> tuple[list[int] | None, tuple[str, ...]]:
    """The number of each picture's folder, and their names; none where pictures lie outside, or all in one.

    Raises:
        UserError: The folders are parts of a data set.
    """
    homes = [name.partition("/")[0] if "/" in name else "" for name in names]
    found = sorted(set(homes))
    if "" in found or len(found) < 2:
        return None, ()
    if {name.lower() for name in found} <= PARTS:
        raise UserError(
            f"{folder}: its folders {', '.join(found)} are parts of a data set rather than classes; name one of them: "
            f"{folder / found[0]}"
        )
    numbers = {name: number for number, name in enumerate(found)}
    return [numbers[home] for home in homes], tuple(found)
