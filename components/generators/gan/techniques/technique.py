"""The contract of techniques."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.parameters import Parameters

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class Technique(Parameters, ABC):
    """The contract: hooks itself into a training before it starts, or refuses it by name.

    A technique keeps its settings and nothing else, so that one object serves any number of trainings.
    """

    @property
    def points_per_output(self) -> int:
        """How many points the discriminator judges together; a default discriminator is made to take as many."""
        return 1

    @abstractmethod
    def install(self, training: GANTraining) -> None:
        """Changes the training by the means that `GANTraining` offers.

        Raises:
            ValueError: The technique does not go with the training's objective or networks.
        """


def checked_techniques(techniques: Sequence[Technique]) -> tuple[Technique, ...]:
    """Techniques, one of each kind at most.

    Raises:
        ValueError: Two of a kind.
        TypeError: No list, or something else in it.
    """
    if isinstance(techniques, Technique):
        raise UserTypeError(f"techniques: expected a list, got {techniques!r} alone; write [{techniques!r}]")
    for technique in techniques:
        if not isinstance(technique, Technique):
            raise UserTypeError(f"techniques: expected objects such as InstanceNoise(), got {technique!r}")
    kinds = [type(technique).__name__ for technique in techniques]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise UserError(f"techniques: {kind} is given {kinds.count(kind)} times; once is enough")
    return tuple(techniques)
