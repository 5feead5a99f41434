"""A study as a page: methods beside what a perfect model scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from adagan.mixtures.storage.files import write_text
from adagan.report.missing_page import checked_target
from adagan.report.panel import PageTable, Panel
from adagan.report.pictures import view_of
from adagan.report.rendering import page_of
from adagan.report.settings import Making
from adagan.report.study_figures import against_seconds, modes_by_round
from adagan.study.cells import ORACLE
from adagan.study.columns import OF_METHODS, present
from adagan.study.sketch import restored
from adagan.study.summary import RULE, Summary
from adagan.study.tables import failures
from adagan.study.task import Row

SECTIONS = {
    "methods": "Methods beside a perfect model",
    "prices": "Recall and precision against CPU seconds",
    "samples": "Samples",
    "rounds": "Modes by round",
    "columns": "What the columns mean",
    "making": "How it was made",
}
MEANINGS = {
    "modes": "Modes with a sample near, which is how most papers count.",
    "modes_strict": "Modes with as many samples near as the benchmark demands, or a third of those expected.",
    "high_quality": "Share of the samples within three standard deviations of a mode, or as near in more dimensions.",
    "forward_kl": "KL(truth ‖ samples) of the modes' histogram.",
    "reverse_kl": "KL(samples ‖ truth) of it, which chance alone keeps above 0.",
    "smallest_share": "The smallest share of a mode over its true one.",
    "spread": "Standard deviation within the modes over the true one.",
    "core_quality": "Realism and balance in one number: what lies in the modes' cores, as far as it is expected there.",
    "data_coverage": "Share of held-out data in the model's 95 % highest-density region: .95 is right, 1 too wide.",
    "minority_share": "The rare colour's share over its true one.",
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
AXES = {
    "recall": "recall: share of the data that the samples contain",
    "coverage": "coverage: share of the data with a sample near",
    "smallest_share": "smallest share of a mode, over its true one",
    "modes_strict": "modes by the strict count",
    "precision": "precision: share of the samples that the data contain",
    "high_quality": "precision: share of the samples near a mode",
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
    pictures = {"prices": _prices(rows, methods), "samples": _samples(rows, methods), "rounds": _rounds(rows, methods)}
    summary = Summary.of(rows, methods)
    page = page_of(
        "study.html",
        title=title,
        sections={name: heading for name, heading in SECTIONS.items() if pictures.get(name, True)},
        methods=PageTable(f"Methods: {RULE}", summary.titles, summary.lines, strong=summary.strong),
        pictures=pictures,
        failures=failures(rows),
        meanings=meanings,
        making=making,
        seeds=len({row["seed"] for row in rows}),
        own=any("copy_exact" in row for row in rows),
        held_out=max((row.get("num_samples", 0) for row in rows), default=0),
    )
    write_text(target, page)
    return target


def _prices(rows: Sequence[Row], methods: Sequence[str]) -> list[Panel]:
    """One chart for what is found of the data and one for how pure the samples are, by whatever the rows have."""
    panels = []
    for keys in (("recall", "coverage", "smallest_share", "modes_strict"), ("precision", "high_quality")):
        key = next((key for key in keys if any(row.get(key) is not None for row in rows)), "")
        points = {method: _points(rows, method, key) for method in methods}
        points = {method: pairs for method, pairs in points.items() if pairs}
        if key and points:
            truth = [score for _, score in _points(rows, ORACLE, key)]
            name = AXES[key]
            drawn = against_seconds(points, name, fmean(truth) if truth else None)
            alt = f"{name} of every training against its CPU seconds"
            panels.append(Panel.of(drawn, name, "One mark for every training.", alt, wide=True))
    return panels


def _points(rows: Sequence[Row], method: str, key: str) -> list[tuple[float, float]]:
    """CPU seconds and score, of the largest number of samples that is scored."""
    own = [row for row in rows if row["method"] == method]
    good = [row for row in own if row.get(key) is not None and row.get("cpu_seconds") is not None]
    most = max((row.get("num_samples", 0) for row in good), default=0)
    return [(max(row["cpu_seconds"], 0.01), row[key]) for row in good if row.get("num_samples", 0) == most]


def _samples(rows: Sequence[Row], methods: Sequence[str]) -> list[Panel]:
    """Of the first seed: a perfect model's, then each method's before these."""
    sketches = {row["method"]: restored(row["sketch"]) for row in reversed(rows) if row.get("sketch")}
    if ORACLE not in sketches:
        return []
    view = view_of(sketches[ORACLE])
    panels = [Panel.of(view.data(), "a perfect model", "", "samples of a perfect model", kind="photo")]
    for method in methods:
        if method in sketches:
            picture, remark = view.samples(sketches[method])
            panels.append(Panel.of(picture, method, remark, f"samples of {method}", kind="photo"))
    return panels


def _rounds(rows: Sequence[Row], methods: Sequence[str]) -> list[Panel]:
    """Of the first seed of each method that has rounds."""
    found = {row["method"]: row["modes_by_round"] for row in reversed(rows) if row.get("modes_by_round")}
    return [
        Panel.of(modes_by_round(found[method]), method, "", f"modes of {method} by round", kind="photo")
        for method in methods
        if method in found
    ]
