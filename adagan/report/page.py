"""The report on a run: one self-contained page that a colleague can open, read and print."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from adagan.data.training_data import TrainingData
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.randomness import check_seed
from adagan.mixtures.storage.files import write_text
from adagan.report.critic_section import dial_panels, drawn, refinement_panels
from adagan.report.data_weights_section import weights_of_rounds
from adagan.report.missing_page import SECTIONS, checked_target, missing_content, picture_kind, picture_view
from adagan.report.numbers import number
from adagan.report.opened_run import OpenedRun, opened_run
from adagan.report.panel import Panel
from adagan.report.quality_section import sample_quality
from adagan.report.rendering import page_of
from adagan.report.rounds_section import (
    cost_table,
    course_panels,
    diagnostic_panels,
    diagnostics_table,
    reliability_panel,
    reliability_text,
    rounds_table,
)
from adagan.report.settings import making_of
from adagan.report.verdicts import next_step
from adagan.report.view import View
from adagan.round import verdict
from adagan.run_folder import RunFolder

SHOWN = 8
"""The most rounds that get pictures of their own; curves and tables show all."""
RUN_SECTIONS = {
    "missing": SECTIONS["missing"],
    "certainty": SECTIONS["certainty"],
    "boosting": "What boosting did about it",
    "cost": "What it cost",
    "quality": SECTIONS["quality"],
    "critic": "Can the critic be trusted?",
    "making": SECTIONS["making"],
    "words": SECTIONS["words"],
}


def write_report(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    num_samples: int = 2000,
    seed: int = 0,
    components: Sequence[Callable[[], Any]] = (),
    data: TrainingData | None = None,
) -> Path:
    """Writes the report on a run: one HTML page with its figures inside it, which refers to nothing else.

    The page appears whole or not at all: it is written beside its place and renamed.

    Args:
        run: The run's folder, with one complete round or more.
        out: The page's file; ``None`` means ``report.html`` in the run's folder.
        num_samples: Samples per picture, at most; image grids show fewer.
        seed: Of the samples that the page shows.
        components: What made the components and critics that are not the package's own, as for ``Mixture.load``.
        data: What the run learnt, so that what is missing is looked for in all of it; ``None`` takes the points, 2,000
            at most, that the run keeps for its report.

    Returns:
        Where the page is.

    Raises:
        FileNotFoundError: No run in the folder, or a file of it is missing.
        ValueError: No complete round, a corrupted file, a newer format, an unknown class, `num_samples` below 1,
            a seed out of range, or data that are not the run's.
        IsADirectoryError: `out` is a folder.
    """
    check_counts(num_samples=num_samples)
    check_seed(seed)
    folder = RunFolder(run)
    target = checked_target(folder.path / "report.html" if out is None else out)
    write_text(target, _page(opened_run(run, components, data, num_samples), num_samples, seed))
    return target


def _page(opened: OpenedRun, num_samples: int, seed: int) -> str:
    folder, rounds, look = opened.folder, opened.rounds, opened.look
    view = picture_view(look)
    count = num_samples if view is None or view.num_samples is None else min(num_samples, view.num_samples)
    shown = shown_rounds(len(rounds))
    which = "" if len(shown) == len(rounds) else f" Of the {len(rounds)} rounds, {len(shown)} are shown, evenly spread."
    content = missing_content(look, sample_quality(look, seed), seed)
    done = f"{len(rounds)}, kept {opened.kept}" if opened.kept < len(rounds) else str(len(rounds))
    cost = number(sum(record.cpu_seconds for record in rounds))
    content["facts"] = {"rounds": done, **content["facts"], "CPU seconds": cost}
    if not look.whole:
        content["certainty"].append(
            f"The data were not at hand: this page looked at the {len(look.data.points):,} points of them that the run "
            "keeps for its report, so that a region has to be larger to be seen."
        )
    found = folder.content().get("refinement", "")
    refinement, refinement_text = refinement_panels(
        view, opened.final, opened.critic, count, seed, refined=opened.refined, found=found
    )
    weights_panels, weights_table = weights_of_rounds(folder, look, rounds, shown)
    return page_of(
        "run.html",
        title=f"Boosting run {opened.name}",
        sections=RUN_SECTIONS,
        verdicts=_verdicts(opened),
        rounds=rounds_table(rounds),
        course_panels=course_panels(rounds),
        sentences=[{"words": verdict(record), "notes": record.notes} for record in rounds],
        after_panels=[] if view is None else _after(view, opened.mixture, shown, count, seed),
        legend="" if view is None else view.legend,
        weights_panels=weights_panels,
        weights_table=weights_table,
        weights_legend="" if view is None else view.weights_legend,
        which=which,
        cost=cost_table(rounds),
        refinement_text=refinement_text,
        refinement_panels=refinement,
        reliability_text=reliability_text(rounds[-1].calibration),
        critic_panels=[reliability_panel(rounds[-1])],
        dial_panels=dial_panels(folder, opened.final.weights),
        diagnostic_panels=diagnostic_panels(rounds, folder.content()["num_points"]),
        diagnostics=diagnostics_table(rounds),
        making=making_of(folder, rounds, opened.mixture, {"samples per picture": count, "their seed": seed}),
        sample_panels=[],  # those after the rounds show them
        **content,
    )


def _verdicts(opened: OpenedRun) -> dict[str, str]:
    """What stands under the verdict, by what it is."""
    rounds, kept = opened.rounds, opened.kept
    said, stopped = {}, opened.folder.content().get("stopped", "")
    if stopped:
        said["Stopped"] = f"{stopped}."
    if kept < len(rounds):
        said["Kept"] = (
            f"the mixture after round {kept}. By the critic of round {len(rounds)}, which judges them all, none of the "
            "later ones is clearly better."
        )
    said["Next"] = next_step(opened.look.found, rounds, stopped)
    noted = [record.index for record in rounds if record.notes]
    if noted:
        where = f"round {noted[0]}" if len(noted) == 1 else f"{len(noted)} rounds, from round {noted[0]} on"
        said["Mind"] = f"there are notes on {where}; see what boosting did about it."
    return said


def shown_rounds(count: int, limit: int = SHOWN) -> list[int]:
    """Up to `limit` of the rounds 1 to `count`, evenly spread, the first and the last among them."""
    if count <= limit:
        return list(range(1, count + 1))
    return [1 + round(index * (count - 1) / (limit - 1)) for index in range(limit)]


def _after(view: View, mixture: Mixture, shown: Sequence[int], count: int, seed: int) -> list[Panel]:
    kind = picture_kind(view)
    panels = [Panel.of(view.data(), "the data", "", "The data alone", kind=kind)]
    for index in shown:
        png, remark = view.samples(drawn(mixture[:index], count, seed))
        alt = f"Samples after round {index} against the data"
        panels.append(Panel.of(png, f"after round {index}", remark, alt, kind=kind))
    return panels
