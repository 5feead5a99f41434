"""The conditional GAN: classes are learnt and sampled, alone, through a file, and boosted."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from clusters import COARSE_CRITIC, TINY_CRITIC
from torch import Tensor, nn

from adagan import GAN, AdaGAN, Mixture
from adagan.components import (
    Classes,
    ConditionalGAN,
    FeatureMatching,
    GradientPenalty,
    Hinge,
    InstanceNoise,
    MinibatchStatistics,
    Objective,
    Packing,
    RelativisticPairing,
    Unrolled,
    Wasserstein,
)
from adagan.components.generators.gan.conditioning.class_networks import ProjectionDiscriminator
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.sampling.stacking import stacks

TINY: dict[str, Any] = {"latent_dim": 2, "width": 16, "max_steps": 5, "batch_size": 32, "seed": 100}
CENTRES = torch.tensor([[-3.0, 0.0], [3.0, 0.0], [0.0, 4.0]])


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def three_classes(count: int) -> tuple[Tensor, Tensor]:
    classes = torch.arange(count) % 3
    return CENTRES[classes] + 0.4 * torch.randn(count, 2, generator=seeded(100)), classes


@pytest.mark.slow
@pytest.mark.parametrize("objective", [None, RelativisticPairing()], ids=repr)
def test_each_class_is_sampled_where_it_lies(objective: Objective | None) -> None:
    data, classes = three_classes(1_500)
    options = {**TINY, "width": 32, "max_steps": 500, "batch_size": 64, "learning_rate": 4e-3, "penalty": 0.5}
    gan = ConditionalGAN(objective, **options).fit(data, labels=classes)
    for label in range(3):
        samples = gan.sample(1_000, generator=seeded(101), condition=label)
        nearest = torch.cdist(samples, CENTRES).argmin(dim=1)
        # untrained generators give about a third; over five seeds every class gave 1.000
        assert float((nearest == label).double().mean()) > 0.8
        # a class has a spread of .4, the whole of the data one of 2.4; over five seeds it was .23 to .41, with a
        # standard deviation of .05, so that a false alarm is below one in a million if the spread is normal
        assert float(samples.std(dim=0).max()) < 1.2


def test_classes_are_drawn_by_their_weight() -> None:
    data, classes = three_classes(600)
    weights = torch.tensor([1.0, 2.0, 5.0])[classes]
    gan = ConditionalGAN(**TINY).fit(data, weights=weights / weights.sum(), labels=classes)
    torch.testing.assert_close(gan.class_shares_, torch.tensor([1.0, 2.0, 5.0]).double() / 8, atol=1e-6, rtol=0)
    drawn = gan.generator_.choice(torch.rand(40_000, generator=seeded(101)))
    # standard errors of .0025 at most, six are .015: a false alarm below 1e-8
    found = drawn.bincount(minlength=3) / 40_000
    torch.testing.assert_close(found.double(), gan.class_shares_, atol=0.015, rtol=0)


def test_a_class_without_weight_is_never_sampled() -> None:
    data, classes = three_classes(90)
    gan = ConditionalGAN(num_classes=5, **TINY).fit(data, weights=(classes == 1) / 30, labels=classes)
    assert gan.class_shares_.tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
    chances = torch.tensor([0.0, 0.5, 1 - 2**-24])
    assert gan.generator_.choice(chances).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match=r"condition: class 2 had no weight .* it samples the classes 1$"):
        gan.sample(3, condition=2)


def test_a_draw_of_classes_is_a_draw_of_each() -> None:
    data, classes = three_classes(90)
    gan = ConditionalGAN(**TINY).fit(data, labels=classes)
    wanted = torch.arange(9_000) % 3  # more than a block
    mixed = gan.sample(9_000, generator=seeded(101), condition=wanted)
    for label in range(3):
        alone = gan.sample(9_000, generator=seeded(101), condition=label)
        torch.testing.assert_close(mixed[wanted == label], alone[wanted == label])


def test_unlabelled_points_are_left_out() -> None:
    data, classes = three_classes(96)
    labels = classes.masked_fill(torch.arange(96) % 2 == 0, -1)
    elsewhere = data.clone()
    elsewhere[labels < 0] = data[labels < 0].flip(0)
    first, other = (ConditionalGAN(**TINY).fit(points, labels=labels) for points in (data, elsewhere))
    assert torch.equal(first.sample(5, generator=seeded(101)), other.sample(5, generator=seeded(101)))


def test_it_comes_back_from_a_file_and_is_stacked(tmp_path: Path) -> None:
    data, classes = three_classes(90)
    fitted = [ConditionalGAN(**{**TINY, "seed": seed}).fit(data, labels=classes) for seed in (100, 101)]
    fitted.append(ConditionalGAN(**TINY).fit(data[10:50], labels=classes[10:50] % 2))
    mixture = Mixture(fitted)
    mixture.save(tmp_path / "saved")
    loaded = Mixture.load(tmp_path / "saved")
    for condition in (None, 0, torch.arange(20) % 3):
        kept, found = (one.sample(20, seeded(1), condition=condition) for one in (mixture, loaded))
        assert torch.equal(kept, found)
    assert torch.equal(loaded.components[2].class_shares_, fitted[2].class_shares_)
    assert [stack.members for stack in stacks(mixture.components)] == [(0, 1)]


@pytest.mark.parametrize(
    "options",
    [
        {"objective": Hinge(), "penalty": 0.0, "spectral_normalization": True},
        {"objective": Wasserstein(), "penalty": GradientPenalty()},
        {"techniques": [InstanceNoise(2.0), FeatureMatching()]},
        {"techniques": [MinibatchStatistics(), Unrolled(2)]},
    ],
    ids=repr,
)
@pytest.mark.parametrize("event_shape", [(2,), (1, 8, 8)])
def test_what_a_gan_takes_it_takes(
    options: dict[str, Any], event_shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor] = []

    class Recording(ProjectionDiscriminator):
        def forward(self, points: Tensor, classes: Tensor) -> Tensor:
            seen.append(classes)
            return super().forward(points, classes)

    monkeypatch.setattr(f"{Classes.__module__}.ProjectionDiscriminator", Recording)
    data, classes = torch.rand(64, *event_shape, generator=seeded(101)), torch.arange(64) % 3
    gan = ConditionalGAN(**{**TINY, **options}).fit(data, labels=classes)
    assert gan.sample(3, condition=2).shape == (3, *event_shape)
    # noise on points and mixtures of points leave the classes whole
    assert set(torch.cat(seen).tolist()) == {0, 1, 2}


class OwnGenerator(nn.Module):
    def __init__(self, entries: int = 2) -> None:
        super().__init__()
        self.layer, self.places = nn.Linear(2, entries), nn.Embedding(3, entries)

    def forward(self, latent: Tensor, classes: Tensor) -> Tensor:
        made: Tensor = self.layer(latent) + self.places(classes)
        return made


class OwnDiscriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.places = nn.Linear(2, 1), nn.Embedding(3, 2)

    def forward(self, points: Tensor, classes: Tensor) -> Tensor:
        judged: Tensor = self.layer(points - self.places(classes))
        return judged


def test_modules_of_the_users_own(tmp_path: Path) -> None:
    def make() -> GAN:
        return ConditionalGAN(generator=OwnGenerator(), discriminator=OwnDiscriminator(), **TINY)

    data, classes = three_classes(90)
    with isolated_randomness(100):
        fitted = make().fit(data, labels=classes)
        Mixture([fitted]).save(tmp_path / "saved", components=[make])
        loaded = Mixture.load(tmp_path / "saved", components=[make])
    assert isinstance(fitted.generator_.generator, OwnGenerator)
    assert torch.equal(loaded.sample(9, seeded(1), condition=1), Mixture([fitted]).sample(9, seeded(1), condition=1))


@pytest.mark.parametrize(
    ("options", "y", "message"),
    [
        ({}, None, "labels: a GAN with Classes.* learns classes"),
        (
            {"num_classes": 2},
            torch.arange(90) % 3,
            r"labels: expected classes from 0 to 1, the last of num_classes; got 2",
        ),
        ({}, torch.full((90,), -1), "labels: every row is unlabelled"),
        ({}, torch.arange(90) / 2, "labels: expected classes as whole numbers"),
        ({"generator": partial(OwnGenerator, 3)}, torch.arange(90) % 3, r"generator: expected events of shape \(2,\)"),
        ({"generator": nn.Linear(2, 2)}, torch.arange(90) % 3, "generator: it does not take latent .* and classes"),
        (
            {"discriminator": nn.Linear(2, 1)},
            torch.arange(90) % 3,
            r"discriminator: it does not take points of shape \(B, 2\) and classes of shape \(B,\)",
        ),
    ],
)
def test_mistakes_are_named_before_training(options: dict[str, Any], y: Tensor | None, message: str) -> None:
    data, _ = three_classes(90)
    with isolated_randomness(100), pytest.raises(ValueError, match=message):
        ConditionalGAN(**TINY, **options).fit(data, labels=y)


def test_packs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"techniques: Packing\(size=2\) judges points together.*ClassConditional"):
        ConditionalGAN(techniques=[Packing(2)])


def test_it_is_boosted_with_labels() -> None:
    data, classes = three_classes(240)
    model = AdaGAN(
        partial(ConditionalGAN, **TINY), rounds=2, critic=TINY_CRITIC, coarse_critic=COARSE_CRITIC, seed=100
    ).fit(data, labels=classes)
    assert len(model.mixture_) == 2
    assert model.sample(4, condition=torch.tensor([0, 1, 2, 2])).shape == (4, 2)
    torch.testing.assert_close(model.mixture_.class_shares_.sum(), torch.tensor(1.0).double())
