"""The report on a run: one self-contained page that a colleague can open, read and print."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, cast

import torch
from torch import Tensor

from adagan.components.adapters.tables.table_encoding import TableEncoding
from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.dial import DialPoint, dial, precision, recall
from adagan.mixtures.data_weights import DataWeights
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_counts
from adagan.mixtures.randomness import check_seed
from adagan.mixtures.refinement.refined import Refined
from adagan.mixtures.storage.files import write_text
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio
from adagan.report.columns import column_section
from adagan.report.figures import dial_curve, mixture_weights, reliability
from adagan.report.pictures import View, view_of
from adagan.report.text import (
    curve_panels,
    escaped,
    fact_list,
    making_list,
    panel,
    reliability_text,
    rounds_table,
    sentences,
    verdict_paragraphs,
)
from adagan.round import Round
from adagan.run_folder import RunFolder

BUDGET = 0.5
SMALL = 0.005
"""A mixture weight below this is not named in the caption."""
SHOWN = 8
"""The most rounds that get pictures of their own; curves and table show all."""


def write_report(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    num_samples: int = 2000,
    seed: int = 0,
    components: Sequence[Callable[[], Any]] = (),
) -> Path:
    """Writes the report on a run: one HTML page with its figures inside it, which refers to nothing else.

    The page appears whole or not at all: it is written beside its place and renamed.

    Args:
        run: The run's folder, with one complete round or more.
        out: The page's file; ``None`` means ``report.html`` in the run's folder.
        num_samples: Samples per picture, at most; image grids show fewer.
        seed: Of the samples that the page shows.
        components: What made the components and critics that are not the package's own, as for ``Mixture.load``.

    Returns:
        Where the page is.

    Raises:
        FileNotFoundError: No run in the folder, or a file of it is missing.
        ValueError: No complete round, a corrupted file, a newer format, an unknown class, `num_samples` below 1,
            or a seed out of range.
        IsADirectoryError: `out` is a folder.
    """
    check_counts(num_samples=num_samples)
    check_seed(seed)
    folder = RunFolder(run)
    target = folder.path / "report.html" if out is None else Path(out)
    if target.is_dir():
        raise IsADirectoryError(f"out: {target} is a folder; name a file in it, such as {target / 'report.html'}")
    rounds = folder.rounds()
    mixture = folder.mixture(components=components, whole=True)
    page = _page(folder, rounds, mixture, folder.critic(components=components), num_samples, seed)
    write_text(target, page)
    return target


def _page(
    folder: RunFolder, rounds: Sequence[Round], mixture: Mixture, critic: RatioEstimator, num_samples: int, seed: int
) -> str:
    content, data_weights = folder.content(), folder.data_weights()
    data, rows = folder.preview()
    view = view_of(data)
    shown = shown_rounds(len(rounds))
    count = num_samples if view.num_samples is None else min(num_samples, view.num_samples)
    kept = content.get("kept", len(rounds))
    which = "" if len(shown) == len(rounds) else f" Of the {len(rounds)} rounds, {len(shown)} are shown, evenly spread."
    refinement, refinement_text = _refinement(view, mixture[:kept], critic, count, seed)
    template = Template(files("adagan.report").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escaped(f"Boosting run {folder.path.resolve().name}"),
        verdict=verdict_paragraphs(rounds, content.get("stopped", ""), kept),
        facts=fact_list(rounds, content["num_points"]),
        samples_text=f"Fresh samples of the mixture as it was after a round. {view.legend}{which}",
        samples=_samples(view, mixture, shown, count, seed),
        data_weights_text=(
            "The data weights say how much the mixture so far misses each data point; the round's newcomer was trained "
            f"on the data weighted like this, the first on the data as they are. {view.weights_legend}{which}"
        ),
        data_weights=_data_weights(view, data_weights, rows, shown),
        columns=_columns(mixture[:kept], data, num_samples, seed),
        mixture_weights=_mixture_weights(rounds),
        curves=curve_panels(rounds, content["num_points"]),
        dial=_dial(folder, mixture[:kept].weights),
        reliability_text=reliability_text(rounds[-1].calibration),
        reliability=_reliability(rounds[-1]),
        refinement_text=refinement_text,
        refinement=refinement,
        table=rounds_table(rounds),
        sentences=sentences(rounds),
        making=making_list(content, rounds, mixture, {"samples shown per picture": count, "their seed": seed}),
    )


def shown_rounds(count: int, limit: int = SHOWN) -> list[int]:
    """Up to `limit` of the rounds 1 to `count`, evenly spread, the first and the last among them."""
    if count <= limit:
        return list(range(1, count + 1))
    return [1 + round(index * (count - 1) / (limit - 1)) for index in range(limit)]


def _samples(view: View, mixture: Mixture, shown: Sequence[int], count: int, seed: int) -> str:
    panels = [panel(view.data(), "the data", "", "The data alone")]
    for index in shown:
        png, remark = view.samples(_drawn(mixture[:index], count, seed))
        panels.append(panel(png, f"after round {index}", remark, f"Samples after round {index} against the data"))
    return "\n".join(panels)


def _columns(mixture: Mixture, data: Tensor, count: int, seed: int) -> str:
    """What a reader of a table asks: each column beside the data's; nothing for other data."""
    if mixture.encoding is None:
        return ""
    return column_section(cast(TableEncoding, mixture.encoding), data, _drawn(mixture, count, seed))


