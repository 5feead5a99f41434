"""
What does a model miss? Its samples are enough
==============================================

A model of the unbalanced grid that leaves out four of the 25 clusters and starves two, with some strays; no more of it
is known than 40,000 samples. The same from a shell: ``adagan missing data.npy --samples samples.npy``.
"""

import torch

from adagan import missing_mass
from adagan.data.built_in import known_modes


def main(num_points: int = 20_000) -> float:
    truth = known_modes("unbalanced-grid")
    data = truth.draw(num_points, seed=0)
    generator = torch.Generator().manual_seed(1)
    shares = truth.probabilities.clone()
    shares[[2, 7, 12, 20]] = 0.0
    shares[[5, 24]] *= 0.2
    drawn = torch.multinomial(shares, 2 * num_points, replacement=True, generator=generator)
    samples = truth.centres[drawn] + truth.std * torch.randn(2 * num_points, 2, generator=generator)
    samples[:: num_points // 500] = 10 * torch.rand(1_000, 2, generator=generator) - 5  # strays

    found = missing_mass(data, samples, seed=0)
    print(found.describe())
    for region in found.regions:
        centre = ", ".join(f"{value:.1f}" for value in region.centre.tolist())
        print(f"  {region.mass:.1%} of the data around ({centre}), covered to {region.coverage:.0%}")
    return found.value


if __name__ == "__main__":
    main()
