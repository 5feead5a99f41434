"""The semi-supervised GAN: few labels and many points without one make a classifier."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adagan import GAN, Mixture
from adagan.components import (
    FeatureMatching,
    FewLabels,
    Hinge,
    InstanceNoise,
    MinibatchStatistics,
    Minimax,
    Packing,
    SemiSupervisedGAN,
)
from adagan.components.generators.gan.conditioning.few_labels import AnyClass
from adagan.mixtures.randomness import isolated_randomness

TINY: dict[str, Any] = {"latent_dim": 2, "width": 16, "max_steps": 5, "batch_size": 32, "seed": 100}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def two_blobs(count: int) -> tuple[Tensor, Tensor]:
    classes = torch.arange(count) % 2
    noise = 0.4 * torch.randn(count, 2, generator=seeded(100))
    return noise + torch.where(classes == 0, -2.0, 2.0)[:, None], classes


@pytest.mark.slow
def test_few_labels_make_a_classifier_beside_the_generator() -> None:
    data, classes = two_blobs(1_000)
    labels = torch.where(torch.arange(1_000) < 6, classes, -1)
    options = {**TINY, "width": 32, "max_steps": 400, "batch_size": 64, "learning_rate": 4e-3, "penalty": 0.5}
    gan = SemiSupervisedGAN(**options).fit(data, labels=labels)
    # the centres are fourteen standard deviations apart, and over five seeds every point was right
    assert float((gan.predict(data) == classes).double().mean()) > 0.99
    samples = gan.sample(2_000, generator=seeded(101))
    # over five seeds .84 to .97, with a standard deviation of .05: a false alarm below one in a million if it is normal
    assert float(((samples.abs() - 2).norm(dim=1) < 1.5).double().mean()) > 0.5


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    data, classes = two_blobs(64)
    gan = SemiSupervisedGAN(num_classes=4, **TINY).fit(data, labels=classes)
    found = gan.predict_proba(data)
    assert found.shape == (64, 4)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(64))
    torch.testing.assert_close(found, gan.classifier_(gan.scaling_(data)).softmax(dim=1))
    assert torch.equal(gan.predict(data), found.argmax(dim=1))
    assert gan.predict(data[:0]).shape == (0,)


def test_the_discriminator_is_the_log_of_all_classes_odds() -> None:
    data, classes = two_blobs(64)
    gan = SemiSupervisedGAN(**TINY)
    gan.fit(data, labels=classes)
    discriminator = AnyClass(gan.classifier_)
    scaled = gan.scaling_(data)
    odds = gan.classifier_(scaled).exp().sum(dim=1)
    torch.testing.assert_close(discriminator(scaled).sigmoid(), odds / (1 + odds))


@pytest.mark.slow
def test_labels_train_the_classifier_by_weight() -> None:
    # the same places carry both labels: those that have weight are learnt
    data = torch.cat([two_blobs(64)[0]] * 2)
    labels = torch.cat([two_blobs(64)[1], 1 - two_blobs(64)[1]])
    options = {**TINY, "max_steps": 150, "learning_rate": 1e-2}
    for first in (True, False):
        weights = (torch.arange(128) < 64) == first
        gan = SemiSupervisedGAN(**options).fit(data, weights=weights.double() / 64, labels=labels)
        # blobs ten standard deviations apart
        assert float((gan.predict(data[weights]) == labels[weights]).double().mean()) > 0.95


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"spectral_normalization": True},
        {"objective": Minimax(), "techniques": [FeatureMatching(), InstanceNoise()]},
        {"num_classes": 3},
    ],
    ids=repr,
)
@pytest.mark.parametrize("event_shape", [(2,), (1, 8, 8)])
def test_it_comes_back_from_a_file(options: dict[str, Any], event_shape: tuple[int, ...], tmp_path: Path) -> None:
    data = torch.rand(64, *event_shape, generator=seeded(101))
    fitted = SemiSupervisedGAN(**TINY, **options).fit(data, labels=torch.arange(64) % 2)
    Mixture([fitted]).save(tmp_path / "saved")
    loaded = Mixture.load(tmp_path / "saved").components[0]
    assert isinstance(loaded.conditioning, FewLabels)
    assert torch.equal(loaded.predict_proba(data), fitted.predict_proba(data))
    assert torch.equal(loaded.sample(9, generator=seeded(1)), fitted.sample(9, generator=seeded(1)))


def test_a_classifier_of_ones_own(tmp_path: Path) -> None:
    def make() -> GAN:
        own = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
        return SemiSupervisedGAN(discriminator=own, **TINY)

    data, classes = two_blobs(64)
    with isolated_randomness(100):
        fitted = make().fit(data, labels=classes)
        Mixture([fitted]).save(tmp_path / "saved", components=[make])
        loaded = Mixture.load(tmp_path / "saved", components=[make]).components[0]
    with pytest.raises(ValueError, match="GAN has a module of its own"):
        Mixture.load(tmp_path / "saved")
    assert torch.equal(loaded.predict_proba(data), fitted.predict_proba(data))


ALTERNATING = torch.arange(64) % 2


@pytest.mark.parametrize(
    ("options", "y", "message"),
    [
        ({}, None, "labels: a GAN with FewLabels.* learns classes"),
        ({"num_classes": 1}, ALTERNATING, "labels: expected classes from 0 to 0, the last of num_classes; got 1"),
        ({}, ALTERNATING - 2, "labels: expected classes from 0, and -1 for unlabelled rows, got -2"),
        ({}, torch.full((64,), -1), "labels: every row is unlabelled"),
        (
            {"discriminator": nn.Linear(2, 3)},
            ALTERNATING,
            r"discriminator: expected logits of the classes of shape \(2,",
        ),
        ({"discriminator": nn.Linear(3, 2)}, ALTERNATING, r"discriminator: it does not take points of shape \(B, 2\)"),
    ],
)
def test_mistakes_are_named_before_training(options: dict[str, Any], y: Tensor | None, message: str) -> None:
    with isolated_randomness(100), pytest.raises(ValueError, match=message):
        SemiSupervisedGAN(**TINY, **options).fit(two_blobs(64)[0], labels=y)


def test_weight_on_unlabelled_points_alone_is_refused() -> None:
    data, classes = two_blobs(64)
    with pytest.raises(ValueError, match="weights: all the weight lies on unlabelled points"):
        SemiSupervisedGAN(**TINY).fit(data, weights=(classes == 0) / 32, labels=classes.masked_fill(classes == 0, -1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": Hinge()}, r"objective: the discriminator's output is the log odds .* Hinge\(\) does not"),
        ({"techniques": [Packing(2)]}, r"techniques: Packing\(size=2\) judges points together"),
        ({"techniques": [MinibatchStatistics()]}, "would depend on the points beside it"),
        ({"supervision": 0.0}, "supervision: expected a positive number, got 0.0"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SemiSupervisedGAN(**options)


def test_an_unfitted_one_says_so() -> None:
    with pytest.raises(RuntimeError, match="not fitted yet"):
        SemiSupervisedGAN().predict(torch.zeros(3, 2))
