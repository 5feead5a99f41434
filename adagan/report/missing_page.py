"""One page on what any model misses of data: how much, where, how sure that is, and what its samples are worth."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.mixtures.storage.files import write_text
from adagan.report.column_tables import entry_columns, first_rows, table_columns
from adagan.report.look import Look, drawn_by_weight
from adagan.report.missing_section import region_panels, region_table
from adagan.report.numbers import share, share_range
from adagan.report.panel import PageTable, Panel
from adagan.report.pictures import view_of
from adagan.report.quality_section import SampleQuality, quality_tables, sample_quality, whole_table
from adagan.report.rendering import page_of
from adagan.report.settings import Making
from adagan.report.verdicts import certainty, next_step, state_of
from adagan.report.view import View

SECTIONS = {
    "missing": "What is missing",
    "certainty": "How sure that is",
    "quality": "What the samples are worth",
    "making": "How it was made",
    "words": "Words",
}
LEARNT = (
    "If the model has learnt from these very points, one that repeats them looks good here; the copying test tells."
)
MOST_SHOWN = 2_000
"""Data points of a picture."""


def write_missing_page(
    out: str | os.PathLike[str], look: Look, making: Making, *, title: str, num_samples: int = 2_000, seed: int = 0
) -> Path:
    """Writes the page on data and samples of a model: one file, which refers to nothing else.

    Args:
        out: The page's file.
        look: Data, samples, and what is missing.
        making: What stands at its foot.
        title: Above it.
        num_samples: Samples of a picture at most.
        seed: Of halves and draws.

    Raises:
        IsADirectoryError: `out` is a folder.
    """
    target = checked_target(out)
    content = missing_content(look, sample_quality(look, seed), seed)
    content["sample_panels"] = _sample_panels(picture_view(look), look.samples[:num_samples])
    verdicts = {"Next": next_step(look.found)}
    write_text(
        target, page_of("missing.html", title=title, sections=SECTIONS, verdicts=verdicts, making=making, **content)
    )
    return target


def checked_target(out: str | os.PathLike[str]) -> Path:
    """Where a page goes.

    Raises:
        IsADirectoryError: That is a folder.
    """
    target = Path(out)
    if target.is_dir():
        raise IsADirectoryError(f"out: {target} is a folder; name a file in it, such as {target / 'report.html'}")
    return target


def missing_content(look: Look, quality: SampleQuality, seed: int) -> dict[str, Any]:
    """What the template of the page reads, without title, sections, advice, pictures of samples, and foot."""
    found, data = look.found, look.data
    encoding = data.encoding
    is_table = isinstance(encoding, TableEncoding)
    real = drawn_by_weight(data, seed)
    return {
        "state": state_of(found),
        "facts": _facts(look, quality),
        "regions": region_table(found, data) if found.regions else None,
        "region_panels": region_panels(found, data),
        "certainty": certainty(found, look.perfect),
        "size": f"{quality.size:,}",
        "learnt": LEARNT,
        "whole": whole_table(quality) if quality.whole else None,
        "copied": _copied(quality),
        "is_table": is_table,
        "columns": _columns(look, quality, real, seed),
        "quality_tables": quality_tables(quality.table) if quality.table else [],
        "rows": first_rows(encoding, look.samples, "The first samples, as rows of the table")
        if isinstance(encoding, TableEncoding)
        else None,
    }


def picture_view(look: Look) -> View | None:
    """How the data are shown in pictures; ``None`` of columns, which are told by their quantiles instead."""
    points = look.data.points.detach().cpu()
    if isinstance(look.data.encoding, TableEncoding) or (points.ndim == 2 and points.shape[1] > 2):
        return None
    rows = torch.linspace(0, len(points) - 1, min(len(points), MOST_SHOWN)).long()
    view = view_of(points[rows])
    return view if points.ndim == 2 or view.num_samples is not None else None


def _sample_panels(view: View | None, samples: torch.Tensor) -> list[Panel]:
    """The data, and samples against them."""
    if view is None:
        return []
    shown = samples.detach().cpu()[: view.num_samples]
    png, remark = view.samples(shown)
    kind = picture_kind(view)
    return [
        Panel.of(view.data(), "the data", "", "The data alone", kind=kind),
        Panel.of(png, "samples", " ".join([view.legend, remark]).strip(), "Samples against the data", kind=kind),
    ]


def picture_kind(view: View) -> Any:
    """Charts take a dark page's colours, images keep theirs."""
    return "chart" if view.num_samples is None else "photo"


def _columns(look: Look, quality: SampleQuality, real: torch.Tensor, seed: int) -> PageTable | None:
    encoding, points = look.data.encoding, look.data.points
    if isinstance(encoding, TableEncoding):
        return table_columns(encoding, real, look.samples, quality.table.columns) if quality.table else None
    is_image = points.ndim == 4 and view_of(points[:2].detach().cpu()).num_samples is not None
    return None if is_image else entry_columns(real, look.samples, seed)


def _facts(look: Look, quality: SampleQuality) -> Mapping[str, str]:
    found = look.found
    facts = {"data points": f"{len(look.data.points):,}", "samples looked at": f"{found.num_samples:,}"}
    if found.verdict == "missing":
        facts["missing, at least"] = f"{share(found.value)} ({share_range(found.low, found.high)})"
    else:
        facts["missing"] = found.verdict
    facts["a region is visible from"] = f"{share(found.visible)} of the data"
    if quality.whole and quality.size:
        first = quality.whole[0]
        if first.key == "c2st_auc":
            facts["two-sample test (perfect model)"] = f"{first.number:.3f} ({first.perfect})"
    if quality.copying is not None:
        copies = quality.copying
        facts["copies of training points"] = f"{share(copies.exact)} ({share_range(*copies.exact_interval)})"
    return facts


def _copied(quality: SampleQuality) -> str:
    if quality.copying is None:
        return ""
    copies = quality.copying
    beside = "points that were not learnt" if copies.held_out else "training points, each among the others"
    return (
        f"{copies.verdict}; {copies.num_samples:,} samples beside {copies.num_training:,} training points, and "
        f"{beside}, for real points"
    )
