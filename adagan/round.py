"""The record of one round of boosting, and what it says in plain words."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from adagan.components.critics.calibration import TOO_LITTLE, Calibration
from adagan.estimate import Estimate
from adagan.missing.finding import Finding
from adagan.mixtures.parameters import html_table
from adagan.mixtures.storage.records import record_of
from adagan.prefixes import Prefixes

REJECTED = 1e-3
"""A newcomer with less mixture weight than this counts as rejected."""
HARDLY = 0.02
"""Below this share of the data, hardly anything is missing."""


@dataclass(frozen=True)
class Round:
    """What a round did and found; every number is about the mixture *after* the round unless it says otherwise.

    Standard errors are in closed form and over the points; the luck of a critic's training comes on top.

    Attributes:
        index: t, from 1.
        beta: The newcomer's share in the target that its data weights describe; 1 in the first round.
        level: The normaliser lambda of the data weights, if the rule has one.
        kept_share: Share of the points that kept weight.
        effective_sample_size: 1/Σw² of the data weights.
        missing_mass: Share of the data that was missing *before* the round, as of `adagan.missing_mass`, or
            E_data[(1 − u)_+] by a coarse critic; ``None`` in round 1.
        missing_mass_error: Its standard error; where nothing was found, that of what could have been overlooked.
        weights: The mixture weights after the round, K numbers; the newcomer's is the last.
        divergence: Estimated D_f(mixture ‖ data), by the critic at held-out points.
        divergence_error: Its standard error.
        divergence_name: Which f-divergence.
        prefixes: The divergences of the mixtures after this and all earlier rounds, all by this round's critic.
        gamma: D_f(newcomer ‖ target)/D_f(old mixture ‖ data): how weak the newcomer was allowed to be, and how weak it
            was; ``None`` in round 1.
        gamma_bound: What gamma must stay below for the star update to contract, (1 − √(1 − beta))²/beta.
        calibration: The critic's record: E_data[u], its edge over chance and the level of that.
        seconds: Wall time of the round.
        cpu_seconds: CPU time of the process during the round.
        notes: Sentences on anything unusual, in the newcomer's training too.
        missing_visible: Share of the data that a region without samples must hold to be seen; ``None`` where not known.
        left: What is missing *after* the round; ``None`` where nobody looked.
        training_cpu_seconds: CPU time of the newcomer's training alone; ``None`` where not known.
    """

    index: int
    beta: float
    level: float | None
    kept_share: float
    effective_sample_size: float
    missing_mass: float | None
    missing_mass_error: float | None
    weights: tuple[float, ...]
    divergence: float
    divergence_error: float
    divergence_name: str
    prefixes: Prefixes
    gamma: float | None
    gamma_bound: float | None
    calibration: Calibration
    seconds: float
    cpu_seconds: float
    notes: tuple[str, ...] = ()
    missing_visible: float | None = None
    left: Finding | None = None
    training_cpu_seconds: float | None = None

    @property
    def mixture_beta(self) -> float:
        """The newcomer's share in the mixture, beside `beta`, its share in the target."""
        return self.weights[-1]

    @property
    def divergence_interval(self) -> tuple[float, float]:
        """The 95 % interval of the divergence."""
        return Estimate(self.divergence, self.divergence_error).interval

    @property
    def missing_mass_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the missing mass, a share; ``None`` in round 1."""
        if self.missing_mass is None or self.missing_mass_error is None:
            return None
        low, high = Estimate(self.missing_mass, self.missing_mass_error).interval
        return max(low, 0.0), min(high, 1.0)

    def _repr_html_(self) -> str:
        gap = f"{self.divergence:.3f} ± {self.divergence_error:.3f}"
        rows = {self.divergence_name: gap, "weights": ", ".join(f"{weight:.3f}" for weight in self.weights)}
        return html_table(verdict(self), {**rows, **{f"note {i}": note for i, note in enumerate(self.notes, start=1)}})

    def to_json(self) -> dict[str, Any]:
        """Finite numbers, strings, lists and mappings; JSON has no infinity, which becomes the string "inf"."""
        fields: dict[str, Any] = _written(asdict(self))
        return fields

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Round:
        """The record that `to_json` wrote.

        Raises:
            TypeError: It is another one.
        """
        return record_of(cls, _read(content))


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_written(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _read(part) for name, part in value.items()}
    if isinstance(value, list):
        return tuple(_read(part) for part in value)
    return float(value) if value in ("inf", "-inf", "nan") else value


def gamma_bound(beta: float) -> float:
    """(1 − √(1 − beta))²/beta: the star update contracts if and only if gamma is below (AdaGAN, section 3)."""
    return (1 - math.sqrt(1 - beta)) ** 2 / beta


def was_missing(record: Round) -> bool:
    """Whether more than hardly anything was found missing before the round."""
    return record.missing_mass is not None and record.missing_mass >= HARDLY


def saw_too_little(record: Round) -> bool:
    """Whether nothing was found missing before the round because too few points were looked at to tell."""
    return bool(record.missing_mass == 0 and record.missing_visible is not None and record.missing_visible > TOO_LITTLE)


def power(calibration: Calibration) -> str:
    """What the critic's points allow it to see, in brackets, with a space before; empty where it is not known."""
    if calibration.visible_mass is None:
        return ""
    if calibration.visible_mass == 1:
        return " (there are too few points to tell)"
    return f" (it tells a difference that concerns {calibration.visible_mass:.1%} of the data or more)"


