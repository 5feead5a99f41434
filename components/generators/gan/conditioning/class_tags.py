"""Points that carry their class, so that whatever judges, mixes or penalises points does so class by class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


def tagged(events: Tensor, classes: Tensor) -> Tensor:
    """Events (B, *event) and their classes (B,) as rows of the event's entries and the class, (B, D + 1)."""
    return torch.cat([events.flatten(1), classes[:, None].to(events)], dim=1)


def untagged(points: Tensor, event_shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The events (B, *event) and classes (B,), whole numbers, of tagged points (B, D + 1)."""
    return points[:, :-1].reshape(len(points), *event_shape), points[:, -1].round().long()


class TaggedGenerator(nn.Module):
    """A generator that takes tagged latent vectors (B, latent_dim + 1) and returns tagged events (B, D + 1).

    Args:
        generator: Takes latent vectors (B, latent_dim) and classes (B,), returns events (B, *event).
    """

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latent: Tensor) -> Tensor:
        classes = latent[:, -1].round().long()
        return tagged(self.generator(latent[:, :-1], classes), classes)


class TaggedDiscriminator(nn.Module):
    """A discriminator that takes tagged points (B, D + 1).

    Args:
        discriminator: Takes points (B, *event) and classes (B,).
        event_shape: Shape of a point.
    """

    def __init__(self, discriminator: nn.Module, event_shape: Sequence[int]) -> None:
        super().__init__()
        self.discriminator, self.event_shape = discriminator, tuple(event_shape)

    def forward(self, points: Tensor) -> Tensor:
        outputs: Tensor = self.discriminator(*untagged(points, self.event_shape))
        return outputs


def train_by_class(training: GANTraining, event_shape: Sequence[int]) -> None:
    """Lets a training of tagged networks on tagged data pair each point of the data with a sample of its class.

    Techniques that change points before they are judged change the events and leave the classes alone.
    """

    def draw_latent(count: int, real: Tensor) -> Tensor:
        classes = real[torch.arange(count, device=real.device) % len(real), -1]
        return torch.cat([training.normal(count, real), classes[:, None]], dim=1)

    def of_events(transform: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def transformed(points: Tensor) -> Tensor:
            events, classes = untagged(points, event_shape)
            return tagged(transform(events), classes)

        return transformed

    training.draw_latent = draw_latent
    training.transforms = [of_events(transform) for transform in training.transforms]
