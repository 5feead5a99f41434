"""The component contract, over one list with an entry per member, and over classes that break it on purpose."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from adagan.components import (
    GAN,
    ClassConditional,
    Component,
    Gaussian,
    InstanceNoise,
    LearntFeatures,
    MomentMatching,
    Packing,
    RelativisticPairing,
    ScikitLearn,
    Wrapped,
    as_component,
    check_component,
)
from adagan.components.catalogue import COMPONENTS
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness


class NumpyGaussian:
    """A foreign generator: numpy arrays, no weights, randomness from numpy's global generator."""

    def fit(self, data: np.ndarray) -> "NumpyGaussian":
        self.mean, self.std = data.mean(axis=0), data.std(axis=0)
        return self

    def sample(self, num_samples: int) -> np.ndarray:
        return self.mean + self.std * np.random.standard_normal((num_samples, len(self.mean)))  # noqa: NPY002


class StoredNumpyGaussian(NumpyGaussian):
    def state_dict(self) -> dict[str, Tensor]:
        return {"mean": torch.from_numpy(self.mean), "std": torch.from_numpy(self.std)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.mean, self.std = state["mean"].numpy(), state["std"].numpy()


class WeightedNumpyGaussian(NumpyGaussian):
    """Takes the weights itself, under scikit-learn's name."""

    def fit(self, data: np.ndarray, sample_weight: np.ndarray | None = None) -> "WeightedNumpyGaussian":
        weights = np.ones(len(data)) if sample_weight is None else sample_weight
        self.weights = weights
        self.mean = np.average(data, axis=0, weights=weights)
        self.std = np.sqrt(np.average((data - self.mean) ** 2, axis=0, weights=weights))
        return self


class OwnComponent(nn.Module):
    """A user's class that follows the contract and derives from a torch module."""

    def __init__(self, spread: float = 1.0) -> None:
        super().__init__()
        self.spread = spread
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("std", torch.ones(2))

    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "OwnComponent":
        p = torch.full((len(data),), 1 / len(data)) if weights is None else weights / weights.sum()
        p = p.to(data)
        self.mean.copy_(p @ data)
        self.std.copy_((p @ (data - self.mean).square()).sqrt() * self.spread)
        return self

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        if generator is None:
            generator = torch.Generator()
            generator.seed()
        return self.mean + self.std * torch.randn(num_samples, 2, generator=generator)


class TakesNoWeights(OwnComponent):
    """Declares that it cannot take weights, and has no such argument."""

    takes_weights = False

    def fit(self, data: Tensor) -> "TakesNoWeights":  # type: ignore[override]
        super().fit(data)
        return self


class WorksInPlace(OwnComponent):
    """Centres what it is given, and spoils the weights too: all of it is its own."""

    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "WorksInPlace":
        super().fit(data, weights=weights)
        data -= data.mean(dim=0)
        if weights is not None:
            weights.zero_()
        return self


def tiny_gan(**options: Any) -> GAN:
    return GAN(latent_dim=2, width=16, max_steps=60, batch_size=64, learning_rate=1e-2, ema_decay=0.9, **options)


def gan_with_modules() -> GAN:
    generator = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return tiny_gan(generator=generator, discriminator=discriminator)


MEMBERS: dict[str, Callable[[], Any]] = {
    **{offer.title: partial(offer, **offer.tiny) for offer in COMPONENTS if offer.tiny is not None},
    "gan with modules": gan_with_modules,
    "gan with everything": lambda: tiny_gan(
        objective=RelativisticPairing(), techniques=[Packing(2), InstanceNoise(0.3)], spectral_normalization=True
    ),
    "moment matching, learnt kernel": partial(
        MomentMatching, features=LearntFeatures(num_features=4), latent_dim=2, width=16, max_steps=60, batch_size=64
    ),
    "gaussian mixture per class": lambda: ClassConditional(lambda: ScikitLearn(GaussianMixture(2))),
    "wrapped": lambda: Wrapped(NumpyGaussian()),
    "bare numpy class": NumpyGaussian,
    "bare numpy class with a state": StoredNumpyGaussian,
    "wrapped with a state": lambda: Wrapped(StoredNumpyGaussian()),
    "bare numpy class with weights": WeightedNumpyGaussian,
    "wrapped with weights": lambda: Wrapped(WeightedNumpyGaussian(), weights="sample_weight"),
    "a user's own": OwnComponent,
    "a user's own, by partial": partial(OwnComponent, 0.5),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MEMBERS)
def test_the_contract_holds(name: str) -> None:
    component = MEMBERS[name]
    check_component(component)
    with isolated_randomness(0):
        assert isinstance(as_component(component()), Component)


class Broken(OwnComponent):
    """The base of what breaks the contract: each subclass in one way."""


class WrongShape(Broken):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator)[:, :1]