def cure_of_starved(calibration: Calibration) -> str:
    """What would let a critic tell that could not."""
    if calibration.has_learnt_nothing:
        return "it knows not even the points that it learnt from: give it more training, such as a larger max_steps"
    visible = calibration.visible_mass or 0.0
    if visible == 1:
        return "it has too few points: give it more data"
    times = math.ceil((visible / TOO_LITTLE) ** 2)
    return (
        f"it tells a difference that concerns {visible:.1%} of the data or more; with {times} times as many points, "
        f"of {TOO_LITTLE:.0%}"
    )


def verdict(record: Round) -> str:
    """One sentence for a reader in a hurry: what this round says, and whether to go on."""
    head = f"Round {record.index}: "
    if record.left is not None:
        return head + f"{_newcomer(record)}; {record.left.words}."
    if not record.calibration.beats_chance:
        chance = head + "the critic tells samples from data no better than chance"
        if was_missing(record):
            return (
                f"{chance}{power(record.calibration)}; as {record.missing_mass:.1%} of the data was missing before it, "
                "let another round confirm."
            )
        if record.calibration.is_starved:
            return f"{chance}, and cannot tell whether they differ: {cure_of_starved(record.calibration)}."
        return f"{chance}{power(record.calibration)}; stop here."
    if record.index > 1 and record.mixture_beta < REJECTED:
        return head + "the newcomer was rejected (its mixture weight is zero); more training per round may help."
    accuracy = (
        f"the critic tells samples from data with an accuracy of {record.calibration.accuracy:.3f} (chance is .5)"
    )
    if record.missing_mass is None:
        return head + f"a first component is in place; {accuracy}."
    if saw_too_little(record):
        return head + (
            "too few points to tell what was missing before it (only a region of "
            f"{record.missing_visible:.0%} of the data or more would have been seen); {accuracy}."
        )
    if record.missing_mass < HARDLY:
        return head + (
            f"before it hardly anything was missing ({record.missing_mass:.1%} of the data); {accuracy}: what is left "
            "is the shape of what is there, which refinement corrects better than more rounds."
        )
    return head + (
        f"before it {record.missing_mass:.1%} of the data was missing; the newcomer took {record.mixture_beta:.1%} "
        f"of the mixture; {accuracy}."
    )


def _newcomer(record: Round) -> str:
    """What became of the newcomer, half a sentence."""
    if record.index == 1:
        return "a first component is in place"
    if record.mixture_beta < REJECTED:
        return "the newcomer was not taken, as the mixture is not clearly better with it"
    return f"the newcomer took {record.mixture_beta:.1%} of the mixture"
