"""What is around a training that ranks share: it begins and ends alike on all of them, and fails on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader

from adagan.components.training.diverged import TrainingDiverged
from adagan.components.training.ranks.alike import begin_alike, end_alike
from adagan.components.training.ranks.group import RankLost, leave, number_of_ranks, own_rank
from adagan.components.training.ranks.shares import Share, sharing
from adagan.components.training.ranks.strategy import SharedTraining
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import derived_seed


@contextmanager
def shared_training(
    trainer: Trainer, module: LightningModule, batches: DataLoader[Any], device: torch.device, draws_alone: bool
) -> Iterator[None]:
    """Around a training, shared or not.

    Args:
        trainer: That runs it.
        module: Being trained.
        batches: The minibatches.
        device: Where the data are.
        draws_alone: Whether the module draws what is random in its steps without regard to other ranks.

    Raises:
        RankLost: This rank has failed, or another one.
        TrainingDiverged: The training has, on all ranks.
        ValueError: The ranks do not train the same.
    """
    if not isinstance(trainer.strategy, SharedTraining):
        yield
        return
    try:
        begin_alike(batches.dataset, len(batches), device)
        if draws_alone and own_rank():
            torch.manual_seed(derived_seed(torch.initial_seed() % 2**63, own_rank()))
        with sharing(Share(own_rank(), number_of_ranks())):
            yield
        end_alike(module)
    except (TrainingDiverged, UserError):  # which all ranks say together, or whose ranks have left already
        raise
    except Exception as error:
        rank, ranks = own_rank(), number_of_ranks()
        leave()
        raise RankLost(f"rank {rank} of {ranks} failed: {type(error).__name__}: {error}") from error
