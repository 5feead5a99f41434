"""A seed reaches whatever draws in a foreign object: one table of the places where it may hide."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import SGDClassifier
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from adagan.components import LightningGenerator, ScikitLearn, Wrapped
from adagan.components.adapters.already_trained import AlreadyTrained
from adagan.components.adapters.foreign_randomness import seeded, seeded_parts
from adagan.components.critics.fitted_classifier import fitted_classifier
from adagan.components.critics.labelled_points import LabelledPoints
from adagan.mixtures.randomness import isolated_randomness

DATA = torch.randn(40, 2, generator=torch.Generator().manual_seed(100))


class Drawing:
    """Noise of a shape, from a source that each row of the table names; what `fit` draws is part of the samples."""

    def __init__(self, source: Any, draw: Callable[[Any, int], Any]) -> None:
        self.source, self.draw = source, draw

    def fit(self, data: np.ndarray) -> "Drawing":
        self.learnt = self._drawn(1)
        return self

    def sample(self, num_samples: int) -> np.ndarray:
        return self.learnt + self._drawn(num_samples)

    def _drawn(self, size: int) -> np.ndarray:
        return np.asarray(self.draw(self.source, size)).reshape(size, 2)


class Holder:
    """Anything that has what it draws from as an attribute."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Numbered(Drawing):
    """Seeded by a number of its own, which would give the same samples in every draw."""

    def __init__(self, name: str, number: int | None) -> None:
        setattr(self, name, number)
        super().__init__(None, lambda _, size: np.random.RandomState(getattr(self, name)).standard_normal(2 * size))


class Settable(Drawing):
    """What others call ``set_random_state``, with a state that Python cannot see."""

    def __init__(self) -> None:
        self.set_random_state(0)
        super().__init__(None, lambda _, size: self.next_numbers(size))

    def set_random_state(self, seed: int) -> None:
        state = np.random.default_rng(seed)
        self.next_numbers = lambda size: state.standard_normal(2 * size)


class Asks:
    """Takes the seed as a parameter, whose default is a constant."""

    def fit(self, data: np.ndarray, random_seed: int = 0) -> "Asks":
        self.learnt = np.random.default_rng(random_seed).standard_normal(2)
        return self

    def sample(self, num_samples: int, seed: int = 0) -> np.ndarray:
        return self.learnt + np.random.default_rng(seed).standard_normal((num_samples, 2))


class Around(BaseEstimator):  # type: ignore[misc]
    """A meta-estimator: it fits a clone of what it is given, behind a scaler, and has no seed itself."""

    def __init__(self, inner: Any = None) -> None:
        self.inner = inner

    def fit(self, data: np.ndarray) -> "Around":
        from sklearn.base import clone

        self.scaler_ = StandardScaler().fit(data)
        self.inner_ = clone(self.inner).fit(self.scaler_.transform(data))
        return self

    def sample(self, num_samples: int) -> Any:
        drawn = self.inner_.sample(num_samples)
        return self.scaler_.inverse_transform(drawn[0] if isinstance(drawn, tuple) else drawn)


class Noisy(BaseEstimator):  # type: ignore[misc]
    """Draws from the global state, as a density estimator that one writes in a hurry does."""

    def fit(self, data: np.ndarray) -> "Noisy":
        self.learnt_ = np.random.normal(size=2)  # noqa: NPY002
        return self

    def sample(self, num_samples: int) -> np.ndarray:
        return self.learnt_ + np.random.normal(size=(num_samples, 2))  # noqa: NPY002


def normal(source: Any, size: int) -> Any:
    return source.standard_normal(2 * size)


def of_torch(source: Any, size: int) -> Any:
    return torch.randn(2 * size, generator=source).numpy()


def of_python(source: Any, size: int) -> Any:
    return [source.gauss(0, 1) for _ in range(2 * size)]


