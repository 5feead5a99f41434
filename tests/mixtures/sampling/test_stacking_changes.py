"""A mixture that has stacked its components notices what becomes of them."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from adagan.mixtures.mixture import Mixture


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Decoder(nn.Module):
    """A component that pushes normal vectors through a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def draw_latent(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.randn(num_samples, 3, generator=generator, dtype=next(self.parameters()).dtype)

    def forward(self, latent: Tensor) -> Tensor:
        return self.network(latent)

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self(self.draw_latent(num_samples, generator=generator))


def linear(count: int) -> list[Decoder]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return [Decoder(nn.Linear(3, 2)).eval().requires_grad_(False) for _ in range(count)]


def filled(value: float) -> Decoder:
    component = Decoder(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))).eval().requires_grad_(False)
    component.network[0].weight.zero_()
    component.network[0].bias.zero_()
    component.network[1].weight.zero_()
    component.network[1].bias.fill_(value)
    return component


def in_place(component: Decoder) -> None:
    component.network[1].bias.fill_(7.0)


def loaded(component: Decoder) -> None:
    component.load_state_dict(filled(7.0).state_dict())


def fitted_anew(component: Decoder) -> None:
    component.network = filled(7.0).network


def trained(component: Decoder) -> None:
    component.requires_grad_(True)
    optimizer = torch.optim.SGD(component.parameters(), lr=1.0)
    (-7 * component(torch.zeros(1, 3)).sum()).backward()
    component.network[0].requires_grad_(False)
    optimizer.step()


@pytest.mark.parametrize("change", [in_place, loaded, fitted_anew, trained])
def test_a_changed_component_is_noticed(change: Callable[[Decoder], None]) -> None:
    with torch.random.fork_rng():
        made = [filled(0.0), filled(0.0)]
        mixture = Mixture(made)
        assert mixture.sample(10, seeded(0)).unique().tolist() == [0.0]
        change(made[1])
        samples, component = mixture.sample(10, seeded(0), return_component=True)
    assert bool(((samples == 7.0).all(dim=1) == (component == 1)).all())
    assert component.unique().tolist() == [0, 1]


def test_refresh_takes_the_components_as_they_are() -> None:
    with torch.random.fork_rng():
        made = [filled(0.0), filled(0.0)]
    mixture = Mixture(made)
    mixture.sample(10, seeded(0))
    made[1].network[1].bias.data = torch.full((2,), 7.0)
    mixture.refresh()
    assert mixture.sample(10, seeded(0)).unique().tolist() == [0.0, 7.0]


def test_a_moved_mixture_is_stacked_anew() -> None:
    made = linear(5)
    mixture = Mixture(made)
    assert mixture.sample(10, seeded(0)).dtype == torch.float32
    assert mixture.double().sample(10, seeded(0)).dtype == torch.float64
    made[0].float()
    made[1].float()
    with pytest.raises(ValueError, match="all must agree"):
        mixture.sample(40, seeded(0))


def test_copies_are_their_own() -> None:
    mixture = Mixture(linear(5))
    before = mixture.sample(10, seeded(0))
    twin = copy.deepcopy(mixture)
    assert torch.equal(twin.sample(10, seeded(0)), before)
    for parameter in twin.parameters():
        parameter.zero_()
    assert twin.sample(10, seeded(0)).unique().tolist() == [0.0]
    assert torch.equal(mixture.sample(10, seeded(0)), before)
