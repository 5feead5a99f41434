"""Networks of one's own: objects, what makes them, lazy layers, tuples, and what is said of those that do not fit."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adagan.components.networks.given_network import GivenNetwork, OneOutput, Trial
from adagan.mixtures.randomness import isolated_randomness

TRIAL = Trial((torch.zeros(2, 3, dtype=torch.float64),), "rows of 3", "pairs", (2,))


@pytest.fixture(autouse=True)
def seeded_layers() -> Iterator[None]:
    """The layers that the tests make draw their first values from a seed."""
    with isolated_randomness(99):
        yield


def made(given: Any, trial: Trial = TRIAL) -> nn.Module:
    with isolated_randomness(100):
        return GivenNetwork("net", given).make(lambda: nn.Linear(3, 2), trial)


class Several(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, str]:
        return self.first(x), self.second(x), "more"


@pytest.mark.parametrize("given", [None, nn.Linear(3, 2), partial(nn.Linear, 3, 2), nn.LazyLinear(2)], ids=repr)
def test_every_form_gives_a_network_of_the_datas_kind(given: Any) -> None:
    network = made(given)
    assert type(network) is nn.Linear
    assert network.weight.shape == (2, 3)
    assert network.weight.dtype == torch.float64
    assert network is not given


def test_lazy_layers_keep_their_modes_and_statistics() -> None:
    network = made(nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.Dropout(), nn.LazyLinear(2)))
    assert all(part.training for part in network.modules())
    assert int(network[1].num_batches_tracked) == 0
    assert float(network[0].weight.detach().abs().max()) > 0


def test_of_a_tuple_the_first_count() -> None:
    one, both = (made(Several(), Trial(TRIAL.inputs, "", "", (count,), outputs=count)) for count in (1, 2))
    assert isinstance(one, OneOutput)
    x = torch.ones(4, 3, dtype=torch.float64)
    assert torch.equal(one(x), one.network.first(x))
    assert torch.equal(both(x), torch.cat([both.network.first(x), both.network.second(x)], dim=1))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (nn.Linear(4, 2), "net: it does not take rows of 3: "),
        (nn.Linear(3, 5), r"net: expected pairs of shape \(2,\), as the data have, got \(5,\)"),
        (
            nn.Linear,
            r"net: expected a torch.nn.Module, got Linear; pass an object of it, Linear\(\.\.\.\), or",
        ),
        (lambda: 3, r"net: expected <lambda>\(\) to make a torch.nn.Module, got int"),
        ("Linear", "net: expected a torch.nn.Module, or a callable without arguments that makes one, got str"),
        ((lambda network: lambda: network)(nn.Linear(3, 2)), "net: the callable must make a fresh network at each"),
    ],
)
def test_what_is_no_fitting_network_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(given)


def test_one_number_may_be_a_column() -> None:
    trial = Trial(TRIAL.inputs, "rows of 3", "one number per point", ())
    assert made(nn.Linear(3, 1), trial)
    assert made(nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)), trial)
    with pytest.raises(ValueError, match=r"net: expected one number per point, shape \(B,\) or .*\(B, 2\)"):
        made(nn.Linear(3, 2), trial)


def test_its_name_is_short() -> None:
    assert repr(GivenNetwork("net", nn.Sequential(nn.Linear(3, 2)))) == "Sequential"
    assert repr(GivenNetwork("net")) == "None"
