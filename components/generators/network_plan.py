"""What a generator's networks are made for: shapes, sizes, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from adagan.components.networks.given_network import Trial


@dataclass(frozen=True)
class NetworkPlan:
    """Sizes of the networks of a component.

    Attributes:
        event_shape: Of the data.
        latent_dim: Entries of a latent vector.
        width: Of the layers of default networks.
        like: An empty tensor with the dtype and device of the data.
    """

    event_shape: tuple[int, ...]
    latent_dim: int
    width: int
    like: Tensor

    def points(self, together: int = 1) -> Tensor:
        """Two rows of zeros, each of so many points put together along their first axis."""
        return self.like.new_zeros(2, together * self.event_shape[0], *self.event_shape[1:])

    def takes(self, together: int = 1) -> str:
        """Such rows in words."""
        shape = ", ".join(["B", *map(str, self.points(together).shape[1:])])
        return f"points of shape ({shape})"

    def of_generator(self) -> Trial:
        """From latent vectors to events."""
        takes = f"latent vectors of shape (B, latent_dim={self.latent_dim})"
        return Trial((self.like.new_zeros(2, self.latent_dim),), takes, "events", self.event_shape)

    def of_discriminator(self, together: int = 1, packing: str = "") -> Trial:
        """From points, perhaps several together, to one number.

        Args:
            together: How many points are judged together.
            packing: What puts them together, in words.
        """
        return Trial((self.points(together),), self.takes(together) + packing, "one number per point", ())
