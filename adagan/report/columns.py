"""A table's columns in the report: the data's values beside the samples', how far apart they are, and some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from adagan.components.adapters.tables.column import Column, Kind
from adagan.components.adapters.tables.dates import as_dates
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.report.text import escaped

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]
    from torch import Tensor

QUANTILES = (0.05, 0.5, 0.95)
MOST_CATEGORIES = 6
ROWS = 5
TITLES = ("column", "kind", "data", "samples", "missing in data", "in samples", "distance")


def column_section(encoding: TableEncoding, data: Tensor, samples: Tensor) -> str:
    """HTML: a row for every column, and the first samples as rows of the table.

    Args:
        encoding: What the vectors mean.
        data: Encoded rows of the data, shape (n, D).
        samples: Encoded rows of the mixture, shape (m, D).
    """
    seen, drawn = (encoding.decode(points) for points in (data, samples))
    if encoding.has_index:
        seen, drawn = seen.reset_index(), drawn.reset_index()
    rows = [_row(column, seen[column.name], drawn[column.name]) for column in encoding.columns]
    text = (
        "Numbers and dates are told by their 5 %, 50 % and 95 % quantiles, categories by their shares. The distance is "
        "that of Kolmogorov and Smirnov, of categories the total variation; 0 means alike."
    )
    first = drawn.head(ROWS)
    examples = [[_short(value) for value in row] for row in first.astype(object).itertuples(index=False)]
    return (
        f'<h2>Columns</h2>\n<p>{text}</p>\n<div class="scroll">{_table(TITLES, rows)}</div>\n'
        f'<p>The first samples of the mixture, as rows of the table:</p>\n<div class="scroll">'
        f"{_table(tuple(map(str, first.columns)), examples)}</div>"
    )


def _table(titles: tuple[str, ...], rows: list[list[str]]) -> str:
    head = "".join(f'<th scope="col">{escaped(title)}</th>' for title in titles)
    body = "\n".join("<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _row(column: Column, seen: pd.Series, drawn: pd.Series) -> list[str]:
    if column.kind is Kind.IDENTIFIER:
        return [str(column.name), column.told, "", "numbered anew", "", "", ""]
    lacking = [f"{series.isna().mean():.1%}" if column.lacking else "" for series in (seen, drawn)]
    if column.kind is Kind.CATEGORY:
        shares = [series.astype(object).value_counts(normalize=True) for series in (seen, drawn)]
        shown = list(shares[0].index[:MOST_CATEGORIES])
        told = [", ".join(f"{value} {share.get(value, 0.0):.1%}" for value in shown) for share in shares]
        apart = 0.5 * sum(
            abs(shares[0].get(v, 0.0) - shares[1].get(v, 0.0)) for v in {*shares[0].index, *shares[1].index}
        )
        more = f" and {len(shares[0]) - len(shown)} more" if len(shares[0]) > len(shown) else ""
        return [str(column.name), column.told, told[0] + more, told[1] + more, *lacking, f"{apart:.3f}"]
    from scipy.stats import ks_2samp  # type: ignore[import-untyped]

    values = [_ordered(column, series.dropna()) for series in (seen, drawn)]
    told = [" / ".join(_short(value) for value in _quantiles(series)) for series in values]
    numbers = [np.asarray(series.astype("int64" if column.kind is not Kind.NUMBER else float)) for series in values]
    apart = float(ks_2samp(*numbers).statistic) if all(map(len, numbers)) else float("nan")
    return [str(column.name), column.told, *told, *lacking, f"{apart:.3f}"]


def _ordered(column: Column, series: pd.Series) -> pd.Series:
    """The values as something that has quantiles."""
    import pandas as pd

    if column.kind is Kind.DATE:
        return as_dates(series, column.format, column.name)
    return pd.to_timedelta(series) if column.kind is Kind.DURATION else series.astype(float)


def _quantiles(series: pd.Series) -> list[Any]:
    return [series.quantile(share, interpolation="nearest") for share in QUANTILES] if len(series) else []


def _short(value: Any) -> str:
    import pandas as pd

    if pd.isna(value):
        return "missing"
    text = f"{value:,.5g}" if isinstance(value, float) and abs(value) < 1e5 else str(value)
    return text.removesuffix(" 00:00:00")