class OneTooMany(Broken):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples + 1, generator=generator)


class WrongDtype(Broken):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator).double()


class NotATensor(Broken):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Any:
        return super().sample(num_samples, generator=generator).numpy()


class IgnoresSeed(Broken):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=None)


class SameSamples(Broken):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=torch.Generator().manual_seed(0))


class IgnoresWeights(Broken):
    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "IgnoresWeights":
        return super().fit(data, weights=None)


class ReturnsNothing(Broken):
    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> None:
        super().fit(data, weights=weights)


class NotFinite(Broken):
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator) * math.nan


class TrainsAtRandom(Broken):
    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "TrainsAtRandom":
        super().fit(data, weights=weights)
        self.mean += 1e-3 * float(np.random.default_rng().standard_normal())
        return self


class ForgetsItsState(Broken):
    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        return None


BREACHES: dict[type, str] = {
    WrongShape: r"sample\(0\) must have shape \(0, 2\), got \(0, 1\)",
    OneTooMany: r"sample\(0\) must have shape \(0, 2\), got \(1, 2\)",
    WrongDtype: r"dtype torch\.float32, got torch\.float64",
    NotATensor: "must return a tensor, got ndarray",
    IgnoresSeed: "the same generator state must give the same samples",
    SameSamples: "another generator state must give other samples",
    IgnoresWeights: "weights must decide what is learnt",
    ReturnsNothing: "fit of ReturnsNothing must return the component itself, got NoneType; end it with return self",
    NotFinite: "samples must be finite",
    TrainsAtRandom: "the same data and seed must train the same component",
    ForgetsItsState: "a restored state must give the same samples",
}


class NeedsGenerator(OwnComponent):
    def sample(self, num_samples: int, *, generator: torch.Generator) -> Tensor:  # type: ignore[override]
        return super().sample(num_samples, generator=generator)


