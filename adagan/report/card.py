"""A model card in Markdown: what a run's mixture still misses, with intervals and what a perfect model scores."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

import adagan
from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.data.training_data import TrainingData
from adagan.mixtures.randomness import check_seed
from adagan.mixtures.storage.files import write_text
from adagan.report.column_tables import entry_columns, table_columns
from adagan.report.look import drawn_by_weight
from adagan.report.missing_page import checked_target
from adagan.report.missing_section import region_table
from adagan.report.numbers import number
from adagan.report.opened_run import OpenedRun, opened_run
from adagan.report.panel import PageTable
from adagan.report.quality_section import SampleQuality, quality_tables, sample_quality, whole_table
from adagan.report.rendering import text_of
from adagan.report.rounds_section import cost_table, rounds_table
from adagan.report.settings import making_of
from adagan.report.verdicts import certainty, next_step, state_of

SPECIAL = re.compile(r"([\\`*_{}\[\]|])")


def write_card(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
    components: Sequence[Callable[[], Any]] = (),
    data: TrainingData | None = None,
) -> Path:
    """Writes the model card of a run, in the form of Hugging Face's: YAML with what is known, then Markdown.

    What nobody but its owner can know, such as a licence, is left open and said to be.

    Args:
        run: The run's folder.
        out: The card's file; ``None`` means ``card.md`` in the run's folder.
        seed: As of `adagan.report.page.write_report`, like `components`, `data` and the errors.

    References:
        Mitchell et al., *Model cards for model reporting*, 2019, https://arxiv.org/abs/1810.03993
    """
    check_seed(seed)
    opened = opened_run(run, components, data, 1)
    target = checked_target(opened.folder.path / "card.md" if out is None else out)
    quality = sample_quality(opened.look, seed)
    write_text(target, _card(opened, quality, seed))
    return target


def _card(opened: OpenedRun, quality: SampleQuality, seed: int) -> str:
    look, rounds = opened.look, opened.rounds
    tables = [whole_table(quality)] if quality.whole else []
    tables += [*_columns(opened, quality, seed), *(quality_tables(quality.table) if quality.table else [])]
    making = making_of(opened.folder, rounds, opened.mixture, {})
    return text_of(
        "card.md",
        front=_front(opened, quality),
        name=_plain(opened.name),
        folder=json.dumps(opened.name, ensure_ascii=False),
        kinds=_plain(making.facts["components"]),
        parts=opened.kept,
        rounds=len(rounds),
        state=_plain(state_of(look.found)),
        regions=_table(region_table(look.found, look.data)) if look.found.regions else "",
        certainty=[_plain(line) for line in certainty(look.found, look.perfect)],
        whole=look.whole,
        kept_points=f"{len(look.data.points):,}",
        tables=[_table(table) for table in tables],
        copied=_plain(quality.copying.verdict) if quality.copying else "",
        advice=_plain(next_step(look.found, rounds, opened.folder.content().get("stopped", ""))),
        course=_table(rounds_table(rounds)),
        cost=_table(cost_table(rounds)),
        seconds=number(sum(record.cpu_seconds for record in rounds)),
        facts={name: _plain(value) for name, value in making.facts.items()},
        is_table=isinstance(look.data.encoding, TableEncoding),
        version=adagan.__version__,
    )


def _front(opened: OpenedRun, quality: SampleQuality) -> str:
    """What a reader of many cards sorts them by."""
    found, shape = opened.look.found, tuple(opened.look.data.points.shape[1:])
    kind = (
        "tabular" if isinstance(opened.look.data.encoding, TableEncoding) else "image" if len(shape) == 3 else "vector"
    )
    metrics = [
        {"name": "missing mass (at least)", "type": "missing_mass", "value": round(found.value, 6)},
        {
            "name": "missing mass, lower end of the 95 % interval",
            "type": "missing_mass_low",
            "value": round(found.low, 6),
        },
        {"name": "missing mass, upper end", "type": "missing_mass_high", "value": round(found.high, 6)},
        *({"name": each.name, "type": each.key, "value": round(each.number, 6)} for each in quality.whole),
    ]
    content: dict[str, Any] = {
        "library_name": "adagan",
        "tags": ["generative", "boosting", "adagan", kind],
        "model-index": [
            {
                "name": opened.name,
                "results": [
                    {
                        "task": {"type": "unconditional-image-generation" if kind == "image" else "other"},
                        "dataset": {
                            "name": f"the {len(opened.look.data.points):,} points that it learnt",
                            "type": "own",
                        },
                        "metrics": metrics,
                    }
                ],
            }
        ],
    }
    if kind == "image":
        content["pipeline_tag"] = "unconditional-image-generation"
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _columns(opened: OpenedRun, quality: SampleQuality, seed: int) -> list[PageTable]:
    look = opened.look
    if isinstance(look.data.encoding, TableEncoding):
        if quality.table is None:
            return []
        real = drawn_by_weight(look.data, seed)
        return [table_columns(look.data.encoding, real, look.samples, quality.table.columns)]
    return [entry_columns(drawn_by_weight(look.data, seed), look.samples, seed)] if look.data.points.ndim == 2 else []


def _plain(value: object) -> str:
    """Text that means itself in Markdown, which may hold HTML."""
    text = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\1", text)


def _table(table: PageTable) -> str:
    lines = [[_plain(cell) for cell in row] for row in (table.titles, *table.rows)]
    lines.insert(1, [":---" if index in table.words else "---:" for index in range(len(table.titles))])
    return f"{_plain(table.caption)}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)
