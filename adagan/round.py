"""The record of one round of boosting, and what it says in plain words."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from adagan.components.calibration import Calibration

REJECTED = 1e-3
"""A newcomer with less mixture weight than this counts as rejected."""


@dataclass(frozen=True)
class Round:
    """What a round did and found; every number is about the mixture *after* the round unless it says otherwise.

    Attributes:
        index: t, from 1.
        beta: The newcomer's share in the target that its data weights describe; 1 in the first round.
        level: The normaliser lambda of the data weights, if the rule has one.
        kept_share: Share of the points that kept weight.
        effective_sample_size: 1/Σw² of the data weights.
        missing_mass: E_data[(1 − u)_+] *before* the round, at the coarse critic's resolution; ``None`` in round 1.
        weights: The mixture weights after the round, K numbers; the newcomer's is the last.
        divergence: Estimated D_f(mixture ‖ data), by the critic at held-out points.
        divergence_error: Its standard error over the points (not over critics).
        divergence_name: Which f-divergence.
        gamma: D_f(newcomer ‖ target)/D_f(old mixture ‖ data): how weak the newcomer was allowed to be, and how weak it
            was; ``None`` in round 1.
        gamma_bound: What gamma must stay below for the star update to contract, (1 − √(1 − beta))²/beta.
        calibration: The critic's record.
        seconds: Wall time of the round.
        cpu_seconds: CPU time of the process during the round.
        notes: Sentences on anything unusual.
    """

    index: int
    beta: float
    level: float | None
    kept_share: float
    effective_sample_size: float
    missing_mass: float | None
    weights: tuple[float, ...]
    divergence: float
    divergence_error: float
    divergence_name: str
    gamma: float | None
    gamma_bound: float | None
    calibration: Calibration
    seconds: float
    cpu_seconds: float
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, strings and lists."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Round:
        """The record that `to_json` wrote."""
        fields = _tuples(content)
        fields["calibration"] = Calibration(**_tuples(content["calibration"]))
        return cls(**fields)


def _tuples(content: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}


def gamma_bound(beta: float) -> float:
    """(1 − √(1 − beta))²/beta: the star update contracts if and only if gamma is below (AdaGAN, section 3)."""
    return (1 - math.sqrt(1 - beta)) ** 2 / beta


def verdict(record: Round) -> str:
    """One sentence for a reader in a hurry: what this round says, and whether to go on."""
    head = f"Round {record.index}: "
    if not record.calibration.beats_chance:
        return head + "the critic no longer tells samples from data better than chance; stop here."
    if record.index > 1 and record.weights[-1] < REJECTED:
        return head + "the newcomer was rejected (its mixture weight is zero); more training per round may help."
    accuracy = (
        f"the critic tells samples from data with an accuracy of {record.calibration.accuracy:.3f} (chance is .5)"
    )
    if record.missing_mass is None:
        return head + f"a first component is in place; {accuracy}."
    if record.missing_mass < 0.02:
        return head + (
            f"before it hardly anything was missing ({record.missing_mass:.1%} of the data); {accuracy}: what is left "
            "is the shape of what is there, which refinement corrects better than more rounds."
        )
    return head + (
        f"before it {record.missing_mass:.1%} of the data was missing; the newcomer took {record.weights[-1]:.1%} "
        f"of the mixture; {accuracy}."
    )