class WithGradients(OwnComponent):
    """Follows gradients wherever it is asked outside of a mixture's draw."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return super().sample(num_samples, generator=generator) * nn.Parameter(torch.ones(2))


@pytest.mark.parametrize("kind", [NeedsGenerator, WithGradients, WorksInPlace, TakesNoWeights])
def test_what_boosting_does_not_need_is_not_asked_for(kind: type) -> None:
    check_component(kind)


@pytest.mark.parametrize("kind", BREACHES, ids=lambda kind: kind.__name__)
def test_a_breach_is_named(kind: type) -> None:
    with pytest.raises(AssertionError, match=BREACHES[kind]):
        check_component(kind)


def test_the_same_object_each_time_is_a_breach() -> None:
    shared = OwnComponent()
    with pytest.raises(AssertionError, match="a fresh component at each call"):
        check_component(lambda: shared)


def test_an_object_without_the_methods_is_refused() -> None:
    class OnlyFits:
        def fit(self, data: Any) -> None: ...

    with pytest.raises(TypeError, match="OnlyFits has no method sample"):
        check_component(OnlyFits)
    with pytest.raises(TypeError, match="cannot be wrapped: it has no method sample"):
        Wrapped(OnlyFits())
    with pytest.raises(TypeError, match="KMeans has no method sample"):
        ScikitLearn(KMeans())


def test_drawing_from_global_generators_is_a_breach() -> None:
    class Global(OwnComponent):
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            np.random.random()  # noqa: NPY002
            return super().sample(num_samples, generator=generator)

    # the guard of the tests would see it too: give the state back
    state = np.random.get_state()  # noqa: NPY002
    try:
        with pytest.raises(AssertionError, match="must not advance a global generator"):
            check_component(Global)
    finally:
        np.random.set_state(state)  # noqa: NPY002


def test_images_and_custom_data_can_be_checked(generator: torch.Generator) -> None:
    data = torch.rand(64, 1, 4, 4, generator=generator)
    data[32:] += 5
    check_component(Gaussian, data)
    check_component(Gaussian, data.double())


@pytest.mark.parametrize("make", [Gaussian, lambda: ScikitLearn(GaussianMixture(1)), NumpyGaussian])
def test_the_event_shape_comes_back(make: Callable[[], Any], generator: torch.Generator) -> None:
    data = torch.randn(50, 2, 3, generator=generator)
    if make is NumpyGaussian:

        class Shaped(NumpyGaussian):
            def sample(self, num_samples: int) -> np.ndarray:
                return np.broadcast_to(self.mean, (num_samples, 2, 3))

        make = Shaped
    with isolated_randomness(0):
        fitted = as_component(make()).fit(data)
    assert fitted.sample(7, generator=generator).shape == (7, 2, 3)


def test_weights_reach_a_wrapped_object_on_the_scale_of_counts() -> None:
    wrapped = as_component(WeightedNumpyGaussian())
    assert isinstance(wrapped, Wrapped)
    data = torch.tensor([[0.0], [1.0], [5.0]])
    wrapped.fit(data, weights=torch.tensor([0.5, 0.5, 0.0]))
    assert wrapped.generator.weights.tolist() == [1.5, 1.5, 0.0]
    assert wrapped.generator.mean == pytest.approx([0.5])


def test_a_wrapped_object_without_weights_never_sees_weightless_rows() -> None:
    class Recording(NumpyGaussian):
        def fit(self, data: np.ndarray) -> "Recording":
            self.data = data
            return super().fit(data)

    wrapped = Wrapped(Recording())
    data = torch.arange(1000.0)[:, None]
    weights = torch.zeros(1000)
    weights[:10] = 0.1
    wrapped.fit(data, weights=weights)
    assert wrapped.generator.data.shape == (1000, 1)
    assert set(wrapped.generator.data[:, 0]) == set(range(10))


def test_a_wrapped_object_with_samples_of_another_shape_is_named() -> None:
    class Flat(NumpyGaussian):
        def sample(self, num_samples: int) -> np.ndarray:
            return super().sample(num_samples)[:, 0]

    wrapped = Wrapped(Flat()).fit(torch.rand(10, 2, generator=torch.Generator().manual_seed(0)))
    with pytest.raises(ValueError, match=r"Flat\.sample\(3\) returned shape \(3,\); expected \(3, 2\)"):
        wrapped.sample(3)


def test_what_cannot_be_stored_says_so() -> None:
    wrapped = Wrapped(NumpyGaussian()).fit(torch.rand(10, 2, generator=torch.Generator().manual_seed(0)))
    for ask in (wrapped.state_dict, wrapped.config):
        with pytest.raises(TypeError, match="NumpyGaussian cannot be stored: it needs state_dict"):
            ask()


def test_gaussian_is_the_weighted_maximum_likelihood() -> None:
    data = torch.tensor([[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]], dtype=torch.float64)
    fitted = Gaussian().fit(data, weights=torch.tensor([0.25, 0.75, 0.0]))
    assert torch.allclose(fitted.mean_, torch.tensor([1.5, 0.0], dtype=torch.float64))
    covariance = fitted.factor_ @ fitted.factor_.T
    assert torch.allclose(covariance, torch.tensor([[0.75, 0.0], [0.0, 0.0]], dtype=torch.float64), atol=1e-12)
    assert torch.equal(fitted.sample(5)[:, 1], torch.zeros(5, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"the covariance is singular.*regularisation > 0"):
        fitted.log_prob(data)


def test_gaussian_log_prob_is_that_of_torch(generator: torch.Generator) -> None:
    data = torch.randn(200, 3, generator=generator, dtype=torch.float64) @ torch.tensor(
        [[1.0, 0.5, 0.0], [0.0, 2.0, 0.3], [0.0, 0.0, 0.1]], dtype=torch.float64
    )
    fitted = Gaussian(regularisation=0.01).fit(data)
    truth = torch.distributions.MultivariateNormal(fitted.mean_, fitted.factor_ @ fitted.factor_.T)
    assert torch.allclose(fitted.log_prob(data), truth.log_prob(data), atol=1e-9)
    with pytest.raises(ValueError, match="regularisation: expected 0 or more, got -1"):
        Gaussian(-1.0)


def test_scikit_learn_densities_and_state(generator: torch.Generator) -> None:
    data = torch.randn(300, 2, generator=generator)
    with isolated_randomness(3):
        fitted = ScikitLearn(GaussianMixture(2)).fit(data)
    expected = torch.from_numpy(fitted.estimator.score_samples(data.numpy()))
    assert torch.equal(fitted.log_prob(data), expected)
    state = fitted.state_dict()
    broken = {"skops": state["skops"][:100].clone()}
    restored = ScikitLearn.from_config(fitted.config())
    with pytest.raises(ValueError, match="the stored estimator is refused"):
        restored.load_state_dict(broken)
    with pytest.raises(ValueError, match=r"GaussianMixture refuses the data.*n_samples"):
        ScikitLearn(GaussianMixture(8)).fit(data[:3])


def test_unfitted_components_say_so() -> None:
    for make, name in ((GAN, "GAN"), (Gaussian, "Gaussian")):
        with pytest.raises(RuntimeError, match=f"this {name} is not fitted yet; call fit"):
            make().sample(3)


@pytest.mark.parametrize("made_by_user", [False, True])
@pytest.mark.parametrize("name", ["gaussian", "gaussian-mixture", "kernel-density", "gan"])
def test_stored_and_loaded_by_value(name: str, made_by_user: bool, tmp_path: Path, generator: torch.Generator) -> None:
    data = torch.randn(128, 2, generator=generator)
    make = partial(tiny_gan, seed=0) if name == "gan" else MEMBERS[name]
    with isolated_randomness(0):
        component = make().fit(data)
    Mixture([component]).save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture", components=[make] if made_by_user else ())
    seeds = [torch.Generator().manual_seed(1) for _ in range(2)]
    assert torch.equal(loaded.sample(50, seeds[0]), Mixture([component]).sample(50, seeds[1]))


@pytest.mark.parametrize("make", [StoredNumpyGaussian, lambda: Wrapped(StoredNumpyGaussian())])
def test_a_wrapped_class_is_loaded_by_what_made_it(
    make: Callable[[], Any], tmp_path: Path, generator: torch.Generator
) -> None:
    component = as_component(make()).fit(torch.randn(128, 2, generator=generator))
    Mixture([component]).save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture", components=[make])
    seeds = [torch.Generator().manual_seed(1) for _ in range(2)]
    assert torch.equal(loaded.sample(50, seeds[0]), Mixture([component]).sample(50, seeds[1]))
    with pytest.raises(ValueError, match="generator of class StoredNumpyGaussian, which is not one of adagan's"):
        Mixture.load(tmp_path / "mixture")
