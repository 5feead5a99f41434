"""Samples of somebody's model, read as the data were that it is compared with."""

from __future__ import annotations

from torch import Tensor

from adagan.data.reading import read_data, read_rows
from adagan.data.training_data import TrainingData
from adagan.mixtures.errors import UserError


def read_samples(source: str, data: TrainingData, seed: int, option: str) -> Tensor:
    """Samples of shape (M, *event), in the encoding of the data if these are a table.

    Args:
        source: As of `read_data`.
        data: What they are to be like.
        seed: Of built-in data that is drawn.
        option: By which they came, for messages.

    Raises:
        FileNotFoundError, UserError: As of `read_data`; events of another shape than the data's.
    """
    if data.encoding is not None:
        return read_rows(source, data.encoding, seed)
    samples = read_data(source, seed)
    if samples.shape[1:] != data.points.shape[1:]:
        raise UserError(
            f"{option}: expected events of shape {tuple(data.points.shape[1:])}, as the data have, got "
            f"{tuple(samples.shape[1:])} in {source}"
        )
    return samples
