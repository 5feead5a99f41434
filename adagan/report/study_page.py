"""A study as a page: methods beside what a perfect model scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from adagan.mixtures.storage.files import write_text
from adagan.report.missing_page import checked_target
from adagan.report.panel import PageTable
from adagan.report.rendering import page_of
from adagan.report.settings import Making
from adagan.study.cells import ORACLE
from adagan.study.columns import OF_METHODS, cell, present, values
from adagan.study.tables import failures
from adagan.study.task import Row

SECTIONS = {
    "methods": "Methods beside a perfect model",
    "columns": "What the columns mean",
    "making": "How it was made",
}
MEANINGS = {
    "coverage": "Share of the held-out rows with a sample among their nearest neighbours; more is better.",
    "precision": "Share of the samples among the nearest neighbours of a held-out row; more is better.",
    "c2st_auc": "How often a classifier calls a sample more sample-like than a held-out row: .5 when it cannot tell.",
    "c2st_level": "How probable so large an area is for a perfect model; the median over seeds.",
    "missing": "At least so much of the data is missing, by counts in cells; 0 where none was found.",
    "copy_nearer": "How often a sample is closer to a learnt row than a held-out row is: .5 is right, 1 is copying.",
    "copy_exact": "Share of the samples that are a row that was learnt.",
    "column_distance": "Kolmogorov and Smirnov's distance, of categories the total variation, on average over columns.",
    "pair_distance": "How far correlations of two columns are from the data's, on average over pairs.",
    "rare_share": "The share of rare categories (under 5 %) over their share of the data, 1 at most, on average.",
    "efficacy": "How often trees that learnt from the samples put two held-out rows in the right order; .5 is chance.",
    "train_cpu_seconds": "CPU seconds of training, critics included.",
    "sample_cpu_seconds_per_million": "CPU seconds of a million samples.",
}


def write_study_page(
    out: str | os.PathLike[str], rows: Sequence[Row], methods: Sequence[str], making: Making, *, title: str
) -> Path:
    """Writes the page on the rows of a study: one file, which refers to nothing else.

    Args:
        out: The page's file.
        rows: As a study yields them.
        methods: Names of rows, in the order of the table.
        making: What stands at its foot.
        title: Above it.

    Raises:
        IsADirectoryError: `out` is a folder.
    """
    target = checked_target(out)
    columns = present(OF_METHODS, rows)
    meanings: Mapping[str, str] = {column.title: MEANINGS[key] for key, column in columns.items() if key in MEANINGS}
    failed = failures(rows)
    page = page_of(
        "study.html",
        title=title,
        sections=SECTIONS,
        methods=_table(rows, methods),
        failures=failed,
        meanings=meanings,
        making=making,
        seeds=len({row["seed"] for row in rows}),
        own=any("copy_exact" in row for row in rows),
        held_out=max((row.get("num_samples", 0) for row in rows), default=0),
    )
    write_text(target, page)
    return target


def _table(rows: Sequence[Row], methods: Sequence[str]) -> PageTable:
    columns = present(OF_METHODS, rows)
    sizes = sorted({row["num_samples"] for row in rows if "num_samples" in row}) or [0]
    lines = []
    for size, method in product(sizes, (ORACLE, *methods)):
        own = [row for row in rows if row["method"] == method]
        good = [row for row in own if not row.get("failure") and row.get("num_samples", 0) == size]
        failed = sum(bool(row.get("failure")) for row in own)
        name = "a perfect model" if method == ORACLE else method
        notes = [f"{size:,} samples"] * (len(sizes) > 1) + [f"{failed} failed"] * (failed > 0)
        cells = [cell(values(good, key, column), column) for key, column in columns.items()]
        lines.append([name + (f" ({', '.join(notes)})" if notes else ""), *cells])
    titles = ("method", *(column.title for column in columns.values()))
    return PageTable("Methods: mean (standard deviation) over seeds", titles, lines)
