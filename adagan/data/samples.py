"""Samples of somebody's model, read as the data were that it is compared with."""

from __future__ import annotations

from torch import Tensor

from adagan.data.image_file import PictureOptions
from adagan.data.images_alike import form_of
from adagan.data.reading import read_images, read_rows
from adagan.data.training_data import TrainingData
from adagan.mixtures.errors import UserError


def read_samples(
    source: str, data: TrainingData, seed: int, option: str, pictures: PictureOptions | None = None
) -> Tensor:
    """Samples of shape (M, *event), in the encoding of the data if these are a table, images in their form.

    Args:
        source: As of `read_data`.
        data: What they are to be like.
        seed: Of built-in data that is drawn.
        option: By which they came, for messages.
        pictures: How those of a folder are read.

    Raises:
        FileNotFoundError, UserError: As of `read_data`; events of another shape than the data's, or images of another
            size, or in a range that has nothing to do with theirs.
    """
    if data.table is not None:
        return read_rows(source, data.table, seed)
    samples = read_images(source, data.images or form_of(data.points), pictures, option, seed)
    if samples.shape[1:] != data.points.shape[1:]:
        raise UserError(
            f"{option}: expected events of shape {tuple(data.points.shape[1:])}, as the data have, got "
            f"{tuple(samples.shape[1:])} in {source}"
        )
    return samples
