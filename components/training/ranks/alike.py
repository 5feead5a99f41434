"""That all ranks do the same: they begin a training alike, and end it alike."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.training.ranks.group import leave, taken_from_rank_zero, together
from adagan.mixtures.errors import UserError

LOOKED_AT = 1_000
"""Rows of the data that are compared."""


def begin_alike(dataset: Any, length: int, device: torch.device) -> None:
    """Gives all ranks the random states of rank zero, once their data are seen to be the same.

    Args:
        dataset: What draws minibatches; its ``data`` and ``generator``, if it has them.
        length: Minibatches of the training.
        device: Where it runs.

    Raises:
        ValueError: The data, or the lengths, differ.
    """
    data = getattr(dataset, "data", None)
    mine = (length, *_looked_at(data)) if isinstance(data, Tensor) else (length,)
    for rank, theirs in enumerate(together([mine])):
        if not _are_close(mine, theirs):
            leave()
            raise UserError(
                f"data: those of rank {rank} are others than here, or its training is longer or shorter; every rank is "
                "given the same data, weights and options, and takes its part of each minibatch by itself"
            )
    generator = getattr(dataset, "generator", None)
    if isinstance(generator, torch.Generator):
        state = generator.get_state()
        taken_from_rank_zero(state)
        generator.set_state(state)
    chance = torch.get_rng_state()
    taken_from_rank_zero(chance)
    torch.set_rng_state(chance)
    if device.type == "cuda":
        chance = torch.cuda.get_rng_state(device)
        taken_from_rank_zero(chance)
        torch.cuda.set_rng_state(chance, device)


def end_alike(module: nn.Module) -> None:
    """Gives all ranks the buffers of rank zero, once their parameters are seen to be the same.

    Raises:
        ValueError: They are not: a gradient was computed that Lightning did not know of.
    """
    sums = [float(value.detach().double().sum()) for value in module.parameters()]
    for rank, theirs in enumerate(together([sums])):
        if not _are_close(sums, theirs):
            leave()
            raise UserError(
                f"trainer_options: after training, the parameters of rank {rank} are others than here; a training_step "
                "that steps its optimisers itself calls self.manual_backward(loss), not loss.backward()"
            )
    for value in module.buffers():
        taken_from_rank_zero(value)


def _looked_at(data: Tensor) -> tuple[float, ...]:
    """Numbers that are others for other data, or another order."""
    rows = data[torch.linspace(0, len(data) - 1, min(len(data), LOOKED_AT), dtype=torch.float64).long().to(data.device)]
    flat = rows.detach().double().flatten(1)
    place = torch.linspace(1, 2, flat.numel(), dtype=torch.float64, device=flat.device).reshape(flat.shape)
    return len(data), float(flat.sum()), float((flat * place).sum()), float(flat.abs().sum())


def _are_close(mine: Any, theirs: Any) -> bool:
    if len(mine) != len(theirs):
        return False
    scale = max(1.0, *(abs(value) for value in mine))
    return all(a == b or abs(a - b) <= 1e-6 * scale for a, b in zip(mine, theirs, strict=True))
