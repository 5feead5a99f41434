"""
Why do GANs stall?
==================

The better the discriminator, the smaller the generator's gradient, or the noisier; noise cures it.

The diagnosis of Arjovsky & Bottou, *Towards principled methods for training generative adversarial networks*, 2017,
sections 2.2 and 3, https://arxiv.org/abs/1701.04862. The generator stands still while its discriminator is trained; the
data lie on one line, the samples on a parallel one, so that the two can be told apart perfectly.
"""

import sys
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from adagan.components import Minimax, NonSaturating, Objective

OFFSET = 1.0
"""The distance of the two lines, to be lowered to 0 by the generator."""


@dataclass(frozen=True)
class Gradients:
    """What the generator's loss says about where each sample should go, after some steps of the discriminator.

    Attributes:
        steps: Of the discriminator.
        minimax: Root mean square of the gradient at a sample under `Minimax`.
        non_saturating: The same under `NonSaturating`.
        noise: Under `NonSaturating`, the gradient's standard deviation from sample to sample.
    """

    steps: int
    minimax: float
    non_saturating: float
    noise: float


def line(count: int, offset: float, noise: float, source: torch.Generator) -> Tensor:
    """Points (count, 2) on a line at a distance from the data's, with normal noise."""
    points = torch.stack([torch.randn(count, generator=source), torch.full((count,), offset)], dim=1)
    return points + noise * torch.randn(count, 2, generator=source)


def gradients(objective: Objective, judge: nn.Module, samples: Tensor) -> Tensor:
    """The gradient of the generator's loss at each sample, shape (N, 2)."""
    samples = samples.clone().requires_grad_()
    fake = judge(samples).squeeze(1)
    (gradient,) = torch.autograd.grad(len(fake) * objective.generator_loss(fake.new_empty(0), fake), samples)
    return gradient


def diagnose(noise: float, checkpoints: tuple[int, ...], seed: int) -> list[Gradients]:
    """Trains a discriminator of data against samples, both with noise, and looks at the generator's gradient."""
    source = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)
    found = []
    for step in range(1, max(checkpoints) + 1):
        real, fake = (judge(line(64, offset, noise, source)).squeeze(1) for offset in (0.0, OFFSET))
        optimizer.zero_grad()
        Minimax().discriminator_loss(real, fake).backward()
        optimizer.step()
        if step in checkpoints:
            samples = line(4_000, OFFSET, noise, source)
            saturating, other = (gradients(objective, judge, samples) for objective in (Minimax(), NonSaturating()))
            sizes = [float(values.square().sum(dim=1).mean().sqrt()) for values in (saturating, other)]
            found.append(Gradients(step, *sizes, float((other - other.mean(dim=0)).square().sum(dim=1).mean().sqrt())))
    return found


def draw(found: dict[float, list[Gradients]], out: str) -> None:
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    for axes, (noise, rows) in zip(figure.subplots(1, 2, sharey=True), found.items(), strict=True):
        steps = [row.steps for row in rows]
        axes.loglog(steps, [row.minimax for row in rows], "o-", label="minimax")
        axes.loglog(steps, [row.non_saturating for row in rows], "s-", label="non-saturating")
        axes.loglog(steps, [row.noise for row in rows], "^:", label="its noise")
        axes.set(xlabel="steps of the discriminator", title=f"instance noise {noise:g}")
    axes.legend()
    figure.suptitle("Size of the generator's gradient")
    figure.savefig(out)


def main(
    checkpoints: tuple[int, ...] = (25, 100, 400, 1_600), out: str = "vanishing_gradients.png"
) -> dict[float, list[Gradients]]:
    found = {noise: diagnose(noise, checkpoints, seed=0) for noise in (0.0, 1.0)}
    print(
        f"{'instance noise':>14} {'discriminator steps':>20} {'minimax':>10} {'non-saturating':>15} {'its noise':>10}"
    )
    for noise, rows in found.items():
        for row in rows:
            print(f"{noise:14} {row.steps:20} {row.minimax:10.2e} {row.non_saturating:15.2e} {row.noise:10.2e}")
    draw(found, out)
    return found


if __name__ == "__main__":
    main(out=sys.argv[1] if len(sys.argv) > 1 else "vanishing_gradients.png")
