"""What a training in another precision than single can and cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    from lightning.pytorch import Trainer


def check_average(trainer: Trainer, ema_decay: float) -> None:
    """Makes sure that an average has the bits to move by 1 − `ema_decay` of what is missing.

    Raises:
        ValueError: It is kept in 16 bits.
    """
    if ema_decay > 0 and str(trainer.precision) in ("bf16-true", "16-true"):
        raise UserError(
            f"trainer_options: precision={trainer.precision!r}: the parameters' average (ema_decay={ema_decay}) moves "
            "by steps that 16 bits cannot hold; take 'bf16-mixed', or ema_decay=0"
        )


def may_be_fused(trainer: Trainer) -> bool:
    """Whether an optimiser may be of the fast kind: under mixed precision Lightning clips no gradients for that one."""
    return not str(trainer.precision).endswith("mixed")
