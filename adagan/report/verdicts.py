"""What a run has reached, and what to do next: advice only where an interval or a test supports it."""

from __future__ import annotations

from collections.abc import Sequence

from adagan.missing.missing_mass import Missing
from adagan.report.numbers import share, share_range
from adagan.round import REJECTED, Round, cure_of_starved


def state_of(found: Missing) -> str:
    """What is missing, in a sentence for a reader in a hurry."""
    if found.verdict == "missing":
        regions = "1 region" if len(found.regions) == 1 else f"{len(found.regions)} regions"
        behind = f", behind the {share(found.rejected)} of the samples that lie where no data are" * (
            found.rejected > 0
        )
        lack = f"{share(found.value)} of the data is missing ({share_range(found.low, found.high)})"
        scale = f" {share(found.strays)} of the samples are far from all data: have they its scale?"
        return f"At least {lack}, in {regions}{behind}." + scale * (found.strays > 0.5)
    sentence = found.describe()
    return f"{sentence[0].upper()}{sentence[1:]}."


FAILED = "failed twice"
"""What a run says that ended because its newcomers did."""


def next_step(found: Missing, rounds: Sequence[Round] = (), stopped: str = "") -> str:
    """What to do next, and what says so; without anything that does, that there is nothing to advise.

    Args:
        found: What is missing of the mixture as it is.
        rounds: The records of the run, if it is a run's mixture.
        stopped: Why it ended.
    """
    last = rounds[-1] if rounds else None
    if found.verdict == "missing":
        lack = f"at least {share(found.low)} of the data is missing, by the lower end of the interval"
        if last is None:
            return f"Repair it: {lack}. adagan fit DATA --first-samples FILE trains a patch for what is missing."
        if FAILED in stopped:
            return f"Mend what the newcomers are made by, or take another kind, and resume: they failed, and {lack}."
        if last.index > 1 and last.mixture_beta < REJECTED:
            return (
                f"Train each component for longer, or take another kind: {lack}, and the last newcomer was not taken, "
                "as held-out points did not say that the mixture is better with it."
            )
        return f"Run more rounds: {lack}."
    if found.verdict == "cannot tell":
        return "Before more rounds, or none: what would tell stands above. Nothing here says that rounds would help."
    if last is None:
        return "Nothing: no region of the data is missing that so many samples can show."
    calibration = last.calibration
    if calibration.beats_chance:
        return (
            "Refine the samples: a critic still tells them from data that it did not learn from (accuracy "
            f"{calibration.accuracy:.3f}, which chance reaches with p = {calibration.level:.1g}), though no region is "
            "missing."
        )
    if calibration.is_starved:
        return (
            "Nothing: no region is missing. Whether samples differ from data in another way the critic cannot say: "
            f"{cure_of_starved(calibration)}."
        )
    return "Stop here: no region is missing, and a critic tells samples from data no better than chance."


def certainty(found: Missing, perfect: Missing | None) -> list[str]:
    """How sure the verdict is, in sentences."""
    lines = []
    if found.verdict == "missing":
        lines.append(
            f"The missing mass is a lower bound, {share(found.value)}, with a 95 % interval from "
            f"{share_range(found.low, found.high)}. Each region was found by exact binomial tests, corrected for all "
            "regions that were looked at, so that in 95 of 100 cases none is named of a model that misses nothing."
        )
    elif found.verdict == "nothing found":
        lines.append(f"If one region lacked, it would have gone unnoticed up to {share(found.high)} of the data.")
    if found.visible:
        lines.append(
            f"It rests on {len(found.log_ratio):,} data points and {found.num_samples:,} samples. A region of "
            f"{share(found.visible)} of the data or more would have been seen if the model left it out altogether; "
            "what is smaller, or only a little starved, is not looked for."
        )
    if perfect is not None:
        said = "nothing is missing" if perfect.verdict != "missing" else f"{share(perfect.value)} is missing"
        lines.append(
            f"A perfect model scores 0 on average. By way of a check, {perfect.num_samples:,} of the data points were "
            f"taken for the samples of one and compared with the others, {len(perfect.log_ratio):,}: {said} there "
            f"(what is visible at that size is {share(perfect.visible)})."
        )
    if found.strays > 0.01:
        lines.append(f"{share(found.strays)} of the samples lie far from all data and count for no region.")
    if found.rejected:
        lines.append(
            f"{share(found.rejected)} of the samples lie where no data are by the run's critic, and were left aside "
            "before the others were counted."
        )
    return lines
