"""
Can I boost the LightningModule that I have?
============================================

Yes, untouched: here a GAN that was written for labelled image sets.
"""

from functools import partial

import torch
from lightning.pytorch import LightningModule
from torch import nn
from torch.nn.functional import softplus

from adagan import AdaGAN, Critic
from adagan.components import LightningGenerator
from adagan.round import verdict


class GAN(LightningModule):
    """Knows nothing of adagan; its batches are (points, labels) as a data set of torchvision would give them."""

    def __init__(self, event_shape, latent_dim=4, width=64):
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = False
        (size,) = event_shape
        self.generator = nn.Sequential(
            nn.Linear(latent_dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, size)
        )
        self.discriminator = nn.Sequential(
            nn.Linear(size, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1)
        )

    def training_step(self, batch, batch_idx):
        points, _ = batch
        samples = self.generator(torch.randn(len(points), self.hparams.latent_dim, device=self.device))
        generator_optimizer, discriminator_optimizer = self.optimizers()
        real, fake = self.discriminator(points), self.discriminator(samples.detach())
        self.descend(softplus(-real).mean() + softplus(fake).mean(), discriminator_optimizer)
        self.descend(softplus(-self.discriminator(samples)).mean(), generator_optimizer)

    def descend(self, loss, optimizer):
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def configure_optimizers(self):
        return [torch.optim.Adam(part.parameters(), 1e-3, (0.5, 0.9)) for part in (self.generator, self.discriminator)]


def sample(gan, num_samples, generator):
    latent = torch.randn(num_samples, gan.hparams.latent_dim, generator=generator, device=gan.device)
    return gan.generator(latent)


CENTRES = torch.tensor([[-3.0, 0.0], [3.0, 0.0], [0.0, 5.0]])
SHARES = torch.tensor([0.5, 0.35, 0.15])


def three_clusters(num_points: int = 10_000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    chosen = torch.multinomial(SHARES, num_points, replacement=True, generator=generator)
    return CENTRES[chosen] + 0.3 * torch.randn(num_points, 2, generator=generator)


def described(points: torch.Tensor) -> str:
    distance, nearest = torch.cdist(points, CENTRES).min(dim=1)
    shares = [f"{float(((nearest == k) & (distance < 1)).double().mean()):.1%}" for k in range(len(CENTRES))]
    return f"{', '.join(shares)} at the three clusters, {float((distance >= 1).double().mean()):.1%} elsewhere"


def main(max_steps: int = 2_000, rounds: int = 3, critic_steps: int = 800, seed: int = 0) -> AdaGAN:
    data = three_clusters()
    make = partial(
        LightningGenerator, GAN, sample, event_shape=True, max_steps=max_steps, batch_form=lambda points: (points, None)
    )
    critic = partial(Critic, max_steps=critic_steps)
    model = AdaGAN(make, rounds=rounds, critic=critic, seed=seed).fit(data)
    for record in model.rounds_:
        print(verdict(record))
    print(f"data: {described(data)}")
    generators = {"one GAN": model.mixture_[:1], "boosted": model.mixture_, "boosted and refined": model.refined(0.5)}
    for name, generator in generators.items():
        print(f"{name}: {described(generator.sample(10_000, generator=torch.Generator().manual_seed(0)))}")
    return model


if __name__ == "__main__":
    main()
