"""One component per class: each learns its own points, and classes survive weighting, mixing, storing and boosting."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from adagan import AdaGAN
from adagan.components import (
    ClassConditional,
    ConditionalComponent,
    Critic,
    Gaussian,
    ScikitLearn,
    Wrapped,
    check_component,
)
from adagan.components.contract import has_density
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness

CENTRES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], dtype=torch.float64)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def three_classes(num_points: int = 600) -> tuple[Tensor, Tensor]:
    labels = torch.randint(3, (num_points,), generator=seeded(100))
    return CENTRES[labels] + torch.randn(num_points, 2, generator=seeded(101), dtype=torch.float64), labels


def nearest(samples: Tensor) -> Tensor:
    return torch.cdist(samples.double(), CENTRES).argmin(dim=1)


def test_each_class_is_fitted_to_its_own_points() -> None:
    data, labels = three_classes()
    weights = torch.rand(len(data), generator=seeded(102))
    component = ClassConditional(Gaussian).fit(data, weights=weights, labels=labels)
    for label, fitted in enumerate(component.mixture_):
        rows = labels == label
        alone = Gaussian().fit(data[rows], weights=weights[rows])
        torch.testing.assert_close(fitted.mean_, alone.mean_)
        torch.testing.assert_close(fitted.factor_ @ fitted.factor_.T, alone.factor_ @ alone.factor_.T)
        assert float(component.class_shares_[label]) == pytest.approx(float(weights[rows].sum() / weights.sum()))
    assert isinstance(component, ConditionalComponent)


def test_samples_are_of_the_class_that_is_wanted() -> None:
    data, labels = three_classes()
    component = ClassConditional(Gaussian).fit(data, labels=labels)
    wanted = torch.randint(3, (500,), generator=seeded(0))
    # ten standard deviations lie between the classes: half the way is exceeded once in a million draws
    assert torch.equal(nearest(component.sample(500, generator=seeded(1), condition=wanted)), wanted)
    assert nearest(component.sample(50, generator=seeded(1), condition=2)).unique().tolist() == [2]
    shares = torch.bincount(nearest(component.sample(20_000, generator=seeded(2))), minlength=3) / 20_000
    # standard errors of .0034 at most, six are .021: a false alarm below 1e-7
    assert float((shares - component.class_shares_).abs().max()) < 0.021


def test_unlabelled_points_are_left_out() -> None:
    data, labels = three_classes()
    hidden = torch.rand(len(data), generator=seeded(0)) < 0.5
    partly = labels.masked_fill(hidden, -1)
    first = ClassConditional(Gaussian).fit(data, labels=partly)
    other = ClassConditional(Gaussian).fit(data[~hidden], labels=labels[~hidden])
    torch.testing.assert_close(first.class_shares_, other.class_shares_)
    torch.testing.assert_close(first.sample(50, generator=seeded(1)), other.sample(50, generator=seeded(1)))


def test_a_class_without_weight_is_not_sampled() -> None:
    data, labels = three_classes()
    component = ClassConditional(Gaussian).fit(data, weights=(labels != 1).double(), labels=labels)
    assert float(component.class_shares_[1]) == 0
    assert component.classes_ == (0, 2)
    assert sorted(nearest(component.sample(200, generator=seeded(0))).unique().tolist()) == [0, 2]
    assert nearest(component.sample(20, generator=seeded(0), condition=2)).unique().tolist() == [2]
    with pytest.raises(ValueError, match=r"condition: class 1 had no weight in the data.*samples the classes 0, 2"):
        component.sample(5, condition=torch.tensor([0, 1, 2, 0, 0]))
    # another component of the mixture knows it
    other = ClassConditional(Gaussian).fit(data, weights=(labels == 1).double(), labels=labels)
    samples, behind = Mixture([component, other]).sample(30, seeded(0), return_component=True, condition=1)
    assert nearest(samples).unique().tolist() == behind.unique().tolist() == [1]


def test_density_of_all_classes_together() -> None:
    data, labels = three_classes()
    component = ClassConditional(Gaussian).fit(data, labels=labels)
    parts = torch.stack([part.log_prob(data) for part in component.mixture_], dim=1)
    torch.testing.assert_close(component.log_prob(data), (parts + component.class_shares_.log()).logsumexp(dim=1))
    assert has_density(component)
    assert has_density(ClassConditional(Gaussian))
    without = ClassConditional(lambda: Wrapped(Tables()))
    assert not has_density(without)
    assert not has_density(without.fit(data, labels=labels))
    with pytest.raises(TypeError, match=r"the component of class 0 \(Tables\) has no log_prob"):
        without.log_prob(data)


class Tables:
    """A foreign generator that samples from global randomness, with a state."""

    def fit(self, data: Any) -> "Tables":
        self.mean = torch.from_numpy(data.mean(axis=0))
        return self

    def sample(self, num_samples: int) -> Any:
        return (self.mean + torch.randn(num_samples, len(self.mean))).numpy()

    def state_dict(self) -> dict[str, Tensor]:
        return {"mean": self.mean}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.mean = state["mean"]


class OwnGaussian(Gaussian):
    """A user's own class."""


