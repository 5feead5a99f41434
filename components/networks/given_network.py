"""Networks of the user's own: given as objects or as what makes them, tried before training starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from adagan.components.networks.fresh_values import copied, reinitialise
from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.randomness import isolated_randomness

OwnNetwork: TypeAlias = nn.Module | Callable[[], nn.Module]
"""A network, of which every training takes a copy with fresh initial values, or what makes one anew at each call."""


def _itself(network: nn.Module) -> nn.Module:
    return network


@dataclass(frozen=True)
class Trial:
    """What a network is tried on: two rows.

    Attributes:
        inputs: What it is called with.
        takes: The inputs in words.
        makes: The output in words.
        shape: Of the output for one row; ``()`` for one number, which may be a column; ``None`` for any vector.
        outputs: How many tensors of a tuple are the output, side by side; the others are left alone.
        within: Makes the module that calls the network, if it is not called by itself.
    """

    inputs: tuple[Tensor, ...]
    takes: str
    makes: str
    shape: tuple[int, ...] | None
    outputs: int = 1
    within: Callable[[nn.Module], nn.Module] = _itself

    def beside(self, further: Tensor, words: str) -> Self:
        """The same with a further input."""
        return replace(self, inputs=(*self.inputs, further), takes=f"{self.takes} and {words}")


@dataclass(frozen=True, repr=False)
class GivenNetwork:
    """A network that the user may give; no module itself, so that it is not stored or moved with its owner.

    Attributes:
        name: The argument.
        given: ``None`` leaves the choice to a default.
    """

    name: str
    given: OwnNetwork | None = None

    def __post_init__(self) -> None:
        if self.given is not None and not callable(self.given):
            raise UserTypeError(
                f"{self.name}: expected a torch.nn.Module, or a callable without arguments that makes one, got "
                f"{type(self.given).__name__}"
            )
        if isinstance(self.given, type):  # a class whose arguments were forgotten is a likely slip
            with isolated_randomness(0):
                self._called()

    @property
    def is_own(self) -> bool:
        """Whether it comes from the user."""
        return self.given is not None

    def make(self, default: Callable[[], nn.Module], trial: Trial) -> nn.Module:
        """A network to be trained, with the dtype and device of the trial's first input.

        Args:
            default: Makes one where the user gave none.
            trial: What it has to take and make.

        Raises:
            ValueError: It does not take or make that; or it is an object whose values cannot be made anew.
            TypeError: The user's callable makes no module.
        """
        like = trial.inputs[0]
        if self.given is None:
            return default().to(like)
        if isinstance(self.given, nn.Module):
            network = copied(self.given).to(like)
            self._materialise(network, trial)
            reinitialise(network, self.name)
        else:
            network = self._called().to(like)
            if network is self.given():
                raise UserError(f"{self.name}: the callable must make a fresh network at each call")
            self._materialise(network, trial)
        made = self._tried(copied(network).eval(), trial)
        if not isinstance(made, Tensor):
            network = OneOutput(network, trial.outputs)
            made = network.of(made)
        self._check(tuple(made.shape), trial)
        return network

    def _called(self) -> nn.Module:
        assert self.given is not None
        name = getattr(self.given, "__name__", type(self.given).__name__)
        hint = f"; pass an object of it, {name}(...), or a callable without arguments that makes one"
        try:
            made = self.given()
        except TypeError as error:
            is_class = isinstance(self.given, type)
            raise UserTypeError(
                f"{self.name}: expected a torch.nn.Module, got {name}{hint if is_class else ''}: {error}"
            ) from error
        if not isinstance(made, nn.Module):
            raise UserTypeError(f"{self.name}: expected {name}() to make a torch.nn.Module, got {type(made).__name__}")
        return made

    def _materialise(self, network: nn.Module, trial: Trial) -> None:
        """Lets lazy layers find their sizes: optimisers and files need them."""
        if any(map(is_lazy, chain(network.parameters(), network.buffers()))):
            modes = [(part, part.training) for part in network.modules()]
            self._tried(network.eval(), trial)
            for part, mode in modes:
                part.training = mode

    @torch.no_grad()
    def _tried(self, network: nn.Module, trial: Trial) -> Any:
        try:
            made = trial.within(network)(*trial.inputs)
        except UserError:
            raise
        except (RuntimeError, TypeError, IndexError, ValueError) as error:
            raise UserError(f"{self.name}: it does not take {trial.takes}: {error}") from error
        if not isinstance(made, Tensor) and not (
            isinstance(made, Sequence) and all(isinstance(part, Tensor) for part in made[: trial.outputs])
        ):
            raise UserTypeError(f"{self.name}: expected {trial.makes}, a tensor, got {type(made).__name__}")
        return made

    def _check(self, made: tuple[int, ...], trial: Trial) -> None:
        if trial.shape == () and made not in ((2,), (2, 1)):
            raise UserError(
                f"{self.name}: expected {trial.makes}, shape (B,) or (B, 1), got shape "
                f"({', '.join(['B', *map(str, made[1:])])})"
            )
        if trial.shape is None and len(made) != 2:
            raise UserError(f"{self.name}: expected {trial.makes}, got shape {made}")
        if trial.shape and made != (2, *trial.shape):
            raise UserError(
                f"{self.name}: expected {trial.makes} of shape {trial.shape}, as the data have, got {made[1:]}"
            )

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # what is given is copied when it is used, and by other means

    def __repr__(self) -> str:
        return "None" if self.given is None else getattr(self.given, "__name__", type(self.given).__name__)


class OneOutput(nn.Module):
    """A network that returns several tensors, of which the first count, side by side.

    Args:
        network: Returns a tuple, or a tensor alone, as networks with outputs for training only do.
        count: How many count.
    """

    def __init__(self, network: nn.Module, count: int) -> None:
        super().__init__()
        self.network, self.count = network, count

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.of(self.network(*inputs))

    def of(self, made: Any) -> Tensor:
        """The output of what the network returns."""
        if isinstance(made, Tensor):
            return made
        first: Tensor = made[0]
        return first if self.count == 1 else torch.cat(list(made[: self.count]), dim=1)
