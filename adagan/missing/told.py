"""What is missing, told on a terminal and in JSON."""

from __future__ import annotations

import torch

from adagan.missing.column_terms import ColumnTerms
from adagan.missing.missing_mass import Missing, Region

SHOWN_ROWS = 5
SHOWN_ENTRIES = 4


def lines(found: Missing, terms: ColumnTerms | None = None) -> list[str]:
    """One line on all of it, then one for each region; rows are counted from 0, as in Python.

    Args:
        found: What is missing.
        terms: Of the table whose rows the data are, if they are.
    """
    sentence = found.describe()
    end = "" if sentence.endswith("?") else ":" if found.regions else "."
    head = sentence[0].upper() + sentence[1:] + end
    return [head, *(_line(number, region, terms) for number, region in enumerate(found.regions, start=1))]


def _line(number: int, region: Region, terms: ColumnTerms | None) -> str:
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
    rows = ", ".join(map(str, region.rows[:SHOWN_ROWS].tolist()))
    points = "1 point, row" if len(region.rows) == 1 else f"{len(region.rows)} points, such as rows"
    return (
        f"  {number}. {region.mass:.1%} of the data{place} ({region.low:.1%} to {region.high:.1%}), covered to "
        f"{region.coverage:.0%}; {points} {rows}"
    )


def as_json(found: Missing, terms: ColumnTerms | None = None) -> dict[str, object]:
    """The estimate as plain numbers and lists; regions without their centres where these are no short vectors.

    Regions of a table have ``columns``: values in a list, or a range as ``{"from": ..., "to": ...}``, by column.
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
        "regions": [_region(region, terms) for region in found.regions],
    }


def _region(region: Region, terms: ColumnTerms | None) -> dict[str, object]:
    centre: list[float] | None = region.centre.tolist() if region.centre.ndim == 1 and terms is None else None
    of_columns = {} if terms is None else {"columns": terms.as_json(region.rows)}
    return {
        **of_columns,
        "mass": region.mass,
        "low": region.low,
        "high": region.high,
        "coverage": region.coverage,
        "centre": centre,
        "rows": torch.sort(region.rows).values.tolist(),
    }
