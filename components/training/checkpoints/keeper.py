"""Keeps a training's state from time to time, and lets it go on from what was kept."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader

from adagan.components.training.checkpoints.attributes import LooseState
from adagan.components.training.checkpoints.chance import set_states_of_chance, states_of_chance
from adagan.components.training.checkpoints.checkpoint_io import OwnFile
from adagan.components.training.checkpoints.kept_trainings import (
    CheckpointNotWritten,
    KeptTraining,
    UnusableCheckpoint,
)
from adagan.components.training.checkpoints.tree_file import NotPlain
from adagan.components.training.logged_losses import OwnCallback
from adagan.components.training.resumable_loader import ResumableLoader
from adagan.mixtures.errors import UserError

OWN = "adagan"
"""Where what Lightning's checkpoints lack stands in ours."""


class Keeper(OwnCallback):
    """Runs a training whose state is kept, by Lightning's own checkpoints.

    They hold the module, its optimisers, schedules, loops and callbacks, and the loader's place. Beside that stand the
    generators of chance, the gradients, and numbers and tensors that modules keep as plain attributes. They are made
    when the next minibatch is asked for: then a step is complete, with all its hooks. What a user's ``ModelCheckpoint``
    knows of files that it may delete is no part of them.

    A training that several processes share is kept when its round is complete, and not before.

    Args:
        kept: Where.
    """

    def __init__(self, kept: KeptTraining) -> None:
        self._kept = kept
        self._loose: LooseState | None = None
        self._state: Mapping[str, Any] | None = None
        self._is_on = self._is_saving = self._is_final = False
        self._is_possible = True

    def fit(self, trainer: Trainer, module: LightningModule, batches: DataLoader[Any]) -> bool:
        """Trains, from the beginning or from where the checkpoint is, or takes over its end.

        Returns:
            Whether anything was left to be trained.

        Raises:
            UnusableCheckpoint: What was kept is damaged, or of another training.
            CheckpointNotWritten: See there.
        """
        if trainer.world_size > 1:
            trainer.fit(module, batches)
            return True
        found = self._kept.found()
        if found is not None and found.get("is_final"):
            self._take_over(trainer, module)
            return False
        assert isinstance(batches, ResumableLoader)
        batches.between = lambda: self._between(trainer, module, batches)
        try:
            with self._own_file(trainer):
                trainer.fit(module, batches, ckpt_path=None if found is None else str(self._kept.path))
                if self._kept.is_worth_its_end():
                    self._save(trainer, is_final=True)
        except UnusableCheckpoint:
            raise
        except Exception as error:
            if found is None or self._is_on:
                raise
            raise UnusableCheckpoint(f"{self._kept.path} does not fit ({type(error).__name__}: {error})") from error
        finally:
            batches.between = None
        return True

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds what Lightning does not know of."""
        if self._is_saving and self._loose is not None:
            _leave_files_out(trainer, checkpoint)
            loader = trainer.train_dataloader
            assert isinstance(loader, ResumableLoader)
            chance = states_of_chance(pl_module.device)
            checkpoint[OWN] = {"loose": self._loose.state(), "loader": loader.state_dict(), "chance": chance}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Looks whether anything in it could be believed."""
        _leave_files_out(trainer, checkpoint)
        _check_progress(checkpoint, self._kept.facts["num_steps"])
        self._state = checkpoint[OWN]

    def _between(self, trainer: Trainer, module: LightningModule, batches: ResumableLoader) -> None:
        """Called before every minibatch is drawn."""
        if self._loose is None:
            self._loose = LooseState(module)
        if self._state is not None:
            self._loose.restore(self._state["loose"])
            # Lightning has made its iterator before it reads the loader's state, where a schedule asks for its length
            batches.load_state_dict(self._state["loader"])
            set_states_of_chance(self._state["chance"], module.device)
            self._state = None
        elif self._is_on and self._is_possible and self._kept.is_due():
            self._save(trainer, is_final=False)
        self._is_on = True

    def _save(self, trainer: Trainer, *, is_final: bool) -> None:
        self._is_saving, self._is_final = True, is_final
        try:
            trainer.save_checkpoint(str(self._kept.path), weights_only=False)
        except NotPlain as error:
            self._is_possible = False
            warnings.warn(
                f"the round is kept when it is complete, and not before: the state of this training has parts that "
                f"cannot be stored without pickle ({error})",
                stacklevel=2,
            )
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise CheckpointNotWritten(
                    f"{error.filename or self._kept.path}: {error.strerror}; is the folder of the run still there?"
                ) from error
            self._kept.put_off()
            warnings.warn(
                f"{self._kept.path}: {os.strerror(error.errno)}; the training goes on, and what it is in the middle "
                "of is kept as soon as there is room on the disk",
                stacklevel=2,
            )
        except UserError as error:
            raise CheckpointNotWritten(str(error)) from error
        finally:
            self._is_saving = False

    def _take_over(self, trainer: Trainer, module: LightningModule) -> None:
        """The end of a training that is complete: only what comes after it in the component was lost."""
        content = self._kept.read()
        try:
            module.load_state_dict(content["state_dict"])
            for callback in trainer.callbacks:  # type: ignore[attr-defined]
                if isinstance(callback, OwnCallback) and callback.state_key in content["callbacks"]:
                    callback.load_state_dict(content["callbacks"][callback.state_key])
            LooseState(module).restore(content[OWN]["loose"])
            set_states_of_chance(content[OWN]["chance"], module.device)
        except Exception as error:  # whatever is in a file that anybody may have written
            raise UnusableCheckpoint(f"{self._kept.path} does not fit ({type(error).__name__}: {error})") from error

    @contextmanager
    def _own_file(self, trainer: Trainer) -> Iterator[None]:
        strategy = trainer.strategy
        before = strategy.checkpoint_io
        strategy.checkpoint_io = OwnFile(
            str(self._kept.path),
            lambda content: self._kept.write(content, _step(content), is_final=self._is_final),
            self._kept.read,
            before,
        )
        try:
            yield
        finally:
            strategy.checkpoint_io = before


def _leave_files_out(trainer: Trainer, checkpoint: dict[str, Any]) -> None:
    for callback in trainer.checkpoint_callbacks:
        checkpoint.get("callbacks", {}).pop(callback.state_key, None)


def _check_progress(checkpoint: Mapping[str, Any], num_steps: int) -> None:
    """Makes sure that a training ends.

    Raises:
        UnusableCheckpoint: It has counts that none has.
    """
    step = _step(checkpoint)
    if not 1 <= step <= num_steps or min(_whole_numbers(checkpoint["loops"])) < 0:
        raise UnusableCheckpoint(f"the checkpoint is of step {step} of {num_steps}")


def _step(checkpoint: Mapping[str, Any]) -> int:
    """Minibatches that a training has seen."""
    return int(checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]["ready"])


def _whole_numbers(content: Any) -> Iterator[int]:
    if isinstance(content, int):
        yield content
    elif isinstance(content, Mapping | list | tuple):
        for part in content.values() if isinstance(content, Mapping) else content:
            yield from _whole_numbers(part)
