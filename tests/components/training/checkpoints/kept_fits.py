"""Components that are trained in files: killed right after a checkpoint, and fitted again from there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from adagan.components.training.checkpoints import kept_trainings
from adagan.components.training.checkpoints.keeper import Keeper
from adagan.components.training.checkpoints.kept_trainings import KeptTrainings, keeping
from adagan.mixtures.randomness import isolated_randomness

DATA = torch.randn(240, 2, generator=torch.Generator().manual_seed(0))


class Killed(BaseException):
    """Stands for a kill: nothing but the test may catch it."""


@contextmanager
def every_step_kept(patch: pytest.MonkeyPatch, kill_after: int | None = None) -> Iterator[list[bool]]:
    """A checkpoint before every minibatch in the block; a kill right after one of them, counted from 1.

    Yields:
        Of each checkpoint, whether it was of a training's end.
    """
    kept: list[bool] = []
    with patch.context() as patched:
        save = Keeper._save

        def saved(keeper: Keeper, trainer: Any, *, is_final: bool) -> None:
            save(keeper, trainer, is_final=is_final)
            kept.append(is_final)
            if len(kept) == kill_after:
                raise Killed

        patched.setattr(Keeper, "_save", saved)
        patched.setattr(kept_trainings, "PATIENCE", 0)
        yield kept


def trainings(folder: Path, facts: dict[str, Any] | None = None) -> KeptTrainings:
    return KeptTrainings(folder, "checkpoint", 0.0, facts or {}, lambda: 0.0)


def fitted(make: Callable[[], Any], folder: Path | None = None, data: Tensor = DATA, **options: Any) -> Any:
    """A component, fitted with a seed, its trainings kept in a folder if there is one."""
    with isolated_randomness(3), keeping(None if folder is None else trainings(folder)):
        component = make()
        component.fit(data, **options)
    return component


def state(component: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in component.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
