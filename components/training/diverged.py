"""What ends a training that went wrong."""

from __future__ import annotations

from adagan.mixtures.errors import UserError


class TrainingDiverged(UserError, RuntimeError):  # noqa: N818 (it says what happened, as StopIteration does)
    """A loss became NaN or infinite, or a trained network returns such values."""
