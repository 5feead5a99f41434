"""What the samples are worth, for a page and for a card: numbers beside those of a perfect model at the same size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.quality.copying import Copying, copying
from adagan.quality.table_quality import TableQuality, encoded_quality
from adagan.report.column_tables import distances
from adagan.report.look import Look, drawn_by_weight
from adagan.report.numbers import number, share, share_range
from adagan.report.panel import PageTable
from adagan.study.metrics.neighbours import neighbour_scores
from adagan.study.metrics.two_sample import two_sample_scores

MOST = 1_000
"""Points of each half of the data that are compared."""
FEWEST = 40
SHOWN_PAIRS = 8
SHOWN_RARE = 12


@dataclass(frozen=True)
class Measured:
    """One number on the samples.

    Attributes:
        key: What a program calls it.
        name: What it is.
        value: As text, with its interval where there is one.
        perfect: What a perfect model scores at the same size.
        number: The value alone.
    """

    key: str
    name: str
    value: str
    perfect: str
    number: float


@dataclass(frozen=True)
class SampleQuality:
    """All numbers on the samples.

    Attributes:
        whole: Of the samples as a whole.
        table: Of a table's columns and pairs; ``None`` for other data.
        copying: The copying test; ``None`` of too few data.
        size: Points of each side of the comparisons as a whole.
    """

    whole: tuple[Measured, ...]
    table: TableQuality | None
    copying: Copying | None
    size: int


def sample_quality(look: Look, seed: int) -> SampleQuality:
    """Compares the samples of a look with its data."""
    data, samples, encoding = drawn_by_weight(look.data, seed), look.samples, look.data.encoding
    table = None
    if isinstance(encoding, TableEncoding):
        samples = encoding.nearest(samples)
        if min(len(data), len(samples)) >= FEWEST:
            table = encoded_quality(encoding, data, samples, seed=seed)
    copied = table.copying if table else None
    if copied is None and min(len(data), len(samples)) >= FEWEST:
        copied = copying(samples, look.data.points, seed=seed)
    whole, size = _as_a_whole(data, samples, look, seed)
    return SampleQuality((*whole, *_of_copies(copied)), table, copied, size)


def _as_a_whole(data: Tensor, samples: Tensor, look: Look, seed: int) -> tuple[list[Measured], int]:
    """Samples against one half of the data, beside the other half against it."""
    size = min(len(data) // 2, len(samples), MOST)
    if size < FEWEST:
        return [], size
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed)).to(data.device)
    real, other = (torch.from_numpy(look.features(data[order[part : part + size]])) for part in (0, size))
    drawn = torch.from_numpy(look.features(samples[:size]))
    test, of_perfect = (two_sample_scores(each, real, seed=seed) for each in (drawn, other))
    near, near_perfect = (neighbour_scores(each, real) for each in (drawn, other))
    level = "" if test.level > 0.05 else f" (told from data: level {number(test.level)})"
    return [
        Measured(
            "c2st_auc",
            "two-sample test, area under the curve",
            f"{test.auc:.3f}{level}",
            f"{of_perfect.auc:.3f}",
            test.auc,
        ),
        Measured(
            "coverage",
            "coverage: real points with a sample near them",
            share(near.coverage),
            share(near_perfect.coverage),
            near.coverage,
        ),
        Measured(
            "precision",
            "precision: samples near real points",
            share(near.precision),
            share(near_perfect.precision),
            near.precision,
        ),
    ], size


def _of_copies(found: Copying | None) -> list[Measured]:
    if found is None:
        return []
    return [
        Measured(
            "copy_nearer",
            "copying: a sample is closer to a training point than a real point is",
            f"{share(found.nearer)} ({share_range(found.low, found.high)})",
            "50%",
            found.nearer,
        ),
        Measured(
            "copy_close",
            "samples as close to a training point as the closest 5 % of real points",
            share(found.close),
            share(found.close_perfect),
            found.close,
        ),
        Measured(
            "copy_exact",
            "samples that are a training point",
            f"{share(found.exact)} ({share_range(*found.exact_interval)})",
            share(found.exact_perfect),
            found.exact,
        ),
    ]


def whole_table(found: SampleQuality) -> PageTable:
    """The numbers on the samples as a whole."""
    rows = [[each.name, each.value, each.perfect] for each in found.whole]
    return PageTable("The samples beside the data", ("", "samples", "a perfect model"), rows)


def quality_tables(found: TableQuality) -> list[PageTable]:
    """Rare categories, pairs, and what is learnt from the samples."""
    tables = []
    if found.rare:
        rows = [
            [
                f"{each.column} = {each.value}",
                f"{share(each.in_data)} ({share_range(*each.data_interval)})",
                f"{share(each.in_samples)} ({share_range(*each.samples_interval)})" + (" *" if each.is_short else ""),
            ]
            for each in sorted(found.rare, key=lambda each: not each.is_short)[:SHOWN_RARE]
        ]
        caption = "Rare categories: those of less than 5 % of the data; a perfect model has the data's share"
        tables.append(PageTable(_some(caption, rows, found.rare), ("category", "data", "samples"), rows))
    if found.pairs:
        rows = [
            [
                f"{pair.names[0]} and {pair.names[1]}",
                f"{pair.in_data:.3f}",
                f"{pair.in_samples:.3f}",
                *distances(pair.score),
            ]
            for pair in found.pairs[:SHOWN_PAIRS]
        ]
        caption = "Pairs of columns, by how strongly they go together (rank correlation; Cramér's V of categories)"
        titles = ("columns", "data", "samples", "distance", "of a perfect model")
        tables.append(PageTable(_some(caption, rows, found.pairs), titles, rows))
    if found.efficacy:
        rows = [[str(each.target), number(each.from_samples), number(each.from_data)] for each in found.efficacy]
        caption = (
            "Learnt from samples: how often trees put two real rows in the right order of a column, told from the "
            "others (.5 is chance)"
        )
        tables.append(PageTable(caption, ("column", "from samples", "from data"), rows))
    return tables


def _some(caption: str, shown: Sequence[object], all_of_them: Sequence[object]) -> str:
    left = len(all_of_them) - len(shown)
    return f"{caption}; {left} more are left out" if left else caption
