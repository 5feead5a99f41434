"""Two ranks with minibatches of B rows train what one process with 2 B rows does."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch import Tensor, nn
from two_ranks import needs_ranks, on_ranks

from adagan.components.adapters.lightning_generator import LightningGenerator
from adagan.components.contract import learns_labels
from adagan.components.critics.critic import Critic
from adagan.components.generators.flow import Flow
from adagan.components.generators.flow_matching import FlowMatching
from adagan.components.generators.gan.conditioning import Classes, Codes, FewLabels
from adagan.components.generators.gan.gan import GAN
from adagan.components.generators.gan.objectives import RelativisticPairing
from adagan.components.generators.gan.penalties import GradientPenalty
from adagan.components.generators.gan.techniques import FeatureMatching, Packing, Unrolled
from adagan.components.generators.gaussian import Gaussian
from adagan.components.generators.moment_matching.learnt_features import LearntFeatures
from adagan.components.generators.moment_matching.moment_matching import MomentMatching
from adagan.components.generators.vae import VAE
from adagan.mixtures.mixture import Mixture

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


class Located(LightningModule):
    """Learns where the data are, by one loss or, if asked, by two optimisers of its own."""

    def __init__(self, by_hand: bool = False, backward: str = "manual_backward") -> None:
        super().__init__()
        self.mean, self.spread = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.ones(2))
        self.automatic_optimization, self.backward_by = not by_hand, backward
        self.double()

    def losses(self, points: Tensor) -> tuple[Tensor, Tensor]:
        off = points - self.mean
        return off.square().mean(), (off.detach().abs() - self.spread).square().mean()

    def training_step(self, points: Tensor, batch_idx: int) -> Tensor | None:
        losses = self.losses(points)
        if self.automatic_optimization:
            return sum(losses)
        for loss, optimizer in zip(losses, self.optimizers(), strict=True):
            optimizer.zero_grad()
            self.manual_backward(loss) if self.backward_by == "manual_backward" else loss.backward()
            optimizer.step()
        return None

    def configure_optimizers(self) -> Any:
        parts = ([self.mean], [self.spread])
        if self.automatic_optimization:
            return torch.optim.Adam(self.parameters(), lr=RATE)
        return [torch.optim.Adam(part, lr=RATE) for part in parts]


def located(module: Any, num_samples: int, generator: torch.Generator) -> Tensor:
    return module.mean + module.spread * torch.randn(num_samples, 2, generator=generator, dtype=torch.float64)


def own_module(**options: Any) -> Callable[..., Any]:
    def make(batch_size: int, trainer_options: dict[str, Any]) -> Any:
        own = {"max_steps": STEPS, "seed": 100, "batch_size": batch_size, "trainer_options": trainer_options}
        return LightningGenerator(lambda: Located(**options), located, **own)

    return make


class CriticOfData:
    """A critic, fitted as a component is."""

    def __init__(self, batch_size: int, trainer_options: dict[str, Any]) -> None:
        own = {"width": 8, "max_steps": STEPS, "learning_rate": RATE, "seed": 100, "noise": 0.1}
        self.critic = Critic(batch_size=batch_size, trainer_options=trainer_options, **own)

    def fit(self, data: Tensor, *, weights: Tensor, labels: None) -> None:
        self.critic.fit(data, Mixture([Gaussian().fit(data)]), weights=weights)

    def state_dict(self) -> dict[str, Tensor]:
        return dict(self.critic.estimators_.state_dict())


COMPONENTS = {
    "critic": CriticOfData,
    "own module": own_module(),
    "own module with two optimisers": own_module(by_hand=True),
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
        np.testing.assert_array_equal(first[key], second[key])
        np.testing.assert_allclose(first[key], value, rtol=TOLERANCE, atol=TOLERANCE, err_msg=key)


class Normalised(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def with_batch_norm() -> dict[str, Array]:
    return trained(small(GAN, generator=Normalised, latent_dim=2), BATCH, DDP)


def test_statistics_of_batches_are_rank_zeros() -> None:
    first, second = on_ranks(with_batch_norm)
    assert first["generator_.1.running_mean"].any()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])


def with_other_data() -> None:
    points = data()[0]
    small(VAE)(BATCH, DDP).fit(points if os.environ["RANK"] == "0" else points.flip(0))


def with_a_gradient_of_its_own() -> None:
    trained(own_module(by_hand=True, backward="backward"), BATCH, DDP)


class Fails(Located):
    """On one rank."""

    def losses(self, points: Tensor) -> tuple[Tensor, Tensor]:
        if os.environ["RANK"] == "1":
            raise LookupError("no such thing")
        return super().losses(points)


class Diverges(Located):
    """On one rank."""

    def losses(self, points: Tensor) -> tuple[Tensor, Tensor]:
        first, second = super().losses(points)
        return first / float(os.environ["RANK"] == "0"), second


def failing(module: type[Located]) -> Callable[[], Any]:
    return lambda: LightningGenerator(
        module, located, max_steps=STEPS, seed=100, batch_size=BATCH, trainer_options=DDP
    ).fit(data()[0])


@pytest.mark.parametrize(
    ("run", "first", "second"),
    [
        (with_other_data, "UserError: data: those of rank 1 are others than here", "UserError: data: those of rank 0"),
        (
            with_a_gradient_of_its_own,
            "UserError: trainer_options: after training, the parameters of rank 1 are others than here",
            "UserError: trainer_options: after training, the parameters of rank 0 are others",
        ),
        (
            failing(Fails),
            "RankLost: rank 0 of 2: another rank does not",
            "RankLost: rank 1 of 2 failed: LookupError: no",
        ),
        (
            failing(Diverges),
            "TrainingDiverged: generator diverged at step 1: its loss is not finite on another rank",
            "TrainingDiverged: generator diverged at step 1: its loss is inf",
        ),
    ],
    ids=["other data", "own gradient", "failure", "divergence"],
)
def test_all_ranks_end_with_a_reason(run: Callable[[], Any], first: str, second: str) -> None:
    answers = on_ranks(run)
    assert answers[0].startswith(first), answers
    assert answers[1].startswith(second), answers
