"""What flows, fields, autoencoders and moment matching share: storage, seeds, stacking, errors before training."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adagan import Critic
from adagan.components import (
    GAN,
    VAE,
    Component,
    Flow,
    FlowMatching,
    GaussianKernel,
    LearntFeatures,
    Memoriser,
    MomentMatching,
    TrainingDiverged,
)
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.sampling.stacking import stacks

TINY: dict[str, Any] = {"width": 8, "max_steps": 5, "batch_size": 32}
TRAINED: dict[str, Callable[..., Any]] = {
    "vae": partial(VAE, **TINY),
    "flow": partial(Flow, transforms=2, bins=4, flatten=True, **TINY),
    "flow matching": partial(FlowMatching, sampling_steps=2, **TINY),
    "moment matching": partial(MomentMatching, **TINY),
    "learnt kernel": partial(MomentMatching, features=LearntFeatures(num_features=4), **TINY),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blobs(count: int = 400) -> Tensor:
    """Two blobs at −2 and 2 on the first axis."""
    centre = torch.tensor([[2.0, 0.0]]) * torch.tensor([-1.0, 1.0])[torch.arange(count) % 2][:, None]
    return centre + 0.2 * torch.randn(count, 2, generator=seeded(100))


# a flow with coupling layers holds random orders of its entries, which have to be stored too
@pytest.mark.parametrize("event_shape", [(2,), (12,), (1, 8, 8)])
@pytest.mark.parametrize("name", TRAINED)
def test_a_stored_mixture_samples_the_same(name: str, event_shape: tuple[int, ...], tmp_path: Path) -> None:
    if event_shape == (1, 8, 8) and name == "flow":
        event_shape = (1, 4, 4)
    data = torch.rand(64, *event_shape, generator=seeded(101))
    component = TRAINED[name](seed=100).fit(data)
    mixture = Mixture([component])
    mixture.save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture")
    samples = mixture.sample(20, seeded(1))
    assert samples.shape == (20, *event_shape)
    assert torch.equal(loaded.sample(20, seeded(1)), samples)
    if name == "flow":
        assert torch.equal(loaded.components[0].log_prob(data), component.log_prob(data))


@pytest.mark.parametrize("name", TRAINED)
def test_the_seed_decides(name: str) -> None:
    first, again, other = (TRAINED[name](seed=seed).fit(blobs()).sample(8, generator=seeded(0)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", ["vae", "moment matching"])
def test_plain_maps_are_stacked(name: str) -> None:
    mixture = Mixture([TRAINED[name](seed=seed).fit(blobs()) for seed in (100, 101, 102)])
    (stack,) = stacks(mixture.components)
    assert stack.members == (0, 1, 2)


@pytest.mark.parametrize("name", TRAINED)
def test_constant_entries_come_back(name: str) -> None:
    data = torch.cat([blobs(), torch.full((400, 1), 7.0)], dim=1)
    assert bool((TRAINED[name](seed=100).fit(data).sample(50)[:, 2] == 7).all())


class Broken(nn.Module):
    """A network of any kind that returns NaN."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(1, size)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.layer(inputs[0][:, :1]) * torch.nan


