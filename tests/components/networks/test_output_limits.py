"""The limits of networks' outputs, found by trying, and what generators with such limits are given to learn."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from adagan.components import GAN, VAE, MomentMatching
from adagan.components.generators.scaling import Scaling
from adagan.components.networks.output_limits import output_limits


class Written(nn.Module):
    """A network whose last function stands in its ``forward`` only."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.last(x))


class Shifted(nn.Module):
    """From 0 to 255."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return 127.5 * (self.last(x).tanh() + 1)


def ending_in(*last: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3), *last)


BOUNDED = {
    "sigmoid": (lambda: ending_in(nn.Sigmoid()), (0, 1)),
    "tanh": (lambda: ending_in(nn.Tanh()), (-1, 1)),
    "hard tanh": (lambda: ending_in(nn.Hardtanh(-2, 2)), (-2, 2)),
    "softmax": (lambda: ending_in(nn.Softmax(dim=1)), (0, 1)),
    "written": (Written, (0, 1)),
    "shifted": (Shifted, (0, 255)),
    "normalised before": (
        lambda: nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 3), nn.Sigmoid()),
        (0, 1),
    ),
    "deep": (lambda: nn.Sequential(*[nn.Linear(8, 8) for _ in range(20)], nn.Tanh()), (-1, 1)),
}
FREE = {
    "linear": ending_in,
    "relu": lambda: ending_in(nn.ReLU()),
    "leaky": lambda: ending_in(nn.LeakyReLU(0.2)),
    "softplus": lambda: ending_in(nn.Softplus()),
    "normalised at the end": lambda: ending_in(nn.LayerNorm(3)),
    "by its spectrum": lambda: nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(8, 3))),
    "constant": lambda: ending_in(nn.Threshold(1e30, 0.0)),
    "two inputs": lambda: nn.Bilinear(8, 8, 3),
}


def inputs(generator: torch.Generator) -> Tensor:
    return torch.randn(64, 8, generator=generator)


@pytest.mark.parametrize("name", BOUNDED)
def test_limits_are_found(name: str, generator: torch.Generator) -> None:
    make, limits = BOUNDED[name]
    with torch.random.fork_rng():
        torch.manual_seed(100)
        network = make()
    before = [value.clone() for value in network.parameters()]
    assert output_limits(network, inputs(generator)) == limits
    assert all(torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True))


@pytest.mark.parametrize("name", FREE)
def test_no_limits_where_there_are_none(name: str, generator: torch.Generator) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(100)
        network = FREE[name]()
    assert output_limits(network, inputs(generator)) is None


def test_nothing_is_tried_without_values() -> None:
    network = nn.Sequential(nn.Linear(8, 3, device="meta"), nn.Sigmoid())
    assert output_limits(network, torch.zeros(4, 8, device="meta")) is None


def images(low: float, high: float) -> Tensor:
    values = low + (high - low) * torch.rand(40, 1, 4, 4, generator=torch.Generator().manual_seed(100))
    values.view(-1)[0], values.view(-1)[1] = low, high
    return values


def pixels(last: type[nn.Module]) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 16), last(), nn.Unflatten(1, (1, 4, 4)))


def flat() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 16))


JUDGE = nn.Sequential(nn.Flatten(), nn.Linear(16, 1))
OPTIONS = {"latent_dim": 8, "max_steps": 1, "batch_size": 16, "seed": 100}


@pytest.mark.parametrize("limits", [(-1.0, 1.0), (0.0, 1.0), (0.0, 255.0)])
@pytest.mark.parametrize(("last", "scaled"), [(nn.Sigmoid, (0, 1)), (nn.Tanh, (-1, 1))])
def test_images_are_scaled_to_what_a_generator_can_make(
    last: type[nn.Module], scaled: tuple[int, int], limits: tuple[float, float], recwarn: pytest.WarningsRecorder
) -> None:
    data = images(*limits)
    gan = GAN(generator=partial(pixels, last), discriminator=JUDGE, **OPTIONS).fit(data)
    learnt = gan.scaling_(data)
    assert (float(learnt.min()), float(learnt.max())) == pytest.approx(scaled, abs=1e-5)
    told = [str(each.message) for each in recwarn if "of its own network" in str(each.message)]
    expected = "lie between 0 and 1, so the data are scaled to that before it learns them, all pixels alike"
    assert [expected in each for each in told] == ([True] if last is nn.Sigmoid else [])
    # what the network makes at first is grey, whatever the range
    middle = float(gan.sample(50, generator=torch.Generator().manual_seed(0)).mean())
    assert middle == pytest.approx(sum(limits) / 2, abs=0.2 * (limits[1] - limits[0]))


def test_vectors_are_scaled_to_what_a_generator_can_make() -> None:
    data = torch.randn(60, 2, generator=torch.Generator().manual_seed(100)) * torch.tensor([1.0, 30.0]) + 5
    with pytest.warns(UserWarning, match="lie between -1 and 1, so the data are scaled to that .*, entry by entry"):
        gan = GAN(generator=lambda: nn.Sequential(nn.Linear(8, 2), nn.Tanh()), **OPTIONS).fit(data)
    learnt = gan.scaling_(data)
    assert torch.allclose(learnt.amin(dim=0), torch.tensor(-1.0), atol=1e-5)
    assert torch.allclose(learnt.amax(dim=0), torch.tensor(1.0), atol=1e-5)


def test_other_components_with_networks_of_ones_own() -> None:
    data = images(-1, 1)
    with pytest.warns(UserWarning, match="VAE: the outputs of its own network lie between 0 and 1"):
        vae = VAE(decoder=partial(pixels, nn.Sigmoid), encoder=flat, **OPTIONS).fit(data)
    with pytest.warns(UserWarning, match="MomentMatching: the outputs of its own network lie between 0 and 1"):
        matching = MomentMatching(generator=partial(pixels, nn.Sigmoid), **OPTIONS).fit(data)
    for component in (vae, matching):
        assert float(component.scaling_(data).min()) == pytest.approx(0, abs=1e-5)


def test_a_constant_entry_comes_back_as_it_is() -> None:
    data = torch.stack([torch.linspace(2, 5, 10), torch.full((10,), 0.1)], dim=1)
    scaling = Scaling.within((0.0, 1.0), data, whole=False)
    assert torch.allclose(scaling.inverse(torch.full((3, 2), 0.5)), torch.tensor([3.5, 0.1]))
