"""What is missing, for a page: a row for every region, in the words of columns or entries, and pictures of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.data.training_data import TrainingData
from adagan.missing.column_terms import ColumnTerms
from adagan.missing.missing_mass import Missing, Region
from adagan.missing.told import of_classes
from adagan.report.figures import missing_map
from adagan.report.image_view import NAMED, ImageView
from adagan.report.numbers import number, share, share_range
from adagan.report.panel import PageTable, Panel
from adagan.report.pictures import view_of

SHOWN_REGIONS = 12
SHOWN_ROWS = 5
SHOWN_NAMES = 6
MOST_POINTS = 4_000
"""Points of a map."""
MOST_TERMS = 3
WITHIN = 0.9
TELLING = 0.55


def region_table(found: Missing, data: TrainingData) -> PageTable:
    """Every region: how much of the data is missing there, how sure that is, how much is made, and where it is."""
    words = region_words(data)
    rows = [
        [
            str(index),
            share(region.mass),
            share_range(region.low, region.high),
            _drawn_at(region),
            words(region),
            _rows(region, data.names),
        ]
        for index, region in enumerate(found.regions[:SHOWN_REGIONS], start=1)
    ]
    more = len(found.regions) - len(rows)
    caption = "Regions that are missing, the largest lack first" + (
        f"; {more} smaller ones are left out" if more else ""
    )
    titles = ("region", "missing, of the data", "95 % interval", "made, of its share", "where", "such as")
    return PageTable(caption, titles, rows, frozenset({0, 4, 5}))


def region_panels(found: Missing, data: TrainingData) -> list[Panel]:
    """Missing images, or a map of the plane; nothing for other data, whose regions are told in words."""
    points, shape = data.points.detach().cpu(), tuple(data.points.shape[1:])
    if not found.regions:
        return []
    view = view_of(points) if len(shape) == 3 else None
    if isinstance(view, ImageView):
        return [
            _images(view, points, region, index, data.names)
            for index, region in enumerate(found.regions[:SHOWN_REGIONS], start=1)
        ]
    if shape != (2,) or isinstance(data.encoding, TableEncoding):
        return []
    flat = points.double().numpy()
    step = -(-len(flat) // MOST_POINTS)
    regions = [flat[region.rows.cpu().numpy()] for region in found.regions[:SHOWN_REGIONS]]
    where = "; ".join(
        f"region {index} around ({number(float(own[:, 0].mean()))}, {number(float(own[:, 1].mean()))})"
        for index, own in enumerate(regions, start=1)
    )
    alt = f"Map of the data in which the missing regions are coloured and numbered: {where}"
    remark = "Grey dots are data; those of the missing regions are coloured, with the region's number."
    return [Panel.of(missing_map(flat[::step], regions), "", remark, alt)]


def region_words(data: TrainingData) -> Any:
    """From a region to where it is: columns and values, ranges of entries, or classes of images."""
    if isinstance(data.encoding, TableEncoding):
        terms = ColumnTerms(data.points, data.encoding)
        return lambda region: terms.told(region.rows) or "no column tells it from the rest"
    if data.points.ndim > 2:
        return lambda region: of_classes(region, data).removeprefix(", ") or "see the pictures"
    flat = data.points.detach().cpu().double().numpy()
    return lambda region: entry_terms(flat, region.rows)


def entry_terms(points: Any, rows: torch.Tensor) -> str:
    """The entries whose range in some rows holds few of the other points: ``entry 3 from 2.1 to 4``."""
    own = points[rows.cpu().numpy()]
    low, high = np.quantile(own, [(1 - WITHIN) / 2, (1 + WITHIN) / 2], axis=0)
    holds = ((points >= low) & (points <= high)).mean(axis=0)
    chosen = [entry for entry in np.argsort(holds, kind="stable")[:MOST_TERMS] if holds[entry] <= TELLING]
    told = [f"entry {entry + 1} from {number(low[entry])} to {number(high[entry])}" for entry in sorted(chosen)]
    return ", ".join(told) or "no entry tells it from the rest"


def _drawn_at(region: Region) -> str:
    return "no sample at all" if region.coverage == 0 else share(region.coverage)


def _rows(region: Region, names: Sequence[str]) -> str:
    count = len(region.rows)
    said = f"{count:,} points" if count > 1 else "1 point"
    if names:
        own = [names[row] for row in region.rows[:SHOWN_NAMES].tolist()]
        return f"{said}: {', '.join(own)}" + (" ..." if count > len(own) else "")
    return f"{said}: rows {', '.join(map(str, region.rows[:SHOWN_ROWS].tolist()))}" + (
        " ..." if count > SHOWN_ROWS else ""
    )


def _images(view: ImageView, points: torch.Tensor, region: Region, index: int, names: Sequence[str]) -> Panel:
    rows = region.rows.cpu()[: NAMED if names else view.num_samples]
    own = [names[row] for row in rows.tolist()] if names else []
    png = view.named(points[rows], own) if own else view.samples(points[rows])[0]
    which = f"{len(rows)} of the {len(region.rows)} images" if len(rows) < len(region.rows) else f"{len(rows)} images"
    remark = f"{share(region.mass)} of the data ({share_range(region.low, region.high)}), {_made(region)}; {which}"
    alt = f"Images of the data that are missing, region {index}: {which}"
    if own:
        alt += ", " + ", ".join(own)
    return Panel.of(png, f"region {index}", remark, alt, kind="photo")


def _made(region: Region) -> str:
    return "of which no sample was found" if region.coverage == 0 else f"made at {share(region.coverage)} of its share"
