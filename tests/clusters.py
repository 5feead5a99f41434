"""A small world for tests of boosting: three clusters, components that see one of them, critics of a few steps."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from adagan import AdaGAN, Critic, Mixture
from adagan.components import Gaussian

TINY_CRITIC = partial(Critic, width=8, max_steps=10, batch_size=64, learning_rate=1e-2)
COARSE_CRITIC = partial(TINY_CRITIC, noise=0.1)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def three_clusters(count: int = 240) -> Tensor:
    """Clusters of unequal size in the plane; one Gaussian fits them badly."""
    centres = torch.tensor([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
    mode = torch.tensor([0, 0, 0, 1, 1, 2])[torch.arange(count) % 6]
    return centres[mode] + 0.3 * torch.randn(count, 2, generator=seeded(0))


DATA = three_clusters()


class Nearest(Gaussian):
    """Sees only what lies within a distance of its heaviest point, as a generator that drops modes does.

    It remembers the weights that it was given.
    """

    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Nearest":
        assert weights is not None
        self.given = weights.clone()
        centre = data[int(weights.argmax())]
        near = (data - centre).norm(dim=1) < 2
        super().fit(data, weights=weights * near)
        return self


def model(component: Callable[[], Any] = Nearest, rounds: int = 3, **options: Any) -> AdaGAN:
    options = {"critic": TINY_CRITIC, "coarse_critic": COARSE_CRITIC, "seed": 5, **options}
    return AdaGAN(component, rounds, **options)


def states(mixture: Mixture) -> list[dict[str, Tensor]]:
    return [dict(component.state_dict()) for component in mixture.components]


def assert_same_mixture(first: Mixture, second: Mixture) -> None:
    """Bit for bit: weights after every round, the components' states, the samples."""
    assert torch.equal(first.history, second.history)
    for one, other in zip(states(first), states(second), strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(first.sample(100, seeded(0)), second.sample(100, seeded(0)))


@cache
def three_rounds() -> AdaGAN:
    """A fitted model that many tests look at and none changes."""
    return model().fit(DATA)


class FixedCritic(Critic):
    """A critic that is told its ratios, so that the weights can be computed by hand."""

    def fit(self, data: Tensor, mixture: Mixture, *, weights: Any = None) -> "FixedCritic":
        super().fit(data, mixture, weights=weights)
        place = data[:, :1].double()
        self.component_log_ratios_ = torch.cat([0.1 * (k + 1) * place for k in range(len(mixture))], dim=1)
        return self
