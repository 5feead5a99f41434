"""What a look at a mixture found, in the few numbers that records keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["missing", "nothing found", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """How much of the data a mixture misses, without saying where; see `adagan.missing.missing_mass.Missing`.

    Attributes:
        value: At least so much is missing, a share of the data.
        low: Lower end of its 95 % interval.
        high: Upper end.
        visible: The share of the data that a region without any samples must hold to be seen.
        num_samples: How many samples it rests on.
        rejected: Share of the draws that was rejected before the others were counted.
        verdict: Whether something is missing, nothing was found, or too little was seen to tell.
    """

    value: float
    low: float
    high: float
    visible: float
    num_samples: int
    rejected: float
    verdict: Verdict

    @property
    def words(self) -> str:
        """Half a sentence."""
        if self.verdict == "missing":
            behind = f", behind the {self.rejected:.0%} of its samples that lie where no data are" * (self.rejected > 0)
            return f"at least {self.value:.1%} of the data is missing ({self.low:.1%} to {self.high:.1%}){behind}"
        if self.verdict == "nothing found":
            return f"nothing is missing that {self.num_samples:,} samples can show"
        return f"cannot tell what is missing: only a region of {self.visible:.0%} of the data or more would be seen"