MAKERS: dict[str, Callable[[], Any]] = {
    "gaussian": partial(ClassConditional, Gaussian),
    "gaussian mixture": lambda: ClassConditional(lambda: ScikitLearn(GaussianMixture(2)), num_classes=4),
    "a user's own": lambda: ClassConditional(OwnGaussian),
    "wrapped": lambda: ClassConditional(Tables),
}


@pytest.mark.parametrize("name", MAKERS)
def test_stored_and_loaded_by_value(name: str, tmp_path: Path) -> None:
    data, labels = three_classes()
    with isolated_randomness(0):
        component = MAKERS[name]().fit(data, weights=(labels != 1).double(), labels=labels)
    mixture = Mixture([component])
    mixture.save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture", components=[MAKERS[name]])
    for condition in (None, 2):
        first, again = (one.sample(40, seeded(0), condition=condition) for one in (mixture, loaded))
        assert torch.equal(first, again)
    assert torch.equal(loaded.class_shares_, mixture.class_shares_)
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again" / "mixture.json").read_text() == (tmp_path / "mixture" / "mixture.json").read_text()


def test_a_strangers_classes_are_not_made(tmp_path: Path) -> None:
    data, labels = three_classes()
    Mixture([ClassConditional(OwnGaussian).fit(data, labels=labels)]).save(tmp_path / "mixture")
    with pytest.raises(ValueError, match="ClassConditional holds a component of class OwnGaussian"):
        Mixture.load(tmp_path / "mixture")


def test_a_loaded_component_can_be_fitted_anew(tmp_path: Path) -> None:
    data, labels = three_classes()
    Mixture([ClassConditional(Gaussian).fit(data, labels=labels)]).save(tmp_path / "mixture")
    (component,) = Mixture.load(tmp_path / "mixture")
    component.fit(data[labels == 0], labels=labels[labels == 0])
    assert nearest(component.sample(30, generator=seeded(0))).unique().tolist() == [0]


def test_modes_and_devices_go_down_to_the_classes() -> None:
    data, labels = three_classes()
    component = ClassConditional(Gaussian).fit(data, labels=labels)
    assert not any(part.training for part in component.eval().mixture_)
    moved = component.to("meta")
    assert moved.class_shares_.device.type == "cpu"
    assert moved.sample(5, generator=seeded(0), condition=torch.tensor([0, 1, 2, 0, 1])).is_meta


def test_the_seed_decides_and_classes_differ() -> None:
    class Noise(nn.Module):
        def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Noise":
            self.value = torch.rand(1)
            return self

        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return self.value.expand(num_samples, 1)

    data, labels = three_classes()
    drawn = []
    for seed in (1, 1, 2):
        with isolated_randomness(seed):
            component = ClassConditional(Noise).fit(data, labels=labels)
        drawn.append([float(component.sample(1, condition=label)) for label in range(3)])
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 3


