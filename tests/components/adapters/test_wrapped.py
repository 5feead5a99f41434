"""Foreign generators: what they are given, what they may return, and what is refused before training."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from adagan import AdaGAN, Critic
from adagan.components import Wrapped, check_component
from adagan.mixtures import Mixture
from adagan.mixtures.randomness import isolated_randomness


class Bootstrap:
    """Draws rows of what it was given, from a generator of its own."""

    def __init__(self) -> None:
        self.random = np.random.default_rng()

    def fit(self, data: np.ndarray) -> "Bootstrap":
        self.data = data
        return self

    def sample(self, num_samples: int) -> Any:
        return self.data[self.random.integers(len(self.data), size=num_samples)]


class ByClass(Bootstrap):
    """Learns labels and samples by class; the labels may be a class or one for each sample."""

    def fit(self, data: np.ndarray, y: np.ndarray | None = None) -> "ByClass":
        self.y = y
        super().fit(data)
        return self

    def sample(self, num_samples: int, condition: Any = None) -> np.ndarray:
        if condition is None:
            return super().sample(num_samples)
        assert self.y is not None
        wanted = np.broadcast_to(condition, num_samples)
        return np.stack([self.data[self.random.choice(np.flatnonzero(self.y == label))] for label in wanted])


class StoredByClass(ByClass):
    def state_dict(self) -> dict[str, Tensor]:
        assert self.y is not None
        return {"data": torch.from_numpy(self.data), "y": torch.from_numpy(self.y)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.data, self.y = state["data"].numpy(), state["y"].numpy()


def points(num_points: int = 20) -> Tensor:
    return torch.arange(2.0 * num_points).reshape(num_points, 2)


def by_class(generator: Bootstrap) -> Wrapped:
    """The wrapped object, with what it can do said."""
    return Wrapped(generator, labels="y", condition=True)


@pytest.mark.parametrize("make", [Bootstrap, ByClass, lambda: by_class(ByClass()), lambda: by_class(StoredByClass())])
def test_the_contract_holds(make: Any) -> None:
    check_component(make)


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: (rows, np.zeros(len(rows))),
        lambda rows: rows.tolist(),
        lambda rows: pd.DataFrame(rows, columns=["a", "b"]),
        lambda rows: torch.from_numpy(rows).double(),
        lambda rows: torch.from_numpy(rows).requires_grad_(),
    ],
    ids=["tuple", "list", "DataFrame", "float64 tensor", "tensor with gradients"],
)
def test_samples_of_every_form_become_tensors_like_the_data(form: Any) -> None:
    class Formed(Bootstrap):
        def sample(self, num_samples: int) -> Any:
            return form(super().sample(num_samples))

    drawn = Wrapped(Formed()).fit(points()).sample(50)
    assert drawn.dtype == torch.float32
    assert not drawn.requires_grad
    assert torch.equal(drawn[:, 1], drawn[:, 0] + 1)  # as in every row of the data


def test_a_torch_module_is_given_tensors() -> None:
    class Module(nn.Module):
        def fit(self, data: Tensor, *, weights: Tensor | None = None) -> None:
            self.data, self.weights = data, weights

        def sample(self, num_samples: int) -> Tensor:
            return self.data[torch.randint(len(self.data), (num_samples,))]

    wrapped = Wrapped(Module(), weights="weights").fit(points(4), weights=torch.tensor([0.5, 0.5, 0.0, 0.0]))
    assert torch.equal(wrapped.generator.data, points(4))
    assert wrapped.generator.weights.tolist() == [2.0, 2.0, 0.0, 0.0]
    assert isinstance(Wrapped(Bootstrap(), tensors=True).fit(points()).generator.data, Tensor)


def test_labels_stay_with_their_rows_when_rows_are_drawn_by_weight() -> None:
    weights = torch.zeros(20)
    weights[5:15] = 0.1
    wrapped = by_class(ByClass()).fit(points(), weights=weights, labels=torch.arange(20))
    assert np.array_equal(wrapped.generator.data[:, 0], 2 * wrapped.generator.y)
    assert set(wrapped.generator.y) <= set(range(5, 15))
    assert len(set(wrapped.generator.y)) > 1
    assert wrapped.class_shares_.tolist() == pytest.approx([0.0] * 5 + [0.1] * 10 + [0.0] * 5)


def test_a_boosted_conditional_object_samples_the_class_that_is_wanted() -> None:
    data = torch.cat([torch.zeros(40, 1), torch.ones(20, 1)])
    critic = partial(Critic, max_steps=20, width=8)
    model = AdaGAN(lambda: by_class(ByClass()), rounds=1, critic=critic).fit(data, labels=data[:, 0].long())
    assert model.sample(30, condition=1).unique().tolist() == [1.0]
    assert torch.equal(model.sample(4, condition=torch.tensor([0, 1, 1, 0]))[:, 0], torch.tensor([0.0, 1.0, 1.0, 0.0]))


def test_the_classes_of_a_stored_object_come_back(tmp_path: Path) -> None:
    data = torch.cat([torch.zeros(30, 1), torch.ones(10, 1)])
    component = by_class(StoredByClass()).fit(data, labels=data[:, 0].long())
    Mixture([component]).save(tmp_path / "mixture")
    loaded = Mixture.load(tmp_path / "mixture", components=[StoredByClass])
    assert loaded.class_shares_.tolist() == pytest.approx([0.75, 0.25])
    assert loaded.sample(5, condition=0).tolist() == [[0.0]] * 5


def test_labels_are_not_offered_to_who_does_not_take_them() -> None:
    with pytest.raises(
        TypeError, match=r"labels: Bootstrap .* learns_labels = True \(Wrapped\(Bootstrap\(\), labels=\.\.\.\) does\)"
    ):
        AdaGAN(Bootstrap).fit(points(), labels=torch.zeros(20))
    with pytest.raises(TypeError, match="labels: Bootstrap learns nothing from labels"):
        Wrapped(Bootstrap()).fit(points(), labels=torch.zeros(20))
    with pytest.raises(TypeError, match=r"condition: Bootstrap samples by no class.*labels=\.\.\., condition=True"):
        Wrapped(Bootstrap()).fit(points()).sample(3, condition=0)
    with pytest.raises(ValueError, match="condition: ByClass was fitted without labels; pass labels= to fit"):
        by_class(ByClass()).fit(points()).sample(3, condition=0)
    with pytest.raises(ValueError, match="condition: an object that samples by class learns classes"):
        Wrapped(ByClass(), condition=True)


def test_labels_that_are_needed_are_asked_for() -> None:
    class Supervised(Bootstrap):
        def fit(self, data: np.ndarray, y: np.ndarray) -> "Supervised":
            raise AssertionError("must not be called")

    with pytest.raises(ValueError, match=r"labels: Supervised\.fit needs the label of every row"):
        Wrapped(Supervised(), labels="y").fit(points())
    with pytest.raises(TypeError, match=r"Supervised cannot be wrapped: fit\(data\) is how .* missing .*'y'"):
        Wrapped(Supervised())


def test_what_the_object_draws_from_is_seeded_and_given_back() -> None:
    wrapped = Wrapped(Bootstrap())
    before = wrapped.generator.random.bit_generator.state
    with isolated_randomness(100):
        wrapped.fit(points())
    draws = [wrapped.sample(8, generator=torch.Generator().manual_seed(seed)) for seed in (101, 101, 102)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert wrapped.generator.random.bit_generator.state == before


class OnlySamples:
    def sample(self, num_samples: int) -> None: ...


class WantsTwo(Bootstrap):
    def fit(self, data: np.ndarray, epochs: int) -> "WantsTwo":  # type: ignore[override]
        raise AssertionError("must not be called")


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        (OnlySamples(), r"OnlySamples cannot be wrapped: it has no method fit; give it fit\(data\)"),
        (Bootstrap, r"Bootstrap is a class; wrap an object of it: Wrapped\(Bootstrap\(\)\)"),
        (WantsTwo(), r"WantsTwo cannot be wrapped: fit\(data\) is how it would be called, but .*'epochs'"),
    ],
)
def test_what_cannot_be_wrapped_says_what_it_lacks(generator: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Wrapped(generator)


def test_samples_of_text_are_refused_with_the_cure() -> None:
    class Text(Bootstrap):
        def sample(self, num_samples: int) -> Any:
            return pd.DataFrame({"a": ["x"] * num_samples, "b": [1.0] * num_samples})

    with pytest.raises(TypeError, match=r"Text\.sample\(2\) returned DataFrame of object; .* encoding=TableEncoding"):
        Wrapped(Text()).fit(points()).sample(2)
    with pytest.raises(TypeError, match="encoding: expected a TableEncoding, got dict"):
        Wrapped(Text(), encoding={})  # type: ignore[arg-type]
