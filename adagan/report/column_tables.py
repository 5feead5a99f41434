"""Columns of the data beside those of the samples, as quantiles and shares, and rows of a table as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from adagan.components.adapters.tables.column import Kind
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.quality.columns import ColumnQuality, counted, ordered
from adagan.quality.score import Score, kolmogorov_smirnov, score_of_counts
from adagan.report.numbers import number, share
from adagan.report.panel import PageTable

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

QUANTILES = (0.05, 0.5, 0.95)
MOST_CATEGORIES = 6
MOST_ENTRIES = 30
ROWS = 5
TITLES = ("column", "kind", "data", "samples", "missing in data", "in samples", "distance", "of a perfect model")


def table_columns(
    encoding: TableEncoding, data: Tensor, samples: Tensor, qualities: Sequence[ColumnQuality]
) -> PageTable:
    """Every column: numbers and dates by their 5 %, 50 % and 95 % quantiles, categories by their shares."""
    seen, drawn = frame_of(encoding, data), frame_of(encoding, samples)
    by_name = {quality.column.name: quality for quality in qualities}
    rows = []
    for column in encoding.columns:
        if column.kind is Kind.IDENTIFIER:
            rows.append([str(column.name), column.told, "", "numbered anew", "", "", "", ""])
            continue
        quality = by_name[column.name]
        sides = [_told(quality, side[column.name], seen[column.name]) for side in (seen, drawn)]
        lacking = [share(each) if column.lacking else "" for each in quality.missing]
        rows.append([str(column.name), column.told, *sides, *lacking, *distances(quality.score)])
    return PageTable("Columns of the data and of the samples", TITLES, rows, frozenset({0, 1, 2, 3}))


def entry_columns(data: Tensor, samples: Tensor, seed: int) -> PageTable:
    """The entries of vectors as columns; of very many those that differ most."""
    seen, drawn = (points.detach().flatten(1).cpu().double().numpy() for points in (data, samples))
    generator = np.random.default_rng(seed)
    rows = []
    for entry in range(seen.shape[1]):
        score = score_of_counts(kolmogorov_smirnov, *_counted(seen[:, entry], drawn[:, entry]), generator)
        sides = [" / ".join(number(float(v)) for v in np.quantile(x[:, entry], QUANTILES)) for x in (seen, drawn)]
        rows.append((score, [f"entry {entry + 1}", *sides, *distances(score)]))
    chosen = sorted(sorted(range(len(rows)), key=lambda i: rows[i][0].limit - rows[i][0].value)[:MOST_ENTRIES])
    titles = ("entry", "data", "samples", "distance", "of a perfect model")
    more = f", the {MOST_ENTRIES} of {len(rows)} that differ most" if len(rows) > MOST_ENTRIES else ""
    caption = f"Entries of the data and of the samples{more}"
    return PageTable(caption, titles, [rows[i][1] for i in chosen], frozenset({0, 1, 2}))


def first_rows(encoding: TableEncoding, points: Tensor, caption: str) -> PageTable:
    """Some rows as a reader of the table has them."""
    frame = frame_of(encoding, points[:ROWS])
    rows = [[short(value) for value in row] for row in frame.astype(object).itertuples(index=False)]
    return PageTable(caption, [str(name) for name in frame.columns], rows, frozenset())


def frame_of(encoding: TableEncoding, points: Tensor) -> pd.DataFrame:
    """Rows of the table, an index as columns before the others."""
    frame = encoding.decode(points)
    return frame.reset_index() if encoding.has_index else frame


def distances(score: Score | None) -> list[str]:
    """A distance and what a perfect model's is; marked where it is clearly larger."""
    if score is None:
        return ["none to compare", ""]
    return [f"{score.value:.3f}" + (" *" if score.is_clear else ""), f"{score.perfect:.3f} (up to {score.limit:.3f})"]


def _counted(seen: Any, drawn: Any) -> tuple[Any, Any]:
    import pandas as pd

    return counted(pd.Series(seen), pd.Series(drawn))


def _told(quality: ColumnQuality, series: pd.Series, seen: pd.Series) -> str:
    """Quantiles of a side, or the shares of the categories that are most frequent in the data."""
    values = series.dropna()
    if not len(values):
        return "all missing"
    if quality.column.kind is not Kind.CATEGORY:
        inside = ordered(quality.column, values)
        return " / ".join(short(inside.quantile(at, interpolation="nearest")) for at in QUANTILES)
    known = seen.dropna().astype(object).value_counts()
    shares = values.astype(object).value_counts(normalize=True)
    shown = list(known.index[:MOST_CATEGORIES])
    more = f" and {len(known) - len(shown)} more" if len(known) > len(shown) else ""
    return ", ".join(f"{value} {share(float(shares.get(value, 0.0)))}" for value in shown) + more


def short(value: Any) -> str:
    """A cell as a reader has it."""
    import pandas as pd

    if pd.isna(value):
        return "missing"
    text = f"{value:,.5g}" if isinstance(value, float) and abs(value) < 1e5 else str(value)
    return text.removesuffix(" 00:00:00")
