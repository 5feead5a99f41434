"""Can I boost the LightningModule that I have? Yes, untouched: here a VAE that was written for labelled image sets."""

from functools import partial

import torch
from lightning.pytorch import LightningModule
from torch import nn

from adagan import AdaGAN, Critic
from adagan.components import LightningGenerator
from adagan.round import verdict


class VAE(LightningModule):
    """Knows nothing of adagan; its batches are (points, labels) as a data set of torchvision would give them."""

    def __init__(self, event_shape, latent_dim=2, width=64, noise=0.3):
        super().__init__()
        self.save_hyperparameters()
        (size,) = event_shape
        self.encoder = nn.Sequential(nn.Linear(size, width), nn.SiLU(), nn.Linear(width, 2 * latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, width), nn.SiLU(), nn.Linear(width, size))

    def training_step(self, batch, batch_idx):
        points, _ = batch
        mean, log_std = self.encoder(points).chunk(2, dim=1)
        latent = mean + log_std.exp() * torch.randn_like(mean)
        reconstruction = (points - self.decoder(latent)).square().sum(dim=1) / (2 * self.hparams.noise**2)
        divergence = (mean.square() + (2 * log_std).exp() - 2 * log_std - 1).sum(dim=1) / 2
        loss = (reconstruction + divergence).mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=2e-3)


def sample(vae, num_samples, generator):
    latent = torch.randn(num_samples, vae.hparams.latent_dim, generator=generator, device=vae.device)
    points = vae.decoder(latent)
    return points + vae.hparams.noise * torch.randn(points.shape, generator=generator, device=vae.device)


CENTRES = torch.tensor([[-3.0, 0.0], [3.0, 0.0], [0.0, 5.0]])


def three_clusters(num_points: int = 10_000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    chosen = torch.multinomial(torch.tensor([0.55, 0.4, 0.05]), num_points, replacement=True, generator=generator)
    return CENTRES[chosen] + 0.3 * torch.randn(num_points, 2, generator=generator)


def share_near_a_cluster(samples: torch.Tensor) -> float:
    return float((torch.cdist(samples, CENTRES).amin(dim=1) < 1).double().mean())


def main(max_steps: int = 2_000, rounds: int = 3, critic_steps: int = 1_500) -> AdaGAN:
    data = three_clusters()
    make = partial(LightningGenerator, VAE, sample, max_steps=max_steps, batch_form=lambda points: (points, None))
    critic = partial(Critic, max_steps=critic_steps)
    model = AdaGAN(make, rounds=rounds, critic=critic, seed=0).fit(data)
    for record in model.rounds_:
        print(verdict(record))
    # a VAE fills the gaps between clusters: what is missing is boosted, what is spurious is rejected
    generators = {"one VAE": model.mixture_[:1], "boosted": model.mixture_, "boosted and refined": model.refined(0.2)}
    for name, generator in generators.items():
        samples = generator.sample(10_000, generator=torch.Generator().manual_seed(0))
        print(f"{name}: {share_near_a_cluster(samples):.1%} of the samples lie near a cluster (99.7% of the data)")
    return model


if __name__ == "__main__":
    main()
