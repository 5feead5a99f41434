"""What boosting did, round by round: curves, tables, sentences, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adagan.components.critics.calibration import Calibration
from adagan.estimate import NORMAL_QUANTILE
from adagan.missing.finding import Finding
from adagan.report.figures import Series, curves, mixture_weights, reliability
from adagan.report.numbers import NOTHING, number, share, share_range, with_error
from adagan.report.panel import PageTable, Panel
from adagan.round import Round

SMALL = 0.005
"""A mixture weight below this is not named in the caption."""
DIAGNOSTICS = (
    "round", "beta", "lambda", "points kept", "effective sample size", "divergence", "accuracy (level)", "E_data[u]",
    "calibration error", "gamma / bound",
)  # fmt: skip


def rounds_table(rounds: Sequence[Round]) -> PageTable:
    """What each round began with, what it trained, and what was left."""
    rows = [
        [
            str(record.index),
            _before(record),
            share(record.kept_share),
            share(record.mixture_beta),
            NOTHING if record.left is None else _left(record.left),
            with_error(record.divergence, record.divergence_error),
        ]
        for record in rounds
    ]
    titles = ("round", "missing before", "data with weight", "newcomer's weight", "missing after", "divergence")
    return PageTable(f"The rounds: intervals of 95 %; the divergence is {_divergence(rounds)}", titles, rows)


def _divergence(rounds: Sequence[Round]) -> str:
    return rounds[-1].divergence_name.removesuffix("()")


def diagnostics_table(rounds: Sequence[Round]) -> PageTable:
    """The numbers behind the rounds."""
    rows = []
    for record in rounds:
        calibration = record.calibration
        bound = NOTHING if record.gamma_bound is None else f"{record.gamma_bound:.2g}"
        rows.append(
            [
                str(record.index),
                number(record.beta),
                NOTHING if record.level is None else number(record.level),
                share(record.kept_share),
                f"{record.effective_sample_size:,.0f}",
                with_error(record.divergence, record.divergence_error),
                f"{calibration.accuracy:.3f}" + _doubt(calibration),
                with_error(calibration.mean_ratio, calibration.mean_ratio_error),
                number(calibration.error),
                NOTHING if record.gamma is None else f"{record.gamma:.2g} / {bound}",
            ]
        )
    return PageTable("Diagnostics of every round", DIAGNOSTICS, rows)


def cost_table(rounds: Sequence[Round]) -> PageTable:
    """CPU seconds by part, and wall time."""

    def cells(name: str, records: Sequence[Round]) -> list[str]:
        total = sum(record.cpu_seconds for record in records)
        known = [record.training_cpu_seconds for record in records if record.training_cpu_seconds is not None]
        parts = [NOTHING] * 2
        if len(known) == len(records):
            training = sum(known)
            parts = [
                f"{number(each)} ({share(each / total)})" if total else "0" for each in (training, total - training)
            ]
        return [name, *parts, number(total), number(sum(record.seconds for record in records))]

    rows = [cells(f"round {record.index}", [record]) for record in rounds]
    if len(rounds) > 1:
        rows.append(cells("all", rounds))
    titles = ("", "training, CPU s", "checks: critic, what is missing, weights, CPU s", "together, CPU s", "wall s")
    return PageTable("What it cost, by part", titles, rows)


def course_panels(rounds: Sequence[Round]) -> list[Panel]:
    """Who makes the samples, and the curves that show whether rounds helped; none for one round."""
    if len(rounds) < 2:
        return []
    missing = Series(
        "missing before the round",
        [record.missing_mass for record in rounds],
        [NORMAL_QUANTILE * (record.missing_mass_error or 0) for record in rounds],
    )
    prefixes = rounds[-1].prefixes
    judged = Series(
        "divergence by the last critic", prefixes.divergences, [NORMAL_QUANTILE * error for error in prefixes.errors]
    )
    panels = [
        _weights_panel(rounds),
        _curve(judged, f"{_divergence(rounds)}; lower is better; bars are against the lowest"),
    ]
    if any(record.missing_mass is not None for record in rounds):
        panels.insert(1, _curve(missing, "from round 2 on; lower is better", shares=True))
    return panels


def _weights_panel(rounds: Sequence[Round]) -> Panel:
    """Who makes the samples, after every round."""
    weights = rounds[-1].weights
    large = [f"component {index} {share(weight)}" for index, weight in enumerate(weights, start=1) if weight >= SMALL]
    few = len(weights) - len(large)
    small = f", {few} more of less than {share(SMALL)}{' each' * (few > 1)}" if few else ""
    last = ", ".join(large) + small
    drawn = mixture_weights([record.weights for record in rounds])
    alt = f"Stacked bars of the mixture weights; at the end {last}"
    remark = f"The share of the samples that each component makes. After the last round: {last}."
    return Panel.of(drawn, "mixture weights", remark, alt, wide=len(rounds) > 4)


def diagnostic_panels(rounds: Sequence[Round], num_points: int) -> list[Panel]:
    """Curves of what is behind the rounds; none for one round, whose numbers are in the table."""
    if len(rounds) < 2:
        return []
    calibrations = [record.calibration for record in rounds]
    accuracy = Series("accuracy of the critic", [record.accuracy for record in calibrations])
    mean_ratio = Series(
        "E_data[u]", [c.mean_ratio for c in calibrations], [NORMAL_QUANTILE * c.mean_ratio_error for c in calibrations]
    )
    beta = Series("beta", [record.beta for record in rounds])
    newcomer = Series("newcomer's mixture weight", [record.mixture_beta for record in rounds])
    size = Series("effective sample size", [record.effective_sample_size for record in rounds])
    spread = min(record.effective_sample_size for record in rounds) < num_points / 10
    levels = {"all points": float(num_points)}
    return [
        _curve(accuracy, "at .5, chance, samples look like data", levels={"chance": 0.5}, lowest=0.45, highest=1.0),
        _curve(mean_ratio, "at most 1 when the critic is right", levels={"limit": 1.0}),
        _curve(newcomer, "and beta, its share in the target, which can differ", beta, highest=1.0, shares=True),
        _curve(size, "of the data weights; few points make a poor newcomer", levels=levels, logarithmic=spread),
    ]


def _curve(line: Series, remark: str, *others: Series, **options: Any) -> Panel:
    """A panel with a curve; the alternative text says where it begins and ends."""
    course = ", ".join(_course(series) for series in (line, *others))
    return Panel.of(curves([line, *others], **options), line.label, remark, f"Curve over the rounds: {course}")


def _course(line: Series) -> str:
    found = [(index, value) for index, value in enumerate(line.values, start=1) if value is not None]
    (first, start), (last, end) = found[0], found[-1]
    course = f"{line.label} {start:.3g} in round {first}"
    return course if first == last else f"{course}, {end:.3g} in round {last}"


def reliability_panel(last: Round) -> Panel:
    """The last critic's reliability diagram."""
    alt = f"Reliability diagram of the last critic; calibration error {number(last.calibration.error)}"
    return Panel.of(reliability(last.calibration), f"the critic after round {last.index}", "", alt)


