"""The report's words and numbers as HTML: verdict, facts, curves with captions, table, glossary.

Whatever comes from a run's folder passes `escaped` before it enters the page.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

import adagan
from adagan.components.critics.calibration import Calibration
from adagan.estimate import NORMAL_QUANTILE
from adagan.missing.finding import Finding
from adagan.mixtures.mixture import Mixture
from adagan.report.figures import Series, curves
from adagan.round import HARDLY, REJECTED, Round, cure_of_starved, saw_too_little, verdict, was_missing


def escaped(value: object) -> str:
    """Text that means itself in HTML, inside and outside of attributes."""
    return html.escape(str(value), quote=True)


def panel(png: bytes, title: str, remark: str, alt: str, kind: str = "panel") -> str:
    """A figure with its caption above it; the image is inside the page."""
    heading = f"<b>{escaped(title)}</b>" if title else ""
    source = base64.b64encode(png).decode("ascii")
    return (
        f'<figure class="{kind}"><figcaption>{heading}{escaped(remark)}</figcaption>'
        f'<img alt="{escaped(alt)}" src="data:image/png;base64,{source}"></figure>'
    )


REFINE = "Stop boosting and refine the samples: see below."
UNTOLD = "Give it more data before more rounds: nothing tells whether these would repair anything."


def overall(rounds: Sequence[Round]) -> tuple[str, str]:
    """What the run has reached, and what to do next, a sentence each."""
    last = rounds[-1]
    after = f"After {len(rounds)} rounds" if len(rounds) > 1 else "After one round"
    if last.left is not None:
        return f"{after} {last.left.words}.", _advice(last.left)
    if not last.calibration.beats_chance:
        first = _since([not record.calibration.beats_chance for record in rounds])
        since = f", and has not since round {first}" if first < last.index else ""
        state = f"{after} the critic finds no difference between samples and data{since}."
        if was_missing(last) and not since:
            return state, (
                f"Run one more round: before the last one {last.missing_mass:.1%} of the data was missing, and a rare "
                "part is easily overlooked once."
            )
        if last.calibration.is_starved:
            return (
                f"{after} the critic cannot tell whether samples and data differ.",
                f"Before more rounds, or none: {cure_of_starved(last.calibration)}.",
            )
        return (
            state,
            "Stop here. If you doubt it, give the critic more training or data; more rounds have nothing to go by.",
        )
    if last.missing_mass is None:
        return (
            f"{after} a first component is in place, and a critic still tells its samples from data.",
            "Run more rounds: what is missing is measured at the start of the next one.",
        )
    if last.mixture_beta < REJECTED:
        first = _since([record.mixture_beta < REJECTED for record in rounds])
        untaken = (
            "did not take the last newcomer" if first == last.index else f"has taken no newcomer since round {first}"
        )
        if saw_too_little(last):
            return f"{after} the mixture {untaken}.", UNTOLD
        if last.missing_mass < HARDLY:
            return f"{after} hardly anything is missing, and the mixture {untaken}.", REFINE
        return (
            f"{after} {last.missing_mass:.1%} of the data is missing, and the mixture {untaken}.",
            "Train each component for longer, or stop here.",
        )
    if saw_too_little(last):
        return f"{after} too few points were looked at to tell what is missing.", UNTOLD
    if last.missing_mass < HARDLY:
        return (
            f"{after} hardly anything is missing; what differs is the shape of what is there.",
            REFINE,
        )
    if last.missing_mass_interval is not None and last.missing_mass_interval[0] == 0:
        return (
            f"{after} {last.missing_mass:.1%} of the data may be missing, or nothing: the interval holds 0.",
            "Give it more data, or stop here; more rounds have nothing to go by.",
        )
    return (
        f"{after} boosting is still at work: {last.missing_mass:.1%} of the data was missing before the last one.",
        "Run more rounds.",
    )


def _advice(left: Finding) -> str:
    if left.verdict == "nothing found":
        return REFINE
    return "Run more rounds, or look at what is missing: see below." if left.verdict == "missing" else UNTOLD


def _since(holds: Sequence[bool]) -> int:
    """The first of the last rounds in a row of which something holds."""
    first = len(holds)
    while first > 1 and holds[first - 2]:
        first -= 1
    return first


def verdict_paragraphs(rounds: Sequence[Round], stopped: str = "", kept: int | None = None) -> str:
    """The overall verdict, the last round's own, why the run stopped, and a caution where the numbers may be off.

    Args:
        rounds: The records, 1 or more.
        stopped: Why a stopping rule ended the run; empty when none did.
        kept: How many components the run kept; ``None`` means all.
    """
    state, advice = overall(rounds)
    lines = [f'<p class="lead">{escaped(state)}</p>', f"<p>{escaped(verdict(rounds[-1]))}</p>"]
    if stopped:
        lines.append(f"<p><b>Stopped by its rule:</b> {escaped(stopped)}.</p>")
    if kept is not None and kept < len(rounds):
        lines.append(
            f"<p><b>Kept:</b> the mixture after round {kept}. By the critic of round {len(rounds)}, which judges them "
            "all, none of the later ones is clearly better.</p>"
        )
    lines.append(f"<p><b>Next:</b> {escaped(advice)}</p>")
    noted = [record.index for record in rounds if record.notes]
    if noted:
        which = f"round {noted[0]}" if len(noted) == 1 else f"{len(noted)} rounds, from round {noted[0]} on"
        lines.append(f"<p><b>Mind:</b> there are notes on {which}; see the rounds in words.</p>")
    return "\n".join(lines)


def fact_list(rounds: Sequence[Round], num_points: int) -> str:
    """The few numbers that a reader in a hurry wants."""
    last = rounds[-1]
    return _pairs(
        {
            "rounds": len(rounds),
            "data points": f"{num_points:,}",
            **(
                {"missing before the last round": _missing(last)}
                if last.left is None
                else {"missing": _left(last.left)}
            ),
            "critic's accuracy (chance .5)": f"{last.calibration.accuracy:.3f}",
            "divergence now": _interval(last.divergence, last.divergence_error),
        },
        "<div>{}</div>",
    )


def curve_panels(rounds: Sequence[Round], num_points: int) -> str:
    """The curves over the rounds, each with a caption that says what is good."""
    calibrations = [record.calibration for record in rounds]
    divergence = Series(
        "divergence", [r.divergence for r in rounds], [NORMAL_QUANTILE * record.divergence_error for record in rounds]
    )
    missing = Series(
        "missing mass",
        [record.missing_mass for record in rounds],
        [NORMAL_QUANTILE * (record.missing_mass_error or 0) for record in rounds],
    )
    prefixes = rounds[-1].prefixes
    judged = Series(
        "divergence by one critic", prefixes.divergences, [NORMAL_QUANTILE * error for error in prefixes.errors]
    )
    accuracy = Series("accuracy", [record.accuracy for record in calibrations])
    mean_ratio = Series(
        "E_data[u]", [c.mean_ratio for c in calibrations], [NORMAL_QUANTILE * c.mean_ratio_error for c in calibrations]
    )
    error = Series("calibration error", [record.error for record in calibrations])
    beta = Series("beta", [record.beta for record in rounds])
    newcomer = Series("newcomer's mixture weight", [record.mixture_beta for record in rounds])
    size = Series("effective sample size", [record.effective_sample_size for record in rounds])
    spread = min(record.effective_sample_size for record in rounds) < num_points / 10
    panels = [
        _curve(divergence, f"{rounds[-1].divergence_name}, after the round; lower is better"),
        _curve(
            accuracy,
            "after the round; at .5, chance, samples look like data",
            levels={"chance": 0.5},
            lowest=0.45,
            highest=1.0,
        ),
        _curve(mean_ratio, "after the round; at most 1 when the critic is right", levels={"limit": 1.0}),
        _curve(error, "of the critic after the round; 0 is ideal"),
        _curve(newcomer, "and beta, its share in the target, which can differ", beta, highest=1.0, shares=True),
        _curve(
            size,
            "of the data weights; few points make a poor newcomer",
            levels={"all points": num_points},
            logarithmic=spread,
        ),
    ]
    if len(rounds) > 1:
        panels.insert(1, _curve(judged, "all by the last critic; bars are against the lowest"))
        panels.insert(1, _curve(missing, "before the round, from round 2 on; lower is better", shares=True))
    return "\n".join(panels)


def _curve(line: Series, remark: str, *others: Series, **options: Any) -> str:
    """A panel with a curve; the alternative text says where it begins and ends."""
    course = ", ".join(_course(series) for series in (line, *others))
    return panel(curves([line, *others], **options), line.label, remark, f"Curve over the rounds: {course}")


def _course(line: Series) -> str:
    found = [(index, value) for index, value in enumerate(line.values, start=1) if value is not None]
    (first, start), (last, end) = found[0], found[-1]
    course = f"{line.label} {start:.3g} in round {first}"
    return course if first == last else f"{course}, {end:.3g} in round {last}"


def reliability_text(calibration: Calibration) -> str:
    """How to read the reliability diagram, and what it says here."""
    edge = "beats chance" if calibration.beats_chance else "does not beat chance"
    normalised = "at most 1 as it should be" if calibration.mean_ratio <= 1 else "close enough to at most 1"
    if not calibration.is_normalised:
        normalised = "more than 1, so that its ratios are off"
    return (
        "When the critic says that a point is data with a probability of 70 %, seven in ten such points should be "
        "data: dots on the dotted line are ideal. Bars below show where the points are; hollow dots have hardly any. "
        f"This critic's calibration error is {calibration.error:.3f}; its E_data[u] is "
        f"{_interval(calibration.mean_ratio, calibration.mean_ratio_error)}, {normalised}; with an accuracy of "
        f"{calibration.accuracy:.3f} it {edge}."
    )


COLUMNS = (
    "round", "missing before", "beta", "lambda", "newcomer's weight", "points kept", "effective sample size",
    "divergence", "accuracy (level)", "E_data[u]", "calibration error", "gamma / bound", "CPU s",
)  # fmt: skip


def rounds_table(rounds: Sequence[Round]) -> str:
    """One row per round."""
    rows = []
    for record in rounds:
        calibration = record.calibration
        bound = "–" if record.gamma_bound is None else f"{record.gamma_bound:.2g}"
        cells = (
            _missing(record),
            f"{record.beta:.3f}",
            "–" if record.level is None else f"{record.level:.3f}",
            f"{record.mixture_beta:.1%}",
            f"{record.kept_share:.0%}",
            f"{record.effective_sample_size:,.0f}",
            _interval(record.divergence, record.divergence_error),
            f"{calibration.accuracy:.3f}" + _doubt(calibration),
            _interval(calibration.mean_ratio, calibration.mean_ratio_error),
            f"{calibration.error:.3f}",
            "–" if record.gamma is None else f"{record.gamma:.2g} / {bound}",
            f"{record.cpu_seconds:,.1f}",
        )
        row = "".join(f"<td>{escaped(cell)}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{escaped(record.index)}</th>{row}</tr>')
    head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in COLUMNS)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def sentences(rounds: Sequence[Round]) -> str:
    """The verdict of every round, its notes under it."""
    items = []
    for record in rounds:
        notes = "".join(f"<li>Note: {escaped(note)}.</li>" for note in record.notes)
        items.append(f"<li>{escaped(verdict(record))}" + (f"<ul>{notes}</ul>" if notes else "") + "</li>")
    return "\n".join(items)


def making_list(
    content: Mapping[str, Any], rounds: Sequence[Round], mixture: Mixture, shown: Mapping[str, object]
) -> str:
    """Where the run comes from."""
    return _pairs(
        {
            "data": f"{content['num_points']:,} points of shape {tuple(content['event_shape'])}",
            "fingerprint of the data (SHA-256)": content["data"],
            "components": ", ".join(sorted({type(component).__name__ for component in mixture.components})),
            "seed of the run": content["seed"],
            "CPU time": f"{sum(record.cpu_seconds for record in rounds):,.1f} seconds",
            "wall time": f"{sum(record.seconds for record in rounds):,.1f} seconds",
            "divergence": rounds[-1].divergence_name,
            "report written by": f"adagan {adagan.__version__}",
            **shown,
        }
    )


def _missing(record: Round) -> str:
    """The missing mass and the half width of its 95 % interval, in per cent."""
    if record.missing_mass is None or record.missing_mass_error is None:
        return "–"
    return f"{record.missing_mass:.1%} ± {100 * NORMAL_QUANTILE * record.missing_mass_error:.1f}"


def _left(left: Finding) -> str:
    """The missing mass and its 95 % interval."""
    if left.verdict == "cannot tell":
        return "cannot tell"
    return f"{left.value:.1%} ({left.low:.1%} to {left.high:.1%})" if left.verdict == "missing" else "nothing found"


def _doubt(calibration: Calibration) -> str:
    """The level of the critic's edge where it may be luck, nothing otherwise."""
    return "" if calibration.beats_chance else f" ({calibration.level:.2g})"


def _interval(value: float, error: float) -> str:
    """A value and the half width of its 95 % interval."""
    return f"{value:.3f} ± {NORMAL_QUANTILE * error:.3f}".replace("-", "−")


def _pairs(entries: Mapping[str, object], around: str = "{}") -> str:
    return "\n".join(around.format(f"<dt>{escaped(k)}</dt><dd>{escaped(v)}</dd>") for k, v in entries.items())
