"""What every training by Lightning shares here: a quiet trainer, progress, and an end when it diverges."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from adagan.components.training.progress import announce
from adagan.mixtures.errors import UserError

CHECK_EVERY = 50


class TrainingDiverged(UserError, RuntimeError):  # noqa: N818 (it says what happened, as StopIteration does)
    """A loss became NaN or infinite, or a trained network returns such values."""


class Progress(Callback):
    """Announces the steps done to whoever listens (see `adagan.components.training.progress`)."""

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        total = int(trainer.num_training_batches)
        if (batch_idx + 1) % CHECK_EVERY == 0 or batch_idx + 1 == total:
            announce(self.stage, batch_idx + 1, total)


class DivergenceGuard(Callback):
    """Raises `TrainingDiverged` when the step's loss is no longer finite.

    Args:
        stage: What is being trained, for the message.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx % CHECK_EVERY and batch_idx + 1 != trainer.num_training_batches:
            return
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if isinstance(loss, Tensor) and not bool(torch.isfinite(loss).all()):
            raise TrainingDiverged(
                f"{self.stage} diverged at step {batch_idx + 1}: its loss is {float(loss)}; lower the learning rate, "
                "raise the gradient penalty, or scale the data"
            )


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Hides notices that are about how Lightning is usually launched, not about what the user did."""
    with warnings.catch_warnings():
        for message in (
            ".*does not have many workers.*",
            ".*`IterableDataset` has `__len__` defined.*",
            ".*GPU available but not used.*",
            ".*The `srun` command is available.*",
            ".*Detected call of `lr_scheduler.step\\(\\)` before.*",  # a generator waits for its discriminator's steps
            ".*You are trying to `self.log\\(\\)`.*",
            ".*Please use `torch.utils._pytree.*",
            ".*isinstance\\(treespec, LeafSpec\\).*",
        ):
            warnings.filterwarnings("ignore", message=message)
        loggers = [logging.getLogger(name) for name in ("lightning.pytorch.utilities.rank_zero", "lightning.fabric")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def _interruptible(trainer: Trainer) -> Iterator[None]:
    """Passes Ctrl-C on: Lightning answers it with ``sys.exit`` and leaves further ones ignored."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as stopped:
        if not trainer.interrupted:
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from stopped


def train(
    module: LightningModule,
    batches: DataLoader[Any],
    stage: str,
    device: torch.device,
    options: Mapping[str, Any] | None = None,
) -> None:
    """One pass of Lightning's trainer over `batches`, on the device where the data are.

    Args:
        module: What to train; its ``training_step`` returns the loss.
        batches: The minibatches, as many as there are to be steps.
        stage: What is being trained, for progress and messages.
        device: Where.
        options: Arguments of ``lightning.Trainer`` that override or extend the defaults; ``callbacks`` are added.

    Raises:
        TrainingDiverged: A loss is NaN or infinite.
        ValueError: Options that Lightning refuses.
    """
    settings: dict[str, Any] = {
        "accelerator": "gpu" if device.type == "cuda" else device.type,
        "devices": 1 if device.index is None or device.type != "cuda" else [device.index],
        "max_epochs": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        **(options or {}),
    }
    own = settings.get("callbacks") or []
    settings["callbacks"] = [*([own] if isinstance(own, Callback) else own), Progress(stage), DivergenceGuard(stage)]
    with _quiet_lightning():
        try:
            trainer = Trainer(**settings)
        except (TypeError, ValueError, MisconfigurationException) as error:
            raise UserError(f"trainer_options: lightning.Trainer refuses them: {error}") from error
        with _interruptible(trainer):
            trainer.fit(module, batches)
    module.to(device)
