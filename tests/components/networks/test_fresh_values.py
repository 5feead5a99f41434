"""Fresh values for networks that are given as objects: every layer gets its own, or the network is refused."""

import warnings
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from adagan.components import ResidualMLP
from adagan.components.networks.fresh_values import copied, reinitialise
from adagan.mixtures.randomness import isolated_randomness

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # torch's own, of its older forms
    from torch.nn.utils import spectral_norm, weight_norm


@pytest.fixture(autouse=True)
def seeded_layers() -> Iterator[None]:
    """The layers that the tests make draw their first values from a seed."""
    with isolated_randomness(99):
        yield


POINTS = torch.linspace(-1, 1, 12).reshape(4, 3)


def network(change: Callable[[nn.Linear], nn.Module] = lambda layer: layer, seed: int = 100) -> nn.Sequential:
    with isolated_randomness(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.Sequential(change(nn.Linear(3, 8)), nn.BatchNorm1d(8), nn.PReLU(), nn.Linear(8, 2))


def fresh(module: nn.Module, seed: int = 101) -> nn.Module:
    with isolated_randomness(seed):
        made = copied(module)
        reinitialise(made, "generator")
    return made


def values(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.named_parameters()}


FORMS: dict[str, Callable[[nn.Linear], nn.Module]] = {
    "plain": lambda layer: layer,
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "old weight norm": weight_norm,
    "old spectral norm": spectral_norm,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_copy_begins_elsewhere_and_the_original_stays(form: str) -> None:
    original = network(FORMS[form])
    original(POINTS)  # what hooks compute hangs in a graph now, which torch refuses to copy
    before = values(original)
    first, again, other = fresh(original), fresh(original), fresh(original, 102)
    assert all(torch.equal(value, before[name]) for name, value in values(original).items())
    for name, value in values(first).items():
        assert torch.equal(value, values(again)[name])
    weights = [module.eval()(POINTS) for module in (original, first, other)]
    assert not torch.allclose(weights[0], weights[1])
    assert not torch.allclose(weights[1], weights[2])
    # a fresh layer's weights are drawn as a plain one's: uniform up to the root of 1/3
    weight = first[0].weight
    largest = float(weight.detach().abs().max())
    if "spectral" in form:
        assert float(torch.linalg.matrix_norm(weight.detach(), 2)) == pytest.approx(1.0, abs=0.02)
    else:
        assert 0.4 < largest <= 3**-0.5 + 1e-6


def test_frozen_parameters_and_those_of_what_is_inside_stay() -> None:
    original = network()
    original[0].requires_grad_(False)
    made = fresh(original)
    assert torch.equal(made[0].weight, original[0].weight)
    assert not torch.equal(made[3].weight, original[3].weight)


def test_a_module_may_initialise_its_parts_itself() -> None:
    original = ResidualMLP(3, (2,), width=16)
    made = fresh(original)
    assert not torch.equal(made[1].weight, original[1].weight)
    block = made[2].branch
    assert not torch.equal(block[1].weight, original[2].branch[1].weight)
    assert torch.equal(block[3].weight, torch.zeros(16, 16))


def test_attention_and_recurrent_layers_have_their_own() -> None:
    for original in (nn.MultiheadAttention(8, 2), nn.GRU(4, 4), nn.Embedding(5, 3)):
        made = fresh(original)
        assert any(not torch.equal(value, values(original)[name]) for name, value in values(made).items())


class Scaled(nn.Module):
    """Has a parameter of its own, beside a layer."""

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(3, 2), nn.Parameter(scale)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) * self.scale


def test_a_parameter_without_reset_parameters_is_refused() -> None:
    message = (
        r"generator: every training begins .* reset_parameters\(\) gives none to scale of Scaled; pass what makes the "
        r"network instead: generator=lambda: Scaled\(\.\.\.\)"
    )
    with pytest.raises(ValueError, match=message):
        fresh(Scaled(torch.tensor([0.5, 0.7])))
    # a constant is the same in every fresh network
    assert torch.equal(fresh(Scaled(torch.ones(2))).scale, torch.ones(2))


def test_a_network_of_constants_alone_is_refused() -> None:
    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.value = nn.Parameter(torch.zeros(2))

    with pytest.raises(ValueError, match="gives none to value of Constant"):
        fresh(Constant())


def test_a_parametrisation_without_an_inverse_is_refused() -> None:
    class Square(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.square()

    layer = nn.Linear(3, 2)
    parametrize.register_parametrization(layer, "weight", Square())
    with pytest.raises(ValueError, match=r"generator: .* Linear, parametrised without an inverse"):
        fresh(layer)


def test_the_networks_own_seed_is_no_refusal() -> None:
    with isolated_randomness(100):
        layer = nn.Linear(3, 2)
    assert not torch.equal(fresh(layer, seed=100).weight, layer.weight)


def test_an_initialisation_by_hand_is_said_to_be_lost() -> None:
    original = network()
    nn.init.normal_(original[3].weight, std=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh(original)  # sixteen values are too few to tell
    wide = nn.Linear(64, 64)
    nn.init.normal_(wide.weight, std=0.02)
    with pytest.warns(UserWarning, match=r"generator: weight had values of standard deviation 0\.0\d+, and every"):
        fresh(wide)
