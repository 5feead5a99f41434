"""
Can I boost a generator of my own?
==================================

Yes: any class with `fit` and `sample`, here one that finds a single cluster.
"""

import sys

import torch
from matplotlib.figure import Figure

from adagan import AdaGAN
from adagan.round import verdict


class OneCluster:
    """Climbs to one cluster by mean shift and samples a round Gaussian there: it misses all the others."""

    def fit(self, data, *, weights=None):
        weights = torch.full((len(data),), 1 / len(data)) if weights is None else weights.to(data.dtype)
        centre = data[weights.argmax()]
        for _ in range(20):
            near = weights * torch.exp(-(data - centre).square().sum(dim=1) / 2)
            centre = near @ data / near.sum()
        self.centre = centre
        self.scale = (near @ (data - centre).square() / near.sum()).mean().sqrt()
        return self

    def sample(self, num_samples, *, generator=None):
        return self.centre + self.scale * torch.randn(num_samples, 2, generator=generator)


def four_clusters(num_points: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    corners = torch.tensor([[3.0, 3.0], [3.0, -3.0], [-3.0, 3.0], [-3.0, -3.0]])
    chosen = torch.multinomial(torch.tensor([0.4, 0.3, 0.2, 0.1]), num_points, replacement=True, generator=generator)
    return corners[chosen] + 0.3 * torch.randn(num_points, 2, generator=generator)


def draw(data: torch.Tensor, model: AdaGAN, out: str) -> None:
    one, boosted = (
        mixture.sample(2_000, torch.Generator().manual_seed(0)) for mixture in (model.mixture_[:1], model.mixture_)
    )
    figure = Figure(figsize=(9, 3.3), layout="constrained")
    panels = {"data": data, "one component": one, "boosted": boosted}
    for axes, (title, points) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        axes.scatter(*points.T, s=2, alpha=0.3)
        axes.set(title=title, xlim=(-5, 5), ylim=(-5, 5), aspect="equal", xticks=[], yticks=[])
    figure.savefig(out)


def main(num_points: int = 2_000, out: str = "your_own_generator.png") -> AdaGAN:
    data = four_clusters(num_points)
    model = AdaGAN(OneCluster, rounds=5, seed=0).fit(data)
    for record in model.rounds_:
        print(verdict(record))
    print("mixture weights:", [f"{weight:.2f}" for weight in model.mixture_.weights.tolist()])
    draw(data, model, out)
    return model


if __name__ == "__main__":
    main(out=sys.argv[1] if len(sys.argv) > 1 else "your_own_generator.png")
