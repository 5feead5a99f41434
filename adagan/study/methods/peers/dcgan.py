"""A DCGAN for images, as a LightningModule that knows nothing of this package."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.nn.functional import softplus


class DCGAN(LightningModule):
    """Strided convolutions, batch normalisation, Adam at 2e-4 and .5, by the paper's recipe.

    Args:
        event_shape: Of the images, (C, H, W), pixels in [0, 1].
        latent_dim: Of the noise.
        width: Channels of the largest images.

    References:
        Radford, Metz, Chintala, *Unsupervised representation learning with deep convolutional generative adversarial
        networks*, 2016, https://arxiv.org/abs/1511.06434
    """

    def __init__(self, event_shape: tuple[int, int, int], latent_dim: int = 64, width: int = 32) -> None:
        super().__init__()
        self.automatic_optimization = False
        channels, height, across = event_shape
        self.latent_dim = latent_dim
        low = (2 * width, -(-height // 4), -(-across // 4))
        self.generator = nn.Sequential(
            nn.Linear(latent_dim, low[0] * low[1] * low[2]),
            nn.Unflatten(1, low),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 4, 2, 1),
            nn.Sigmoid(),
        )
        self.discriminator = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.LazyLinear(1),
        )
        self.discriminator(torch.zeros(2, *event_shape))
        self.size = (height, across)

    def draw(self, num_samples: int, generator: torch.Generator | None = None) -> Tensor:
        latent = torch.randn(num_samples, self.latent_dim, generator=generator, device=self.device)
        images: Tensor = self.generator(latent)[..., : self.size[0], : self.size[1]]
        return images

    def training_step(self, batch: Tensor, batch_idx: int) -> None:
        images = self.draw(len(batch))
        of_generator, of_discriminator = self._optimizers()
        real, fake = self.discriminator(batch), self.discriminator(images.detach())
        self._descend(softplus(-real).mean() + softplus(fake).mean(), of_discriminator)
        self._descend(softplus(-self.discriminator(images)).mean(), of_generator)

    def _optimizers(self) -> list[Any]:
        found: Any = self.optimizers()
        return list(found)

    def _descend(self, loss: Tensor, optimizer: Any) -> None:
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def configure_optimizers(self) -> Any:
        return [
            torch.optim.Adam(part.parameters(), 2e-4, (0.5, 0.999)) for part in (self.generator, self.discriminator)
        ]


def sampled(module: Any, num_samples: int, generator: torch.Generator) -> Tensor:
    """What `LightningGenerator` calls."""
    images: Tensor = module.draw(num_samples, generator)
    return images