def reliability_text(calibration: Calibration) -> str:
    """How to read the reliability diagram, and what it says here."""
    edge = "beats chance" if calibration.beats_chance else "does not beat chance"
    normalised = "at most 1 as it should be" if calibration.mean_ratio <= 1 else "close enough to at most 1"
    if not calibration.is_normalised:
        normalised = "more than 1, so that its ratios are off"
    return (
        "When the critic says that a point is data with a probability of 70 %, seven in ten such points should be "
        "data: dots on the dotted line are ideal. Bars are the share of the points in each bin; hollow dots have "
        f"hardly any. This critic's calibration error is {number(calibration.error)}; its E_data[u] is "
        f"{with_error(calibration.mean_ratio, calibration.mean_ratio_error)}, {normalised}; with an accuracy of "
        f"{calibration.accuracy:.3f} it {edge}."
    )


def _before(record: Round) -> str:
    """The missing mass before the round and its 95 % interval."""
    interval = record.missing_mass_interval
    if record.missing_mass is None or interval is None:
        return NOTHING
    return f"{share(record.missing_mass)} ({share_range(*interval)})"


def _left(left: Finding) -> str:
    """The missing mass after the round and its 95 % interval."""
    if left.verdict == "missing":
        return f"{share(left.value)} ({share_range(left.low, left.high)})"
    return "cannot tell" if left.verdict == "cannot tell" else "nothing found"


def _doubt(calibration: Calibration) -> str:
    """The level of the critic's edge where it may be luck, nothing otherwise."""
    return "" if calibration.beats_chance else f" ({calibration.level:.2g})"
