"""Two ranks with minibatches of B rows train what one process with 2 B rows does."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from two_ranks import needs_ranks, on_ranks

from adagan.components.contract import learns_labels
from adagan.components.generators.flow import Flow
from adagan.components.generators.flow_matching import FlowMatching
from adagan.components.generators.gan.conditioning import Classes, Codes, FewLabels
from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.objectives import RelativisticPairing
from adagan.components.generators.gan.penalties import GradientPenalty
from adagan.components.generators.gan.techniques import FeatureMatching, Packing, Unrolled
from adagan.components.generators.moment_matching.learnt_features import LearntFeatures
from adagan.components.generators.moment_matching.moment_matching import MomentMatching
from adagan.components.generators.vae import VAE

pytestmark = [pytest.mark.slow, needs_ranks]
Array = NDArray[Any]
STEPS, RATE, BATCH = 4, 1e-3, 16
DDP: dict[str, Any] = {"devices": 2, "strategy": "ddp", "accelerator": "cpu"}
ROUNDING = torch.finfo(torch.float64).eps
TOLERANCE = STEPS * RATE * 1_000 * 2 * BATCH * ROUNDING / 1e-8
"""A step of Adam moves a parameter by RATE g/(|g| + 1e-8), so a change dg of the gradient by RATE dg/1e-8 at most. Both
sides sum the same numbers, 2 BATCH of them, in another order: dg is at most 2 BATCH roundings of what is summed, which
is below 1,000 here. A wrong row, or wrong noise, moves a parameter by a share of RATE in a step, a thousandfold."""


def data() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(100)
    labels = torch.randint(3, (200,), generator=generator)
    points = torch.randn(200, 2, generator=generator, dtype=torch.float64) + 4.0 * labels[:, None]
    return points, torch.rand(200, generator=generator, dtype=torch.float64), labels


def small(kind: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    def make(batch_size: int, trainer_options: dict[str, Any]) -> Any:
        own = {"width": 8, "max_steps": STEPS, "learning_rate": RATE, "ema_decay": 0.0, "seed": 100, **options}
        return kind(batch_size=batch_size, trainer_options=trainer_options, **own)

    return make


COMPONENTS = {
    "gan": small(GAN),
    "gan by classes": small(GAN, conditioning=Classes()),
    "gan with codes": small(GAN, conditioning=Codes(categorical=3)),
    "gan of few labels": small(GAN, conditioning=FewLabels()),
    "gan in pairs": small(GAN, objective=RelativisticPairing(), penalty=GradientPenalty(1.0), discriminator_steps=2),
    "gan unrolled": small(GAN, techniques=[FeatureMatching(), Packing(2)]),
    "gan looking ahead": small(GAN, techniques=[Unrolled(2)]),
    "vae": small(VAE),
    "flow": small(Flow, transforms=1, bins=4),
    "flow matching": small(FlowMatching),
    "moment matching": small(MomentMatching),
    "moment matching on features": small(MomentMatching, features=LearntFeatures(num_features=4)),
}


def trained(make: Callable[..., Any], batch_size: int, options: dict[str, Any]) -> dict[str, Array]:
    points, weights, labels = data()
    component = make(batch_size, options)
    component.fit(points, weights=weights, labels=labels if learns_labels(component) else None)
    return {name: value.numpy().copy() for name, value in component.state_dict().items()}


def all_on_ranks() -> dict[str, dict[str, Array]]:
    return {name: trained(make, BATCH, DDP) for name, make in COMPONENTS.items()}


@pytest.fixture(scope="module")
def ranks() -> list[Any]:
    return on_ranks(all_on_ranks)


@pytest.mark.parametrize("name", COMPONENTS)
def test_two_ranks_are_one_with_twice_the_batch(name: str, ranks: list[Any]) -> None:
    assert all(isinstance(found, dict) for found in ranks), ranks
    first, second = (found[name] for found in ranks)
    alone = trained(COMPONENTS[name], 2 * BATCH, {})
    assert set(first) == set(alone)
    for key, value in alone.items():
        torch.testing.assert_close(first[key], second[key], rtol=0, atol=0)
        torch.testing.assert_close(
            first[key], value, rtol=TOLERANCE, atol=TOLERANCE, msg=lambda told, key=key: f"{key}: {told}"
        )
