"""A table's columns, shown once: what each was taken for, how much of it is missing, and a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adagan.components.adapters.tables.column import Kind
from adagan.components.adapters.tables.table_encoding import TableEncoding

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

LONGEST = 30
"""Characters of a value that are shown."""
MOST = 60
"""Columns that are shown."""


def column_lines(frame: pd.DataFrame, encoding: TableEncoding) -> list[str]:
    """Name, kind, share missing and a value of every column, in lines of a terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="")
    for title in ("column", "kind", "missing", "example"):
        table.add_column(title, justify="right" if title == "missing" else "left", no_wrap=title != "example")
    shown = [column for column in encoding.columns if column.name in frame.columns]
    for column in shown[:MOST]:
        series = frame[column.name]
        lack = float(series.isna().mean())
        missing = f"{lack:.1%}" if lack else ""
        kind = column.told + (", not learnt" if column.kind is Kind.IDENTIFIER else "")
        table.add_row(str(column.name), kind, missing, _example(series))
    for name in encoding.dropped:
        table.add_row(str(name), "dropped", "", _example(frame[name]) if name in frame.columns else "")
    console = Console(width=100, color_system=None, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    return [*lines, f"... and {len(shown) - MOST} more columns"] if len(shown) > MOST else lines


def _example(series: pd.Series) -> str:
    there: Any = series[series.notna()]
    if not len(there):
        return ""
    text = str(there.iloc[0])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
