"""Peers are boosted as their users would: classes with ``fit`` and ``sample``, and a LightningModule."""

import pytest
import torch
from torch import Tensor

from adagan import Mixture
from adagan.components.adapters.as_component import as_component
from adagan.components.contract import continues
from adagan.components.training_length import training_length
from adagan.mixtures.randomness import isolated_randomness
from adagan.study.methods.kinds import KINDS, PEERS


def trained(name: str, data: Tensor, steps: int, seed: int = 100) -> Tensor:
    with isolated_randomness(seed):
        component = as_component(KINDS[name].make(tuple(data.shape[1:]), steps)).fit(data)
    return Mixture([component]).sample(400, seed=seed)


BLOBS = torch.tensor([[-3.0, 0.0], [3.0, 0.0]])[torch.arange(600) % 2] + 0.3 * torch.randn(
    600, 2, generator=torch.Generator().manual_seed(100)
)


@pytest.mark.parametrize(("name", "package"), [("torchcfm", "torchcfm"), ("forest-flow", "ForestDiffusion")])
@pytest.mark.slow
def test_vectors(name: str, package: str) -> None:
    pytest.importorskip(package)
    drawn = trained(name, BLOBS, 150)
    assert drawn.shape == (400, 2)
    near = torch.cdist(drawn, torch.tensor([[-3.0, 0.0], [3.0, 0.0]])).min(dim=1).values < 1.5
    assert float(near.double().mean()) > 0.5
    assert torch.equal(drawn, trained(name, BLOBS, 150))


def test_images() -> None:
    images = torch.rand(64, 1, 10, 10, generator=torch.Generator().manual_seed(100))
    drawn = trained("dcgan", images, 2)
    assert drawn.shape == (400, 1, 10, 10)
    assert 0 <= float(drawn.min()) <= float(drawn.max()) <= 1


def test_peers_begin_anew_and_say_how_long_they_train() -> None:
    for kind in PEERS:
        component = as_component(kind.make((1, 8, 8), 7))
        assert not continues(component)
        assert training_length(component) == (7 if kind.in_steps else None)
