"""What every training by Lightning shares here: a quiet trainer, progress, and an end when it diverges.

Lightning itself is imported by what trains, when it trains.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from adagan.components.training.checkpoints.kept_trainings import next_kept
from adagan.components.training.inherited_options import inherited_options
from adagan.components.training.progress import step_of
from adagan.components.training.quiet import quiet_lightning
from adagan.components.training.resumable_loader import ResumableLoader
from adagan.mixtures.errors import UserError

if TYPE_CHECKING:
    from lightning.pytorch import Callback, LightningModule, Trainer


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
    draws_alone: bool = False,
) -> None:
    """Runs Lightning's trainer over `batches` once, on the device where the data are; nothing of it stays.

    Args:
        module: What to train; its ``training_step`` returns the loss.
        batches: The minibatches, as many as there are to be steps.
        stage: What is being trained, for progress and messages.
        device: Where.
        options: Arguments of ``lightning.Trainer`` of the user's, see `trainer_settings`.
        callbacks: Our own ones, used as they are.
        draws_alone: Whether the module draws what is random in its steps without regard to other ranks; each of these
            then has a seed of its own.

    Raises:
        TrainingDiverged: A loss is NaN or infinite.
        ValueError: Options that Lightning, or a training here, refuses.
        UnusableCheckpoint: What was kept of this training (`keeping`) is of no use.
    """
    # here, as components are made, and their options read, without Lightning, whose import takes seconds
    from lightning.fabric.utilities.exceptions import MisconfigurationException
    from lightning.pytorch import Trainer

    from adagan.components.training.checkpoints.keeper import Keeper
    from adagan.components.training.ranks.shared_training import shared_training
    from adagan.components.training.trainer_options import trainer_settings
    from adagan.components.training.watch import Watch

    num_steps = len(batches)
    settings = trainer_settings({**inherited_options(), **(options or {})}, module, num_steps, device)
    kept = next_kept(stage, num_steps) if isinstance(batches, ResumableLoader) else None
    keeper = None if kept is None else Keeper(kept)
    own = [*callbacks, Watch(stage, num_steps), *([] if keeper is None else [keeper])]
    settings["callbacks"] = [*settings["callbacks"], *own]
    with quiet_lightning():
        try:
            trainer = Trainer(**settings)
        except (TypeError, ValueError, MisconfigurationException) as error:
            raise UserError(f"trainer_options: lightning.Trainer refuses them: {error}") from error
        try:
            shared = shared_training(trainer, module, batches, device, draws_alone)
            with _interruptible(trainer), _precision_given_back(module), shared:
                is_taken_over = keeper is not None and not keeper.fit(trainer, module, batches)
                if keeper is None:
                    trainer.fit(module, batches)
            if not is_taken_over and step_of(module) < 0:
                raise UserError(
                    f"trainer_options: {stage} was not trained on a single minibatch; raise max_time, max_steps or "
                    "limit_train_batches"
                )
        except MisconfigurationException as error:
            raise UserError(f"trainer_options: lightning.Trainer refuses them: {error}") from error
        finally:
            module.trainer = None  # it would keep loaders and optimisers alive
    module.to(device)