TABLE: dict[str, Callable[[], Any]] = {
    "numpy Generator": lambda: Wrapped(Drawing(np.random.default_rng(0), normal)),
    "numpy Generator, other bits": lambda: Wrapped(Drawing(np.random.Generator(np.random.MT19937(0)), normal)),
    "RandomState": lambda: Wrapped(Drawing(np.random.RandomState(0), normal)),
    "torch Generator": lambda: Wrapped(Drawing(torch.Generator().manual_seed(0), of_torch)),
    "Python's Random": lambda: Wrapped(Drawing(random.Random(0), of_python)),
    "numpy's global": lambda: Wrapped(Drawing(np.random, normal)),
    "torch's global": lambda: Wrapped(Drawing(None, of_torch)),
    "Python's global": lambda: Wrapped(Drawing(random, of_python)),
    "in a part": lambda: Wrapped(
        Drawing(Holder(rng=np.random.default_rng(0)), lambda holder, size: normal(holder.rng, size))
    ),
    "in a pair, as CTGAN's": lambda: Wrapped(
        Drawing(
            Holder(random_states=(np.random.RandomState(0), torch.Generator().manual_seed(0))),
            lambda holder, size: normal(holder.random_states[0], size) + of_torch(holder.random_states[1], size),
        )
    ),
    "in a list in a dictionary": lambda: Wrapped(
        Drawing({"a": [np.random.default_rng(0)]}, lambda found, size: normal(found["a"][0], size))
    ),
    **{
        f"{name} = {number}": partial(lambda name, number: Wrapped(Numbered(name, number)), name, number)
        for name in ("random_state", "random_seed", "seed")
        for number in (None, 0)
    },
    "random_state = 0 in a part": lambda: Wrapped(
        Drawing(Holder(random_state=0), lambda holder, size: normal(np.random.RandomState(holder.random_state), size))
    ),
    "set_random_state": lambda: Wrapped(Settable()),
    "set_random_state of a part": lambda: Wrapped(Drawing(Settable(), lambda part, size: part.next_numbers(size))),
    "parameters of fit and sample": lambda: Wrapped(Asks()),
    "GaussianMixture": lambda: ScikitLearn(GaussianMixture(2)),
    "GaussianMixture with a seed": lambda: ScikitLearn(GaussianMixture(2, random_state=0)),
    "GaussianMixture with a RandomState": lambda: ScikitLearn(
        GaussianMixture(2, random_state=np.random.RandomState(0))
    ),
    "BayesianGaussianMixture": lambda: ScikitLearn(BayesianGaussianMixture(n_components=2)),
    "KernelDensity": lambda: ScikitLearn(KernelDensity(bandwidth=0.1)),
    "a meta-estimator": lambda: ScikitLearn(Around(GaussianMixture(2, random_state=0))),
    "a meta-estimator of a meta-estimator": lambda: ScikitLearn(Around(Around(GaussianMixture(2)))),
    "a meta-estimator of KernelDensity": lambda: ScikitLearn(Around(KernelDensity(bandwidth=0.1))),
    "an estimator without a seed": lambda: ScikitLearn(Noisy()),
    "GaussianMixture, wrapped": lambda: Wrapped(GaussianMixture(2, random_state=0)),
    "a meta-estimator, wrapped": lambda: Wrapped(Around(GaussianMixture(2, random_state=0))),
}


@pytest.mark.filterwarnings("ignore:Best performing")
@pytest.mark.parametrize("make", TABLE.values(), ids=TABLE)
def test_a_seed_decides_what_is_learnt_and_drawn(make: Callable[[], Any]) -> None:
    def fitted(seed: int) -> Any:
        with isolated_randomness(seed):
            return make().fit(DATA)

    def drawn(component: Any, seed: int) -> Tensor:
        return component.sample(6, generator=torch.Generator().manual_seed(seed))

    component, again = fitted(100), fitted(100)
    first = drawn(component, 101)
    assert torch.equal(first, drawn(component, 101))
    assert torch.equal(first, drawn(again, 101))
    assert not torch.equal(first, drawn(component, 102))
    assert len(first.unique(dim=0)) == 6


def test_what_has_been_trained_is_seeded_too() -> None:
    for source in (Asks().fit(DATA.numpy()), Around(GaussianMixture(2, random_state=0)).fit(DATA.numpy())):
        component = AlreadyTrained(source).fit(DATA)
        draws = [component.sample(5, generator=torch.Generator().manual_seed(seed)) for seed in (100, 100, 101)]
        assert torch.equal(draws[0], draws[1])
        assert not torch.equal(draws[0], draws[2])


