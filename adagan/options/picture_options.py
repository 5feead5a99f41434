"""The options of reading images, of an array or a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jsonargparse import Namespace

from adagan.options.verb_parser import VerbParser

if TYPE_CHECKING:
    from adagan.data.image_file import PictureOptions


def add_picture_options(parser: VerbParser) -> None:
    """Layout, size, transparency, and what becomes of files that cannot be read."""
    group = parser.add_argument_group("images")
    group.add_argument(
        "--layout",
        type=str | None,
        metavar="AXES",
        help="of an array of images, NHW, NHWC or NCHW, where its shape does not tell; none learns it as it is",
    )
    group.add_argument(
        "--resize",
        type=int | str | None,
        metavar="WxH",
        help="scale the images of a folder to this size, 64 or 64x48, and crop them at the centre",
    )
    group.add_argument(
        "--background",
        default="white",
        metavar="COLOUR",
        help="by which transparency is filled in a folder of images; keep makes it a channel",
    )
    group.add_argument(
        "--skip-unreadable", action="store_true", help="leave out the files of a folder that are no readable images"
    )


def picture_options(settings: Namespace) -> PictureOptions:
    """What they say.

    Raises:
        UserError: A size or a colour that is none; the option is named.
    """
    from adagan.data.image_file import PictureOptions, size_of

    size = None if settings.resize is None else size_of(str(settings.resize))
    return PictureOptions(size, settings.background, settings.skip_unreadable)
