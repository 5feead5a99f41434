"""When to stop: rules that read the records of the rounds and say why no further round is worth its time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from adagan.mixtures.errors import UserError
from adagan.mixtures.parameters import Parameters
from adagan.round import HARDLY, REJECTED, Round, power, saw_too_little

CLEARLY = 3.0
"""Standard errors by which a newcomer has to improve a mixture that no critic tells from the data."""


class StoppingRule(Parameters, ABC):
    """The contract: the records so far in, a reason to stop and the best prefix out; stateless.

    A resumed run reads the same records and so stops alike.
    """

    @abstractmethod
    def reason(self, rounds: Sequence[Round]) -> str:
        """Why to stop after these rounds, 0 or more, in one sentence; empty means to go on."""

    def keep(self, rounds: Sequence[Round]) -> int:
        """How many of these rounds, 1 or more, the model is to keep when the run ends.

        All prefixes are judged by the last round's critic; see `adagan.prefixes.Prefixes.best`.
        """
        return rounds[-1].prefixes.best()


class Never(StoppingRule):
    """Runs all the rounds, and keeps them."""

    def reason(self, rounds: Sequence[Round]) -> str:
        return ""

    def keep(self, rounds: Sequence[Round]) -> int:
        return len(rounds)


class NothingLeft(StoppingRule):
    """Stops when the critic sees nothing more, when nothing more is missing, or when rounds no longer help.

    The four tests are: the sharp critic does not beat chance on held-out points; less than `missing_mass` was found
    missing for `patience` rounds in a row, so that what is left is the shape of what is there, which
    refinement corrects; the last `patience` newcomers were all rejected; the mixture from before the last `patience`
    rounds is as good as the present one.

    A rare mode is easily overlooked, so the first test holds at once only where less than `missing_mass` was found
    missing before, or, in a first round, where the sharp critic could have seen so little. Otherwise it has to hold for
    `patience` rounds in a row, and either the sharp critic could have seen what was found missing, or the last newcomer
    did not clearly improve the mixture. Where too few points were looked at to tell, or the critic did not learn even
    the points that it was given, nothing found counts for nothing.

    Args:
        missing_mass: Share of the data below which nothing counts as missing.
        patience: Number of rounds in a row, 1 or more.
    """

    def __init__(self, missing_mass: float = HARDLY, patience: int = 2) -> None:
        if not 0 <= missing_mass < 1:
            raise UserError(f"missing_mass: expected a share in [0, 1), got {missing_mass}")
        if patience < 1:
            raise UserError(f"patience: expected 1 or more, got {patience}")
        self.missing_mass, self.patience = missing_mass, patience

    def reason(self, rounds: Sequence[Round]) -> str:
        if self._sees_nothing(rounds):
            latest = rounds[-1]
            return f"after round {latest.index} the critic tells samples from data no better than chance" + power(
                latest.calibration
            )
        boosted = [record for record in rounds if record.missing_mass is not None][-self.patience :]
        if len(boosted) < self.patience:
            return ""
        seen = not any(saw_too_little(record) for record in boosted)
        if seen and all((record.missing_mass or 0.0) < self.missing_mass for record in boosted):
            return (
                f"less than {self.missing_mass:.1%} of the data was missing before each of the last {self.patience} "
                "rounds: what is left is the shape of what is there, which refinement corrects"
            )
        if all(record.mixture_beta < REJECTED for record in boosted):
            return (
                f"the last {self.patience} newcomers were rejected: components this weak no longer improve the mixture"
            )
        kept = self.keep(rounds)
        if kept <= len(rounds) - self.patience:
            return f"the mixture after round {kept} is as good as the one after round {len(rounds)}"
        return ""

    def _sees_nothing(self, rounds: Sequence[Round]) -> bool:
        latest = rounds[-self.patience :]
        if not latest or latest[-1].calibration.beats_chance:
            return False
        if latest[-1].calibration.has_learnt_nothing:
            return False
        visible = latest[-1].calibration.visible_mass or 0.0
        missing = visible if latest[-1].missing_mass is None else latest[-1].missing_mass
        if missing < self.missing_mass:
            return True
        if len(latest) < self.patience or any(record.calibration.beats_chance for record in latest):
            return False
        return visible < missing or latest[-1].prefixes.best(CLEARLY) < len(rounds)


class NothingMissing(StoppingRule):
    """Stops when a look at the mixture finds nothing missing, cannot tell, or newcomers are no longer taken.

    It reads what is missing *after* the rounds (`Round.left`), which runs with ``rounds="auto"`` or a budget record.

    Args:
        patience: Newcomers in a row that are not taken, 1 or more.
    """

    def __init__(self, patience: int = 2) -> None:
        if patience < 1:
            raise UserError(f"patience: expected 1 or more, got {patience}")
        self.patience = patience

    def reason(self, rounds: Sequence[Round]) -> str:
        if not rounds:
            return ""
        left, latest = rounds[-1].left, rounds[1:][-self.patience :]
        if left is not None and left.verdict != "missing":
            return left.words
        if len(latest) == self.patience and all(record.mixture_beta < REJECTED for record in latest):
            return (
                "the last newcomer was not taken"
                if self.patience == 1
                else (
                    f"the last {self.patience} newcomers were not taken: nothing tried so far repairs what is missing"
                )
            )
        return ""


STOPS: tuple[type[StoppingRule], ...] = (Never, NothingLeft, NothingMissing)
"""Every rule; the command line reads this list."""