def _data_weights(view: View, data_weights: Sequence[DataWeights], rows: Tensor, shown: Sequence[int]) -> str:
    relative = {index: _relative(data_weights[index - 1].values, rows) for index in shown}
    # a few extreme weights must not turn all the others into one colour
    limit = max(2.0, *(float(values.quantile(0.98)) for values in relative.values()))
    panels = []
    for index, values in relative.items():
        kept = data_weights[index - 1].kept_share
        remark = "all points weigh the same" if _all_equal(values) else f"{kept:.0%} of the points have weight"
        alt = (
            f"Data weights of round {index}: {remark}, the largest shown is {float(values.max()):.1f} times the average"
        )
        panels.append(panel(view.weights(values, limit), f"round {index}", remark, alt))
    return "\n".join(panels)


def _relative(values: Tensor, rows: Tensor) -> Tensor:
    """Weights at the previewed rows in units of the average, shape (n,)."""
    if int(rows.max()) >= len(values):
        raise UserError(
            f"the data weights are of {len(values)} points and the preview shows row {int(rows.max())}; "
            "files of different runs lie in one folder"
        )
    return values[rows] * len(values)


def _all_equal(values: Tensor) -> bool:
    return float(values.max() - values.min()) < 1e-9


def _mixture_weights(rounds: Sequence[Round]) -> str:
    weights = rounds[-1].weights
    large = [f"component {index} {weight:.1%}" for index, weight in enumerate(weights, start=1) if weight >= SMALL]
    small = f", {len(weights) - len(large)} less than {SMALL:.1%} each" if len(large) < len(weights) else ""
    last = ", ".join(large) + small
    png = mixture_weights([record.weights for record in rounds])
    return panel(
        png,
        "",
        f"After the last round: {last}.",
        f"Stacked bars of the mixture weights; at the end {last}",
        "half" if len(rounds) <= 4 else "whole",
    )


def _reliability(last: Round) -> str:
    alt = f"Reliability diagram of the last critic; calibration error {last.calibration.error:.3f}"
    return panel(reliability(last.calibration), f"the critic after round {last.index}", "", alt, "half")


def _dial(folder: RunFolder, weights: Tensor) -> str:
    """The dial between coverage and realism, or a sentence where there is nothing to turn."""
    log_ratios, base = folder.preview_log_ratios()
    if log_ratios.shape[1] < 2:
        return "<p>There is one component only: nothing to weigh.</p>"
    if not float(base.sum()) > 0:
        return "<p>None of the points that the run kept for its report has any weight.</p>"
    points = dial(log_ratios, base)
    here = mixture_log_ratio(log_ratios[:, : len(weights)], weights)
    present = DialPoint(0.5, weights, recall(here, base), precision(here, base))
    ends = ", ".join(
        f"at {point.share:g} it covers {point.recall:.1%} of the data and {min(point.precision, 1):.1%} of it is real"
        for point in (points[0], points[-1])
    )
    return panel(
        dial_curve(points, present),
        "",
        f"{ends[0].upper()}{ends[1:]}. The cross is the mixture of this run.",
        f"Curve of coverage against realism over the dial's positions: {ends}",
        "half",
    )


def _refinement(view: View, mixture: Mixture, critic: RatioEstimator, count: int, seed: int) -> tuple[str, str]:
    """Panels and text; a mixture that cannot be refined leaves a sentence instead of panels."""
    text = (
        "Boosting repairs what is missing; refinement removes what the data do not contain. Here the run's last critic "
        f"keeps about one sample in {1 / BUDGET:.0f} (budgeted rejection with a budget of {BUDGET:g}), preferring "
        f"those that look like data. {view.legend}"
    )
    generator = torch.Generator(mixture.device).manual_seed(seed)
    try:
        refined = Refined(mixture, critic, BUDGET, pilot=max(2_000, min(20_000, 10 * count)), generator=generator)
    except ValueError as error:
        return "", f"These samples could not be refined with a budget of {BUDGET:g}: {escaped(error)}."
    panels = []
    for name, points in (
        ("before refinement", _drawn(mixture, count, seed)),
        ("after refinement", refined.sample(count, generator=generator)),
    ):
        png, remark = view.samples(points)
        panels.append(panel(png, name, remark, f"Samples of the last mixture {name}"))
    return "\n".join(panels), text


def _drawn(mixture: Mixture, count: int, seed: int) -> Tensor:
    return mixture.sample(count, torch.Generator(mixture.device).manual_seed(seed))
