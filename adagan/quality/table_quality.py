"""Samples of a table beside its rows: columns, pairs, rare categories, copies, and what can be learnt from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from adagan.components.adapters.tables.column import Kind
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.quality.columns import ColumnQuality, RareCategory, column_quality, rare_categories
from adagan.quality.copying import Copying, copying
from adagan.quality.efficacy import Efficacy, efficacy
from adagan.quality.pairs import PairQuality, pair_quality

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MOST = 10_000
"""Rows of either side that columns and pairs are compared by."""


@dataclass(frozen=True)
class TableQuality:
    """Samples of a table beside its rows, each value beside that of a perfect model.

    Attributes:
        columns: Every column that is learnt, in the table's order.
        pairs: Every pair of them, those that differ most first.
        rare: The categories of less than 5 % of the rows, the rarest of each column first.
        copying: Distances to the closest row that was learnt.
        efficacy: What is learnt from samples, and from data.
    """

    columns: tuple[ColumnQuality, ...]
    pairs: tuple[PairQuality, ...]
    rare: tuple[RareCategory, ...]
    copying: Copying
    efficacy: tuple[Efficacy, ...]


def table_quality(
    data: pd.DataFrame,
    samples: pd.DataFrame,
    held_out: pd.DataFrame | None = None,
    *,
    columns: Mapping[Any, Any] | TableEncoding | None = None,
    targets: Sequence[str | int] | None = None,
    seed: int = 0,
) -> TableQuality:
    """What the samples of any model of a table are worth.

    >>> import numpy as np, pandas as pd
    >>> random = np.random.default_rng(0)
    >>> data = pd.DataFrame({"grade": random.choice(["low", "high"], 400, p=[0.97, 0.03]), "paid": random.random(400)})
    >>> found = table_quality(data, data.assign(grade="low"))
    >>> found.rare[0].value, found.rare[0].is_short, found.copying.exact > 0.9
    ('high', True, True)

    Args:
        data: The rows that the model learnt.
        samples: Its rows, with the same columns.
        held_out: Rows that it did not learn. Without them, trees are scored on half of the data, which the model has
            seen, and real points of the copying test are the data's own, each among the others.
        columns: What is known of the columns, see `TableEncoding`; or the encoding.
        targets: Names of the columns that are told from the others; ``None`` takes the first six.
        seed: Of draws, trees and halves.

    Raises:
        TypeError, UserError: As of `TableEncoding`; columns that differ.
    """
    encoding = columns if isinstance(columns, TableEncoding) else TableEncoding(data, columns=columns)
    rows, drawn = encoding.encode(data), encoding.encode(samples)
    others = None if held_out is None else encoding.encode(held_out)
    return encoded_quality(encoding, rows, drawn, others, targets=targets, seed=seed)


def encoded_quality(
    encoding: TableEncoding,
    data: Tensor,
    samples: Tensor,
    held_out: Tensor | None = None,
    *,
    targets: Sequence[str | int] | None = None,
    seed: int = 0,
) -> TableQuality:
    """`table_quality` of rows as vectors, shapes (N, D), (M, D) and (L, D)."""
    samples = encoding.nearest(samples)
    reference = data if held_out is None else held_out
    seen, drawn = (_frame(encoding, points[:MOST]) for points in (reference, samples))
    generator = np.random.default_rng(seed)
    learnt = [column for column in encoding.columns if column.kind is not Kind.IDENTIFIER]
    training, tested = (data, held_out) if held_out is not None else _halves(data, seed)
    return TableQuality(
        columns=tuple(column_quality(each, seen[each.name], drawn[each.name], generator) for each in learnt),
        pairs=tuple(pair_quality(learnt, seen, drawn, generator)),
        rare=tuple(found for each in learnt for found in rare_categories(each, seen[each.name], drawn[each.name])),
        copying=copying(samples, data, held_out, seed=seed),
        efficacy=tuple(efficacy(encoding, samples, training[:MOST], tested[:MOST], targets=targets, seed=seed)),
    )


def _frame(encoding: TableEncoding, points: Tensor) -> pd.DataFrame:
    frame = encoding.decode(points)
    return frame.reset_index() if encoding.has_index else frame


def _halves(points: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed)).to(points.device)
    return points[order[: len(points) // 2]], points[order[len(points) // 2 :]]