@pytest.mark.parametrize(
    "component",
    [
        VAE(decoder=Broken(2), latent_dim=2, **TINY),
        FlowMatching(Broken(2), **TINY),
        MomentMatching(generator=Broken(2), latent_dim=2, **TINY),
        MomentMatching(generator=Broken(2), latent_dim=2, features=LearntFeatures(), **TINY),
    ],
    ids=lambda component: type(component).__name__,
)
def test_nan_ends_the_training(component: Any) -> None:
    with pytest.raises(TrainingDiverged, match="lower the learning rate"):
        component.fit(blobs())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VAE(beta=0.0), "beta: expected a positive number, got 0.0"),
        (
            lambda: VAE(decoder=nn.Linear(2, 2)),
            "latent_dim: expected the entries of a code beside encoder= or decoder=",
        ),
        (lambda: VAE(ema_decay=1.0), r"ema_decay: expected a number in \[0, 1\), got 1.0"),
        (lambda: Flow(transforms=0), "transforms: expected 1 or more, got 0"),
        (lambda: Flow(noise=-1.0), "noise: expected 0 or more, got -1.0"),
        (lambda: FlowMatching(sampling_steps=0), "sampling_steps: expected 1 or more, got 0"),
        (lambda: FlowMatching(learning_rate=0.0), "learning_rate: expected a positive number, got 0.0"),
        (lambda: MomentMatching(batch_size=1), "batch_size: expected 2 or more, since pairs of points are compared"),
        (lambda: LearntFeatures(steps=0), "steps: expected 1 or more, got 0"),
        (lambda: LearntFeatures(penalty=-1.0), "penalty: expected 0 or more, got -1.0"),
    ],
)
def test_arguments_out_of_range_are_named(make: Callable[[], Any], message: str) -> None:
    with isolated_randomness(0), pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VAE(encoder=nn.Linear, latent_dim=2), r"encoder: expected a torch.nn.Module, got Linear; pass an obj"),
        (lambda: VAE(decoder=nn.Linear, latent_dim=2), r"decoder: expected a torch.nn.Module, got Linear; pass an obj"),
        (lambda: Flow(nn.Linear), r"flow: expected a torch.nn.Module, got Linear; pass an object of it"),
        (lambda: FlowMatching(nn.Linear), r"field: expected a torch.nn.Module, got Linear; pass an object of it"),
        (lambda: MomentMatching(GaussianKernel), "kernel: expected a Kernel object .*, got the class GaussianKernel"),
        (
            lambda: MomentMatching(features=LearntFeatures),
            "features: expected a LearntFeatures .*, got the class Learnt",
        ),
        (lambda: LearntFeatures(nn.Linear), "network: expected a torch.nn.Module, got Linear; pass an object of it"),
        (
            lambda: Critic(calibrator="platt"),
            r"calibrator: expected a Calibrator object such as VectorScaling\(\), got 'platt'",
        ),
        (lambda: GAN(schedule=3), "schedule: expected a callable that makes a scheduler for an optimiser, got 3"),
        (lambda: GAN(batch_size=1.5), "batch_size: expected a whole number, got 1.5"),
    ],
)
def test_arguments_of_another_kind_are_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (
            VAE(encoder=nn.Linear(2, 3), latent_dim=2, **TINY),
            r"encoder: expected means and log variances.*shape \(4,\)",
        ),
        (VAE(decoder=nn.Linear(2, 3), latent_dim=2, **TINY), r"decoder: expected means of events of shape \(2,\)"),
        (FlowMatching(nn.Linear(2, 2), **TINY), r"field: it does not take points of shape .* and times"),
        (
            MomentMatching(generator=nn.Linear(2, 3), latent_dim=2, **TINY),
            r"generator: expected events of shape \(2,\)",
        ),
        (
            MomentMatching(features=LearntFeatures(nn.Linear(3, 4)), **TINY),
            "features: it does not take points",
        ),
        (
            MomentMatching(features=LearntFeatures(nn.Flatten(0)), **TINY),
            r"features: expected a matrix .*\(4,\)",
        ),
    ],
)
def test_modules_that_do_not_fit_the_data_are_named(component: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        component.fit(blobs())


@pytest.mark.parametrize("make", [*TRAINED.values(), Memoriser])
def test_unfitted_ones_say_so(make: Callable[[], Any]) -> None:
    component = make()
    assert isinstance(component, Component)
    with pytest.raises(RuntimeError, match="is not fitted yet; call fit"):
        component.sample(1)


FAST: dict[str, Any] = {"width": 32, "max_steps": 400, "batch_size": 64, "learning_rate": 5e-3, "ema_decay": 0.9}
LEARNING = {
    "vae": partial(VAE, latent_dim=2, **FAST),
    "flow": partial(Flow, transforms=1, **FAST),
    "flow matching": partial(FlowMatching, sampling_steps=8, **FAST),
    "moment matching": partial(MomentMatching, latent_dim=2, **FAST),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNING)
def test_separated_blobs_are_learnt(name: str) -> None:
    """Most samples lie near one of the blobs, and of these each gets its part; near them a Gaussian has .6.

    Moment matching comes nearest to the bounds: over 20 seeds .79 to .90 with a deviation of .033, and .35 to .45. The
    VAE's blobs lie on the diagonal, over 20 seeds .84 to .89 and .33 to .44: of blobs on one axis it learns nothing
    with one seed in four, as a decoder without codes is stationary there, its variance being that of the data.
    """
    direction = torch.tensor([1.0, 1.0 if name == "vae" else 0.0])
    data = blobs(2_000) + blobs(2_000)[:, :1].sign() * 2 * (direction - torch.tensor([1.0, 0.0]))
    samples = LEARNING[name](seed=100).fit(data).sample(2_000, generator=seeded(0))
    near = torch.stack([(samples - x * direction).norm(dim=1) < 1 for x in (-2.0, 2.0)], dim=1)
    shares = near.double().mean(dim=0)
    assert float(shares.sum()) > 0.65
    assert float(shares.min()) > 0.2


@pytest.mark.slow
@pytest.mark.golden
def test_a_learnt_kernel_keeps_both_blobs() -> None:
    """Neither blob is dropped, at this seed: of 20 others two dropped one, and a training twice as long dropped it too.

    Elsewhere the smaller part was .26 to .42, with a deviation of .045.
    """
    features, options = LearntFeatures(num_features=4), {**FAST, "max_steps": 200, "learning_rate": 2e-3}
    component = MomentMatching(features=features, latent_dim=2, seed=100, **options).fit(blobs(2_000))
    samples = component.sample(2_000, generator=seeded(0))
    shares = [float((samples[:, 0] * side > 1).double().mean()) for side in (-1, 1)]
    assert min(shares) > 0.1
