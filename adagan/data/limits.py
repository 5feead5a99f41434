"""Limits on what is read of users' files, which somebody else may have made to fill the memory."""

from __future__ import annotations

import os
from pathlib import Path

from adagan.mixtures.errors import UserError

FOR_ALL = 2**30
"""Bytes that any archive, or folder of images, may hold."""
EXPANSION = 100
"""Bytes that it may hold for each on the disk, beyond that; what is made to fill the memory holds a thousand."""
LONGEST_LINE = 2**24
"""Bytes of a line of text; a million numbers take less."""


def check_expansion(source: Path, declared: int, on_disk: int) -> None:
    """Makes sure that what is packed is no bomb.

    Raises:
        UserError: So much comes from so little that it fills the memory.
    """
    if declared > max(FOR_ALL, EXPANSION * on_disk):
        raise UserError(
            f"{source}: {on_disk:,} bytes on the disk would become {declared:,} in memory, as files do that are made "
            "to fill it; if it is meant, save the array by numpy.save"
        )


def check_memory(folder: Path, num_images: int, values: int) -> None:
    """Makes sure that a folder of images fits the memory: as many bytes as they have values, and single precision.

    Raises:
        UserError: It does not.
    """
    needed, there = num_images * values * 5, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        raise UserError(
            f"{folder}: {num_images:,} images of {values:,} values take {needed / 2**30:,.0f} GiB, of which this "
            f"machine has {there / 2**30:,.0f}; make them smaller, such as by --resize 64"
        )


def check_lines(path: Path) -> None:
    """Makes sure that a file of text has lines, in the memory of one block."""
    block, length, number = 2**20, 0, 1
    with path.open("rb") as file:
        while content := file.read(block):
            lines = content.replace(b"\r", b"\n").split(b"\n")
            length += len(lines[0])
            if length > LONGEST_LINE:
                raise UserError(
                    f"{path}: line {number} goes on for more than {LONGEST_LINE:,} bytes; expected one row of numbers "
                    "a line"
                )
            number += len(lines) - 1
            length = length if len(lines) == 1 else len(lines[-1])