def test_a_generator_inside_a_lightning_module_is_seeded() -> None:
    from lightning.pytorch import LightningModule

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.mean, self.rng = torch.nn.Parameter(torch.zeros(2)), np.random.default_rng()

        def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
            noise = torch.from_numpy(self.rng.standard_normal(2)).float()
            return (batch + noise - self.mean).square().mean()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), 0.1)

    def sampler(module: Any, num_samples: int, generator: torch.Generator) -> Tensor:
        noise: Tensor = module.mean + torch.from_numpy(module.rng.standard_normal((num_samples, 2))).float()
        return noise

    fits = [LightningGenerator(Module, sampler, max_steps=3, seed=seed).fit(DATA) for seed in (100, 100, 101)]
    assert torch.equal(fits[0].module_.mean, fits[1].module_.mean)
    assert not torch.equal(fits[0].module_.mean, fits[2].module_.mean)
    draws = [fits[0].sample(3, generator=torch.Generator().manual_seed(seed)) for seed in (100, 100, 101)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_a_classifier_within_a_pipeline_gets_the_critics_seed() -> None:
    class Recording(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def __init__(self, random_state: int | None = None) -> None:
            self.random_state = random_state

        def fit(self, points: np.ndarray, classes: np.ndarray, sample_weight: Any = None) -> "Recording":
            self.seed_, self.classes_ = self.random_state, np.unique(classes)
            return self

    even = torch.full((20,), 0.05, dtype=torch.float64)
    training = LabelledPoints(DATA[:20], even, DATA[20:], torch.ones(20).long(), torch.tensor([0.5, 0.5]).log())
    for estimator in (Recording(), make_pipeline(StandardScaler(), Recording()), make_pipeline(SGDClassifier())):
        found = [fitted_classifier(estimator, training, seed, weighted=False) for seed in (100, 100, 101)]
        last = [each.steps[-1][1] if hasattr(each, "steps") else each for each in found]
        learnt = [each.coef_.tolist() if hasattr(each, "coef_") else each.seed_ for each in last]
        assert learnt[0] == learnt[1] != learnt[2]


def test_two_estimators_inside_an_object_do_not_draw_the_same_numbers() -> None:
    both = Holder(
        left=GaussianMixture(1, random_state=0).fit(DATA.numpy()),
        right=GaussianMixture(1, random_state=0).fit(DATA.numpy()),
    )
    with seeded(both, 100):
        assert not np.array_equal(both.left.sample(5)[0], both.right.sample(5)[0])


def test_all_comes_back() -> None:
    shared = np.random.default_rng(0)
    inside = Holder(
        random_state=None, seed=7, rng=shared, part=Holder(rng=shared, pair=(random.Random(0), torch.Generator()))
    )
    inside.part.owner = inside  # a circle
    settable = Settable()
    numbers = settable.next_numbers
    before = [shared.bit_generator.state, inside.part.pair[0].getstate(), inside.part.pair[1].get_state().tolist()]
    with seeded_parts([inside, settable], 100):
        assert (inside.random_state, inside.seed) != (None, 7)
        assert inside.part.rng is inside.rng is shared
        settable.next_numbers(3), shared.random(), inside.part.pair[0].random()
    assert (inside.random_state, inside.seed) == (None, 7)
    assert settable.next_numbers is numbers
    after = [shared.bit_generator.state, inside.part.pair[0].getstate(), inside.part.pair[1].get_state().tolist()]
    assert before == after


def test_what_an_object_changes_itself_is_its_own() -> None:
    class Counts(Holder):
        def fit(self, data: Any) -> None:
            self.seed = 5

    counts = Counts(seed=3)
    with seeded(counts, 100):
        counts.fit(None)
    assert counts.seed == 5


def test_data_are_not_looked_through() -> None:
    held = Holder(rows=[np.random.default_rng(0) for _ in range(2_000)], kind="seed", seed=True, frame={"seed": 12})
    with seeded_parts(held, 100):
        assert held.frame == {"seed": 12}
        assert held.seed is True
        assert held.rows[0].random() == np.random.default_rng(0).random()