@pytest.mark.parametrize("change", ["shares", "condition", "order", "range"])
def test_a_breach_is_named(change: str) -> None:
    class Broken(ClassConditional):
        def __init__(self) -> None:
            super().__init__(Gaussian)

        def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> "Broken":
            super().fit(data, weights=weights, labels=labels)
            if change == "shares":
                self.class_shares_ = torch.full_like(self.class_shares_, 1 / len(self.class_shares_))
            return self

        def sample(self, num_samples: int, *, generator=None, condition: int | Tensor | None = None) -> Tensor:
            if change == "condition":
                condition = None
            if change == "order" and isinstance(condition, Tensor):
                condition = condition.sort().values
            if change == "range" and isinstance(condition, int):
                condition = min(max(condition, 0), 1)
            return super().sample(num_samples, generator=generator, condition=condition)

    messages = {
        "shares": "class_shares_ must follow the weights: a class of weight 0.750 has the share 0.500",
        "condition": "condition=. must decide what is sampled",
        "order": "in the order that was given",
        "range": r"sample\(3, condition=2\) of a component that knows the classes 0 and 1 must raise a ValueError",
    }
    with pytest.raises(AssertionError, match=messages[change]):
        check_component(Broken)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            None,
            "labels: ClassConditional learns classes, so it needs the class of every point, -1 where it is not known",
        ),
        (torch.zeros(5), "labels: expected 6 labels, one per row of data"),
        (torch.tensor([0, 1, 2, 0, 1, 0.5]), "labels: expected classes as whole numbers"),
        (torch.tensor([0, 1, 2, 0, 1, -2]), "labels: expected classes from 0, and -1 for unlabelled rows, got -2"),
        (torch.tensor([0, 1, 2, 0, 1, 3]), "labels: expected classes from 0 to 2, the last of num_classes; got 3"),
        (torch.full((6,), -1), "labels: every row is unlabelled"),
        (torch.tensor([-1, -1, 0, 0, 1, 1]), "weights: all the weight lies on unlabelled points"),
    ],
)
def test_labels_that_cannot_be_learnt(labels: Tensor | None, message: str) -> None:
    weights = torch.tensor([0.5, 0.5, 0, 0, 0, 0])
    with pytest.raises(ValueError, match=message):
        ClassConditional(Gaussian, num_classes=3).fit(
            torch.rand(6, 2, generator=seeded(0)), weights=weights, labels=labels
        )


def test_errors() -> None:
    with pytest.raises(TypeError, match=r"make_component: .* got an object of class Gaussian; pass the class"):
        ClassConditional(Gaussian())
    with pytest.raises(ValueError, match="num_classes: expected 1 or more, got 0"):
        ClassConditional(Gaussian, 0)
    with pytest.raises(
        RuntimeError, match=r"this ClassConditional is not fitted yet; call fit\(data, labels=classes\)"
    ):
        ClassConditional(Gaussian).sample(3)
    data, labels = three_classes()
    few = labels.clone()
    few[:2] = 3
    with pytest.raises(ValueError, match="class 3, 2 points: estimator: GaussianMixture refuses the data"):
        ClassConditional(lambda: ScikitLearn(GaussianMixture(5))).fit(data, labels=few)


@pytest.mark.slow
def test_boosting_by_class(tmp_path: Path) -> None:
    data, labels = three_classes()
    # the first class has two clusters, of which one Gaussian makes one
    data = torch.where((labels == 0)[:, None] & (torch.arange(len(data)) % 4 == 0)[:, None], data - 12, data).float()
    folder = tmp_path / "run"
    critic = partial(Critic, max_steps=150, width=32)
    make = partial(ClassConditional, Gaussian)
    model = AdaGAN(make, rounds=2, critic=critic, coarse_critic=critic, seed=100, folder=folder)
    model.fit(data, labels=labels)
    wanted = torch.arange(300) % 3
    samples = model.sample(300, seeded(0), condition=wanted)
    distances = torch.cdist(samples.double(), CENTRES)
    rows = wanted > 0
    assert torch.equal(distances[rows].argmin(dim=1), wanted[rows])
    again = AdaGAN(make, rounds=2, critic=critic, coarse_critic=critic, seed=100, folder=folder)
    again.resume(data, labels=labels)
    assert torch.equal(again.sample(300, seeded(0), condition=wanted), samples)
