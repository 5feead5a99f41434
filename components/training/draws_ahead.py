"""Row numbers of minibatches, drawn for many of them at once: a draw of few rows costs more than its rows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from adagan.components.training.row_draws import RowDraws
from adagan.mixtures.errors import UserError

AHEAD = 2**16
"""Rows that are drawn at once, about."""


class DrawsAhead:
    """The row numbers of one minibatch after another, on the CPU the same as if each had been drawn when it is wanted.

    Where it is, is kept as the state of the generator before the draw, and how many minibatches of it were taken: the
    others are drawn again.

    Args:
        draws: Draws them.
        batch_size: Rows of a minibatch.
        num_batches: How many will be wanted, about.
        generator: Of the draws.

    Attributes:
        batch_size: May be changed before the first draw.
        alone: Whether nobody else draws by the generator; if others do, nothing is drawn ahead.
    """

    def __init__(self, draws: RowDraws, batch_size: int, num_batches: int, generator: torch.Generator) -> None:
        self.draws, self.batch_size, self.num_batches, self.generator = draws, batch_size, num_batches, generator
        self.alone = True
        self._drawn: tuple[Tensor, ...] = ()
        self._before, self._taken = generator.get_state(), 0

    @property
    def ahead(self) -> int:
        """Minibatches that are drawn at once."""
        return max(min(AHEAD // self.batch_size, self.num_batches), 1) if self.alone else 1

    def next(self) -> Tensor:
        """The rows of the next minibatch, shape (batch_size,)."""
        if self._taken == len(self._drawn):
            self._draw()
        self._taken += 1
        return self._drawn[self._taken - 1]

    def _draw(self) -> None:
        self._before, self._taken = self.generator.get_state(), 0
        rows = self.draws(self.ahead * self.batch_size, self.generator, self.ahead)
        self._drawn = torch.split(rows, self.batch_size)

    def state_dict(self) -> dict[str, Any]:
        """Where the draws are."""
        if self._taken == len(self._drawn):
            return {"draws": self.generator.get_state(), "taken": 0}
        return {"draws": self._before, "taken": self._taken}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on with the draws from there.

        Raises:
            ValueError: More were taken than are drawn at once.
        """
        taken = int(state_dict.get("taken", 0))
        if not 0 <= taken <= self.ahead:
            raise UserError(f"taken: expected a number of minibatches from 0 to {self.ahead}, got {taken}")
        self.generator.set_state(state_dict["draws"])
        self._drawn, self._taken = (), 0
        if taken:
            self._draw()
            self._taken = taken
