"""The contract of techniques."""

from __future__ import annotations

from abc import ABC, abstractmethod

from adagan.components.generators.gan.gan_training import GANTraining


class Technique(ABC):
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

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({parameters})"
