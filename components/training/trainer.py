"""What every training by Lightning shares here: a quiet trainer, progress, and an end when it diverges."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from adagan.components.training.logged_losses import OwnCallback
from adagan.components.training.progress import announce
from adagan.components.training.quiet import quiet_lightning
from adagan.components.training.trainer_options import trainer_settings
from adagan.mixtures.errors import UserError

CHECK_EVERY = 50


class TrainingDiverged(UserError, RuntimeError):  # noqa: N818 (it says what happened, as StopIteration does)
    """A loss became NaN or infinite, or a trained network returns such values."""


class Watch(OwnCallback):
    """Announces the steps done (see `adagan.components.training.progress`), and ends a training at the last of them.

    It comes earlier for one whose loss is no longer finite: `TrainingDiverged`.

    Args:
        stage: What is being trained, for progress and messages.
        num_steps: Minibatches in all, which the number of epochs need not divide.
    """

    def __init__(self, stage: str, num_steps: int) -> None:
        self.stage, self.num_steps = stage, num_steps

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = step_of(pl_module)
        is_last = step + 1 >= self.num_steps
        if is_last or (step + 1) % CHECK_EVERY == 0:
            announce(self.stage, step + 1, self.num_steps)
        if is_last or step % CHECK_EVERY == 0:
            self._check(outputs.get("loss") if isinstance(outputs, Mapping) else outputs, step)
        if is_last:
            trainer.should_stop = True

    def _check(self, loss: Any, step: int) -> None:
        if isinstance(loss, Tensor) and not bool(torch.isfinite(loss).all()):
            raise TrainingDiverged(
                f"{self.stage} diverged at step {step + 1}: its loss is {float(loss)}; lower the learning rate, "
                "raise the gradient penalty, or scale the data"
            )


def step_of(module: LightningModule) -> int:
    """The index of the minibatch that a module is being trained on, from 0, counted over all epochs."""
    index: int = module.trainer.fit_loop.total_batch_idx
    return index


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


@contextmanager
def _precision_given_back(module: LightningModule) -> Iterator[None]:
    """A training in another precision converts the module; what samples is as it was made."""
    kept = {name: value.dtype for name, value in _values(module)}
    yield
    for name, value in _values(module):
        if value.dtype != kept.get(name, value.dtype):
            value.data = value.data.to(kept[name])


def _values(module: LightningModule) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def train(
    module: LightningModule,
    batches: DataLoader[Any],
    stage: str,
    device: torch.device,
    options: Mapping[str, Any] | None = None,
    *,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Runs Lightning's trainer over `batches` once, on the device where the data are; nothing of it stays.

    Args:
        module: What to train; its ``training_step`` returns the loss.
        batches: The minibatches, as many as there are to be steps.
        stage: What is being trained, for progress and messages.
        device: Where.
        options: Arguments of ``lightning.Trainer`` of the user's, see `trainer_settings`.
        callbacks: Our own ones, used as they are.

    Raises:
        TrainingDiverged: A loss is NaN or infinite.
        ValueError: Options that Lightning, or a training here, refuses.
    """
    num_steps = len(batches)
    settings = trainer_settings(options or {}, module, num_steps, device)
    settings["callbacks"] = [*settings["callbacks"], *callbacks, Watch(stage, num_steps)]
    with quiet_lightning():
        try:
            trainer = Trainer(**settings)
        except (TypeError, ValueError, MisconfigurationException) as error:
            raise UserError(f"trainer_options: lightning.Trainer refuses them: {error}") from error
        try:
            with _interruptible(trainer), _precision_given_back(module):
                trainer.fit(module, batches)
            if step_of(module) < 0:
                raise UserError(
                    f"trainer_options: {stage} was not trained on a single minibatch; raise max_time, max_steps or "
                    "limit_train_batches"
                )
        except MisconfigurationException as error:
            raise UserError(f"trainer_options: lightning.Trainer refuses them: {error}") from error
        finally:
            module.trainer = None  # it would keep loaders and optimisers alive
    module.to(device)
