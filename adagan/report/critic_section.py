"""What the run's critic is good for, on a page: the dial between coverage and realism, and refinement."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.components.critics.ratio_estimator import RatioEstimator
from adagan.dial import DialPoint, dial, precision, recall
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.refinement.refined import Refined
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio
from adagan.report.figures import dial_curve
from adagan.report.missing_page import picture_kind
from adagan.report.numbers import share
from adagan.report.panel import Panel
from adagan.report.view import View
from adagan.run_folder import RunFolder

BUDGET = 0.5


def dial_panels(folder: RunFolder, weights: Tensor) -> list[Panel]:
    """The dial between coverage and realism; nothing where there is nothing to turn."""
    log_ratios, base = folder.preview_log_ratios()
    if log_ratios.shape[1] < 2 or not float(base.sum()) > 0:
        return []
    points = dial(log_ratios, base)
    here = mixture_log_ratio(log_ratios[:, : len(weights)], weights)
    present = DialPoint(0.5, weights, recall(here, base), precision(here, base))
    ends = ", ".join(
        f"at {point.share:g} it covers {share(point.recall)} of the data and "
        f"{share(min(point.precision, 1))} of it is real"
        for point in (points[0], points[-1])
    )
    remark = f"{ends[0].upper()}{ends[1:]}. The cross is the mixture of this run."
    alt = f"Curve of coverage against realism over the dial's positions: {ends}"
    return [Panel.of(dial_curve(points, present), "the dial", remark, alt)]


def refinement_panels(
    view: View | None,
    mixture: Mixture,
    critic: RatioEstimator,
    count: int,
    seed: int,
    *,
    refined: Refined | None = None,
    found: str = "",
) -> tuple[list[Panel], str]:
    """Panels and text; a mixture that cannot be refined leaves a sentence instead of panels.

    Args:
        view: How points are shown, if they can be.
        mixture: The run's.
        critic: The run's last.
        count: Samples in a picture.
        seed: Of the samples.
        refined: What samples are drawn from where the run found that refining helps.
        found: What it found, if it asked.
    """
    text = "Boosting repairs what is missing; refinement removes what the data do not contain."
    if found:
        text += f" At its end the run asked held-out data whether that helps, and samples are {found}."
    if view is None:
        return [], text if found else ""
    generator = torch.Generator(mixture.device).manual_seed(seed)
    if refined is None:
        text += (
            f" Here the run's last critic keeps about one sample in {1 / BUDGET:.0f} all the same (budgeted rejection "
            f"with a budget of {BUDGET:g}), preferring those that look like data."
        )
        pilot = max(2_000, min(20_000, 10 * count))
        try:
            refined = Refined(mixture, critic, BUDGET, pilot=pilot, generator=generator)
        except ValueError as error:
            return [], f"These samples could not be refined with a budget of {BUDGET:g}: {error}."
    text += f" {view.legend}"
    panels = []
    for name, points in (
        ("before refinement", drawn(mixture, count, seed)),
        ("after refinement", refined.sample(count, generator=generator)),
    ):
        png, remark = view.samples(points)
        alt = f"Samples of the last mixture {name}"
        panels.append(Panel.of(png, name, remark, alt, kind=picture_kind(view)))
    return panels, text


def drawn(mixture: Mixture, count: int, seed: int) -> Tensor:
    """Samples of a mixture by a seed."""
    return mixture.sample(count, torch.Generator(mixture.device).manual_seed(seed))
