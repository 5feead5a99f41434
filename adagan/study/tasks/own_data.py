"""The user's own data as a task: the truth that samples are compared with is other rows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.data.image_file import PictureOptions
from adagan.data.reading import kinds_of, read_training_data
from adagan.data.training_data import TrainingData
from adagan.missing.features import LinearFeatures
from adagan.missing.missing_mass import estimated
from adagan.mixtures.errors import UserError
from adagan.quality.copying import copying
from adagan.quality.table_quality import TableQuality, encoded_quality
from adagan.study.metrics.neighbours import neighbour_scores
from adagan.study.metrics.two_sample import two_sample_scores
from adagan.study.tasks.sampled import SampledWorld, Truth

SHARE, MOST, FEWEST = 0.2, 5_000, 40
"""Of the rows, those that are held out, and as many for the oracle; at most and at least so many of each."""


@dataclass(frozen=True)
class OwnData:
    """Where the rows are, and what is known of them.

    Attributes:
        source: A file, a folder of images, or a built-in name.
        columns: Kinds of a table's columns, as ``adagan fit --columns`` takes them; ``None`` decides by a look.
        header: Whether the first line of a text file names the columns; ``None`` decides by what it holds.
        layout: Of images in an array.
        pictures: How those of a folder are read.
    """

    source: str
    columns: str | None = None
    header: bool | None = None
    layout: str | None = None
    pictures: PictureOptions | None = None

    def read(self) -> TrainingData:
        """All rows.

        Raises:
            FileNotFoundError, UserError: As of `read_training_data`, or there are too few.
        """
        data = read_training_data(
            self.source,
            columns=kinds_of(self.columns),
            header=self.header,
            layout=self.layout,
            pictures=self.pictures,
        )
        if len(data.points) < FEWEST / SHARE:
            raise UserError(
                f"--data: expected {FEWEST / SHARE:.0f} rows or more, since a fifth is held out and a fifth stands for "
                f"a perfect model, got {len(data.points)}"
            )
        return data

    def world(self, seed: int) -> SampledWorld:
        """Three parts, by the seed: what methods learn, what their samples are compared with, and the oracle's rows."""
        return own_world(self.read(), seed)


def own_world(data: TrainingData, seed: int) -> SampledWorld:
    """Rows that are learnt, others that samples are compared with, and as many that a perfect model would sample.

    Args:
        data: All rows, 200 or more; their weights are not looked at.
        seed: Of the division, and of whatever a metric draws.
    """
    points = data.points.cpu()
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))
    size = min(int(SHARE * len(points)), MOST)
    held_out, oracle, training = points[order[:size]], points[order[size : 2 * size]], points[order[2 * size :]]
    features = LinearFeatures.of(training, seed)

    def as_a_whole(samples: Tensor) -> Mapping[str, float | None]:
        drawn = _as_rows(samples, data.table)
        near, real = torch.from_numpy(features(drawn)), torch.from_numpy(features(held_out))
        neighbours, test = neighbour_scores(near, real), two_sample_scores(near, real, seed=seed)
        uniform = torch.full((size,), 1 / size, dtype=torch.float64)
        missing = estimated(TrainingData(held_out, uniform), drawn, features, seed)
        scores = {"c2st_auc": test.auc, "c2st_level": test.level, "missing": missing.value, "missing_low": missing.low}
        return {"coverage": neighbours.coverage, "precision": neighbours.precision, **scores}

    def as_copies_or_table(samples: Tensor) -> Mapping[str, float | None]:
        if data.table is None:
            found = copying(samples, training, held_out, seed=seed)
            return {"copy_nearer": found.nearer, "copy_exact": found.exact}
        return _of_table(encoded_quality(data.table, training, samples, held_out, seed=seed))

    learnt = training
    if data.table is not None:  # what boosting itself shows its components
        learnt = data.table.blurred(training, torch.Generator().manual_seed(seed))
    return SampledWorld(
        data=learnt,
        oracle=Truth(lambda count, _: oracle[:count], seed),
        sizes=(size,),
        metrics=(as_a_whole, as_copies_or_table),
        seed=seed,
    )


def _as_rows(samples: Tensor, table: TableEncoding | None) -> Tensor:
    return samples if table is None else table.nearest(samples)


def _of_table(found: TableQuality) -> Mapping[str, float | None]:
    """Means over columns, pairs, rare categories and targets."""
    columns = [each.score.value for each in found.columns if each.score is not None]
    rare = [min(each.in_samples / each.in_data, 1.0) for each in found.rare]
    return {
        "copy_nearer": found.copying.nearer,
        "copy_exact": found.copying.exact,
        "column_distance": _mean(columns),
        "pair_distance": _mean([pair.score.value for pair in found.pairs]),
        "rare_share": _mean(rare),
        "efficacy": _mean([each.from_samples for each in found.efficacy]),
    }


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
