"""A training that was killed goes on from its checkpoint, and what comes of it is the same, bit for bit."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from kept_fits import Killed, every_step_kept, fitted, same, state
from lightning.pytorch import Callback, LightningModule
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from adagan.components import GAN, VAE, FlowMatching, LightningGenerator, MomentMatching
from adagan.components.generators.gan.conditioning import Classes, Codes, FewLabels
from adagan.components.generators.gan.penalties import GradientPenalty
from adagan.components.generators.gan.techniques import (
    FeatureMatching,
    HistoricalAveraging,
    InstanceNoise,
    MinibatchStatistics,
    Packing,
    Unrolled,
)
from adagan.components.generators.moment_matching.learnt_features import LearntFeatures

STEPS = 12
TINY_GAN = partial(GAN, latent_dim=2, width=8, max_steps=STEPS, batch_size=16, keep_discriminator=True)
SMALL: dict[str, Any] = {"width": 8, "max_steps": STEPS, "batch_size": 16}


class Averaging(LightningModule):
    """What people write: an average made after the step, a count, chance from the global generator, frozen parts."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
        self.average = [torch.zeros_like(value) for value in self.net[0].parameters()]
        self.count, self.running = 0, torch.zeros(())
        self.seen: dict[str, Tensor] = {}

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.count += 1
        noise = torch.randn_like(batch)
        loss = (self.net(noise) - batch).square().mean() * (1 + 1 / self.count) + 0.1 * self.running
        self.seen["loss"] = loss.detach()
        return loss

    def on_train_batch_end(self, *_: Any) -> None:
        self.running = 0.9 * self.running + 0.1 * self.seen["loss"]
        for mean, value in zip(self.average, self.net[0].parameters(), strict=True):
            mean.lerp_(value.detach(), 0.1)

    def on_train_end(self) -> None:
        for mean, value in zip(self.average, self.net[0].parameters(), strict=True):
            value.data = mean.clone()

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), lr=0.01)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": StepLR(optimizer, 2), "interval": "epoch"}}


def sampler(module: Any, num_samples: int, generator: torch.Generator) -> Tensor:
    samples: Tensor = module.net(torch.randn(num_samples, 2, generator=generator))
    return samples


class Recurrent(Averaging):
    """Its layers keep their parameters in a list beside, as torch's recurrent ones do."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.ModuleList([nn.Linear(2, 8), nn.LSTM(8, 8, batch_first=True), nn.Linear(8, 2)])  # type: ignore[assignment]
        self.average = [torch.zeros_like(value) for value in self.net[0].parameters()]

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.count += 1
        self.seen["loss"] = torch.zeros(())
        hidden = self.net[1](self.net[0](torch.randn_like(batch))[:, None])[0][:, 0]
        return (self.net[2](hidden) - batch).square().mean()  # type: ignore[no-any-return]


class Lowering(Callback):
    """Has a state of its own, as Lightning's callbacks have."""

    def __init__(self) -> None:
        self.calls = 0

    def on_train_batch_start(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        self.calls += 1
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = 0.01 / self.calls

    def state_dict(self) -> dict[str, Any]:
        return {"calls": self.calls}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.calls = state_dict["calls"]


def own(module: type[LightningModule] = Averaging, **options: Any) -> Callable[[], LightningGenerator]:
    return partial(
        LightningGenerator, module, options.pop("sampler", sampler), max_steps=STEPS, batch_size=16, **options
    )


def of_recurrent(module: Any, num_samples: int, generator: torch.Generator) -> Tensor:
    samples: Tensor = module.net[2](module.net[0](torch.randn(num_samples, 2, generator=generator)))
    return samples


KINDS: dict[str, Callable[[], Any]] = {
    "gan": TINY_GAN,
    "gan in epochs": partial(TINY_GAN, trainer_options={"max_epochs": 3}),
    "gan, two of one": partial(TINY_GAN, discriminator_steps=2, schedule=partial(StepLR, step_size=3)),
    "gan, penalties": partial(TINY_GAN, penalty=GradientPenalty(1.0), spectral_normalization=True),
    "gan, historical averaging": partial(TINY_GAN, techniques=[HistoricalAveraging(), InstanceNoise()]),
    "gan, packing": partial(TINY_GAN, techniques=[Packing(2), MinibatchStatistics(4, 2, 4)]),
    "gan, unrolled": partial(TINY_GAN, techniques=[Unrolled(1)]),
    "gan, features": partial(TINY_GAN, techniques=[FeatureMatching()]),
    "gan, codes": partial(TINY_GAN, latent_dim=4, conditioning=Codes(2, 1)),
    "vae": partial(VAE, latent_dim=2, **SMALL),
    "vae, accumulating": partial(VAE, latent_dim=2, **SMALL, trainer_options={"accumulate_grad_batches": 5}),
    "flow matching": partial(FlowMatching, sampling_steps=2, **SMALL),
    "moment matching": partial(MomentMatching, latent_dim=2, **SMALL),
    "learnt moments": partial(MomentMatching, latent_dim=2, features=LearntFeatures(num_features=2), **SMALL),
    "a user's module": own(),
    "a user's module in epochs": own(epochs=4),
    "a user's module and callback": own(trainer_options={"callbacks": [Lowering()], "gradient_clip_val": 1.0}),
    "a recurrent module": own(Recurrent, sampler=of_recurrent),
}
"""Of each way to train something that stands in another state."""


@pytest.mark.parametrize("name", KINDS)
def test_a_training_goes_on_from_any_step(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = KINDS[name]
    expected = state(fitted(make))
    for kill in (4, 2):  # one after the other
        with every_step_kept(monkeypatch, kill), pytest.raises(Killed):
            fitted(make, tmp_path)
    with every_step_kept(monkeypatch) as kept:
        component = fitted(make, tmp_path)
    assert same(state(component), expected)
    assert kept == [*[False] * (STEPS - 1 - 6), True]


LABELS = torch.arange(240) % 3


@pytest.mark.parametrize("conditioning", [Classes(), FewLabels()], ids=repr)
def test_classes_go_on_too(conditioning: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = partial(GAN, latent_dim=2, width=8, max_steps=STEPS, batch_size=16, conditioning=conditioning)
    expected = state(fitted(make, labels=LABELS))
    with every_step_kept(monkeypatch, 5), pytest.raises(Killed):
        fitted(make, tmp_path, labels=LABELS)
    assert same(state(fitted(make, tmp_path, labels=LABELS)), expected)


@pytest.mark.parametrize("kill", [1, 3, 4, STEPS - 1, STEPS])
def test_a_training_goes_on_at_the_ends_of_epochs(kill: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = own(epochs=4)
    expected = state(fitted(make))
    with every_step_kept(monkeypatch, kill), pytest.raises(Killed):
        fitted(make, tmp_path)
    with every_step_kept(monkeypatch) as kept:
        component = fitted(make, tmp_path)
    assert same(state(component), expected)
    assert len(kept) == STEPS - kill
