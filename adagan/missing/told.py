"""What is missing, told on a terminal and in JSON."""

from __future__ import annotations

from collections import Counter

import torch

from adagan.data.training_data import TrainingData
from adagan.missing.column_terms import ColumnTerms
from adagan.missing.missing_mass import Missing, Region

SHOWN_ROWS = 5
SHOWN_ENTRIES = 4
SHOWN_CLASSES = 3


def lines(found: Missing, terms: ColumnTerms | None = None, data: TrainingData | None = None) -> list[str]:
    """One line on all of it, then one for each region; rows are counted from 0, as in Python.

    Args:
        found: What is missing.
        terms: Of the table whose rows the data are, if they are.
        data: Whose points may have names, such as those of files, and classes; ``None`` speaks of their rows.
    """
    sentence = found.describe()
    end = "" if sentence.endswith("?") else ":" if found.regions else "."
    head = sentence[0].upper() + sentence[1:] + end
    return [head, *(_line(number, region, terms, data) for number, region in enumerate(found.regions, start=1))]


def _line(number: int, region: Region, terms: ColumnTerms | None, data: TrainingData | None) -> str:
    if terms is not None:
        words = terms.told(region.rows) or "which no column tells from the others"
        several = f"{len(region.rows)} rows, {words}"
        which = several if words.startswith(("mostly", "which")) else f"rows with {words}"
        return (
            f"  {number}. {which}: {region.mass:.1%} of the data ({region.low:.1%} to {region.high:.1%}); such rows "
            f"are drawn at {region.coverage:.2f} of their share"
        )
    centre, place = region.centre.flatten(), ""
    if len(centre) <= SHOWN_ENTRIES:
        place = " around (" + ", ".join(f"{value:.3g}" for value in centre.tolist()) + ")"
    rows = region.rows[:SHOWN_ROWS].tolist()
    names = data.names if data is not None else ()
    shown = ", ".join(names[row] if names else str(row) for row in rows)
    kind = "image" if data is not None and data.images is not None else "point"
    word = "" if names else " row" if len(region.rows) == 1 else " rows"
    several = (
        f"1 {kind}," if len(region.rows) == 1 else f"{len(region.rows)} {kind}s{of_classes(region, data)}, such as"
    )
    return (
        f"  {number}. {region.mass:.1%} of the data{place} ({region.low:.1%} to {region.high:.1%}), covered to "
        f"{region.coverage:.0%}; {several}{word} {shown}"
    )


def of_classes(region: Region, data: TrainingData | None) -> str:
    """Which classes the points are of, the most frequent first, where these have names."""
    counts = _classes(region, data)
    if not counts:
        return ""
    if len(counts) == 1:
        return f", all in class {next(iter(counts))}"
    few = list(counts.items())[:SHOWN_CLASSES]
    return ", " + ", ".join(f"{count} of {name}" for name, count in few) + (" ..." if len(counts) > len(few) else "")


def _classes(region: Region, data: TrainingData | None) -> dict[str, int]:
    if data is None or data.labels is None or not data.class_names:
        return {}
    labels = data.labels.cpu()[region.rows.cpu()]
    counted = Counter(labels[labels >= 0].tolist())
    return {data.class_names[label]: count for label, count in counted.most_common()}


def as_json(found: Missing, terms: ColumnTerms | None = None, data: TrainingData | None = None) -> dict[str, object]:
    """The estimate as plain numbers and lists; regions without their centres where these are no short vectors.

    Regions of a table have ``columns``: values in a list, or a range as ``{"from": ..., "to": ...}``, by column; those
    of points with names ``names``, in the order of ``rows``, and those of points with classes ``classes``, counted.
    """
    return {
        "missing": found.value,
        "low": found.low,
        "high": found.high,
        "verdict": found.verdict,
        "visible": found.visible,
        "num_samples": found.num_samples,
        "strays": found.strays,
        "points": found.rows.tolist(),
        "regions": [_region(region, terms, data) for region in found.regions],
    }


def _region(region: Region, terms: ColumnTerms | None, data: TrainingData | None) -> dict[str, object]:
    centre: list[float] | None = region.centre.tolist() if region.centre.ndim == 1 and terms is None else None
    of_columns = {} if terms is None else {"columns": terms.as_json(region.rows)}
    rows, classes = torch.sort(region.rows).values.tolist(), _classes(region, data)
    of_names = {"names": [data.names[row] for row in rows]} if data is not None and data.names else {}
    return {
        **of_columns,
        **of_names,
        **({"classes": classes} if classes else {}),
        "mass": region.mass,
        "low": region.low,
        "high": region.high,
        "coverage": region.coverage,
        "centre": centre,
        "rows": rows,
    }
