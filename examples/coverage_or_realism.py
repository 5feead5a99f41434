"""
Coverage or realism?
====================

One dial between the two KLs: the share of data that the discriminator is trained on.

The data are two clusters on a line, of 70 % and 30 %; the generator can make one normal distribution only, so it has to
choose. With a small share pi of data it covers both, as KL(data ‖ model) wants; with a large one it makes nothing but
realistic samples, as KL(model ‖ data) wants. Huszár, *How (not) to train your generative model*, 2015,
https://arxiv.org/abs/1511.05101.
"""

import sys
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from adagan import GAN
from adagan.components import GeneralizedMinimax

PICTURE = "coverage_or_realism.png"
CENTRES, SHARES, SPREAD = torch.tensor([-2.0, 2.0]), torch.tensor([0.7, 0.3]), 0.5


@dataclass(frozen=True)
class Outcome:
    """What a normal distribution does with the two clusters.

    Attributes:
        mean, std: Of the normal distribution.
        coverage: Share of the data that lies within two of its standard deviations.
        realism: Share of its samples that lie within three standard deviations of a cluster.
    """

    mean: float
    std: float
    coverage: float
    realism: float


def two_clusters(count: int, source: torch.Generator) -> Tensor:
    """Data of shape (count, 1)."""
    cluster = torch.multinomial(SHARES, count, replacement=True, generator=source)
    return (CENTRES[cluster] + SPREAD * torch.randn(count, generator=source))[:, None]


def outcome(samples: Tensor, data: Tensor) -> Outcome:
    mean, std = samples.mean(), samples.std()
    covered = (data - mean).abs() < 2 * std
    realistic = (samples - CENTRES).abs().amin(dim=1) < 3 * SPREAD
    return Outcome(float(mean), float(std), float(covered.double().mean()), float(realistic.double().mean()))


def one_normal() -> nn.Module:
    """A generator of one normal distribution, at first with the mean of the data and half their spread."""
    generator = nn.Linear(1, 1)
    with torch.no_grad():
        generator.weight.fill_(0.5)
        generator.bias.fill_(0.0)
    return generator


def draw(found: dict[float, Outcome], out: str) -> None:
    """The data's density, and what the generator made of it at every share."""
    x = torch.linspace(-5, 5, 400)
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    data = (SHARES * torch.distributions.Normal(CENTRES, SPREAD).log_prob(x[:, None]).exp()).sum(dim=1)
    axes.fill_between(x, data, color="0.85", label="data")
    for pi, made in found.items():
        axes.plot(x, torch.distributions.Normal(made.mean, made.std).log_prob(x).exp(), label=f"π = {pi}")
    axes.set(yticks=[], title="A small share of data covers, a large one is realistic")
    axes.legend()
    figure.savefig(out)


def main(
    pis: tuple[float, ...] = (0.05, 0.2, 0.5, 0.8, 0.95), max_steps: int = 1_500, out: str = PICTURE
) -> dict[float, Outcome]:
    data, found = two_clusters(20_000, torch.Generator().manual_seed(0)), {}
    print(f"{'pi':>5} {'mean':>6} {'std':>5} {'coverage':>9} {'realism':>8}")
    for pi in pis:
        gan = GAN(
            GeneralizedMinimax(pi),
            generator=one_normal,  # a function, since a module's own values would be drawn anew
            latent_dim=1,
            width=32,
            max_steps=max_steps,
            learning_rate=3e-3,
            discriminator_learning_rate=1e-2,
            penalty=0.0,
            seed=0,
        )
        found[pi] = outcome(gan.fit(data).sample(10_000, generator=torch.Generator().manual_seed(1)), data)
        row = found[pi]
        print(f"{pi:5} {row.mean:6.2f} {row.std:5.2f} {row.coverage:9.1%} {row.realism:8.1%}")
    draw(found, out)
    return found


if __name__ == "__main__":
    main(out=sys.argv[1] if len(sys.argv) > 1 else PICTURE)
