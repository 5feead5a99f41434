"""
Can I ask a boosted mixture for a class?
========================================

Yes: wrap any generator as one per class, and sample with `condition=`.
"""

from functools import partial

import torch
from torch import Tensor

from adagan import AdaGAN, Mixture
from adagan.components import ClassConditional

# three classes, each of two clusters, the second of which is the smaller one
CENTRES = torch.tensor([[[-4.0, 3.0], [-4.0, -3.0]], [[0.0, 3.0], [0.0, -3.0]], [[4.0, 3.0], [4.0, -3.0]]])
SMALLER = 0.3


class OneCluster:
    """Climbs to one cluster by mean shift and samples a round Gaussian there: of every class it misses a part."""

    def fit(self, data, *, weights):
        weights = weights.to(data.dtype)
        centre = data[torch.cdist(data, data).lt(1).to(data.dtype).mv(weights).argmax()]
        for _ in range(20):
            near = weights * torch.exp(-(data - centre).square().sum(dim=1) / 2)
            centre = near @ data / near.sum()
        self.centre, self.scale = centre, (near @ (data - centre).square() / near.sum()).mean().sqrt()
        return self

    def sample(self, num_samples, *, generator=None):
        return self.centre + self.scale * torch.randn(num_samples, 2, generator=generator)


def three_classes(num_points: int) -> tuple[Tensor, Tensor]:
    """Points and their classes; every other point has no label, −1."""
    generator = torch.Generator().manual_seed(100)
    labels = torch.randint(3, (num_points,), generator=generator)
    cluster = (torch.rand(num_points, generator=generator) < SMALLER).long()
    points = CENTRES[labels, cluster] + 0.3 * torch.randn(num_points, 2, generator=generator)
    return points, labels.masked_fill(torch.arange(num_points) % 2 == 0, -1)


def smaller_clusters(mixture: Mixture) -> list[float]:
    """The share of each class's smaller cluster among 2,000 samples of that class."""
    shares = []
    for label in range(3):
        samples = mixture.sample(2_000, torch.Generator().manual_seed(0), condition=label)
        nearest = torch.cdist(samples, CENTRES.flatten(0, 1)).argmin(dim=1)
        shares.append(float((nearest == 2 * label + 1).double().mean()))
    return shares


def main(num_points: int = 3_000) -> tuple[list[float], list[float]]:
    points, labels = three_classes(num_points)
    model = AdaGAN(partial(ClassConditional, OneCluster), rounds=4, seed=100).fit(points, labels=labels)
    one, all_rounds = smaller_clusters(model.mixture_[:1]), smaller_clusters(model.mixture_)
    print(f"the smaller cluster's share of each class: data {SMALLER:.2f}")
    print("  one round     ", [f"{share:.2f}" for share in one])
    print("  all rounds    ", [f"{share:.2f}" for share in all_rounds])
    # one draw may mix classes: the class of every sample is given
    wanted = torch.tensor([2, 0, 1, 1])
    print("samples of the classes", wanted.tolist(), model.sample(4, condition=wanted).tolist())
    return one, all_rounds


if __name__ == "__main__":
    main()
