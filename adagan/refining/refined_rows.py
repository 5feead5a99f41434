"""The refined samples of a model of rows or images: in the form of those that it learnt."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.data.wanted_rows import rows_of
from adagan.mixtures.encoding import Encoding
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import generator_for, source_of_chance
from adagan.mixtures.refinement.methods import Pilot
from adagan.mixtures.refinement.refined import Refined


class RefinedRows:
    """A refined mixture whose samples are rows of a table, or images in the form of the data.

    Args:
        refined: The mixture, refined, which samples vectors.
        encoding: What these mean.
    """

    def __init__(self, refined: Refined, encoding: Encoding) -> None:
        self.refined, self.encoding = refined, encoding

    def __repr__(self) -> str:
        return f"RefinedRows({self.refined!r})"

    @property
    def pilot(self) -> Pilot:
        """As of `Refined`."""
        return self.refined.pilot

    def sample(
        self,
        num_rows: int,
        generator: torch.Generator | None = None,
        *,
        seed: int | None = None,
        where: Mapping[Any, Any] | None = None,
    ) -> Any:
        """Refined rows or images; the arguments are those of `AdaGAN.sample`."""
        source = source_of_chance(generator, seed, self.refined.device)
        if isinstance(self.encoding, TableEncoding):
            return rows_of(self.refined, self.encoding, num_rows, source, where=where)
        if where is not None:
            raise UserError("where: the model is of images, which have no columns; leave it out")
        chance = generator_for(self.refined.device, source)
        return self.encoding.decode(self.refined.sample(num_rows, generator=chance))

    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, components: Sequence[Callable[[], Any]] = ()
    ) -> None:
        """As of `Refined`, which reads it again."""
        self.refined.save(folder, overwrite=overwrite, components=components)
