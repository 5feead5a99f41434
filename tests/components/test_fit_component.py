"""What a component is given: what it declares, by name, and copies of its own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from clusters import DATA, model
from torch import Tensor, nn

from adagan.components import ClassConditional, Critic, Gaussian, Wrapped, as_component
from adagan.components.catalogue import BY_NAME
from adagan.components.fit_component import fit_component
from adagan.components.offer import Offer
from adagan.mixtures import Mixture
from adagan.mixtures.errors import UserTypeError

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")

CLASSES = torch.arange(len(DATA)) % 2


class Recording(nn.Module):
    """Remembers what it was given, and samples around the mean; its weights need not be named, as the README had it."""

    def fit(self, data: Tensor, weights: Tensor | None = None, **named: Any) -> "Recording":
        self.data, self.weights, self.named = data, weights, named
        return self

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.data.mean(dim=0) + torch.randn(num_samples, *self.data.shape[1:], generator=generator)


class Spoiling(Recording):
    def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Spoiling":  # type: ignore[override]
        data -= data.mean(dim=0)
        if weights is not None:
            weights.zero_()
        return super().fit(data)  # type: ignore[return-value]


class SpoilingArrays:
    def fit(self, data: np.ndarray, sample_weight: np.ndarray) -> None:
        data -= data.mean(axis=0)
        sample_weight[:] = 0
        self.shape = data.shape[1:]

    def sample(self, num_samples: int) -> np.ndarray:
        return np.zeros((num_samples, *self.shape))


SPOILING: dict[str, Callable[[], Any]] = {
    "a user's own": Spoiling,
    "wrapped by itself": SpoilingArrays,
    "wrapped": lambda: Wrapped(SpoilingArrays(), weights="sample_weight"),
    "a tensor module": lambda: Wrapped(Spoiling(), weights="weights"),
    "per class": lambda: ClassConditional(Spoiling),
}


@pytest.mark.parametrize("kind", ["tensor", "array", "float64 array"])
@pytest.mark.parametrize("name", SPOILING)
def test_nothing_that_a_component_does_reaches_the_users_data(name: str, kind: str) -> None:
    data: Any = {"tensor": DATA.clone(), "array": DATA.numpy().copy(), "float64 array": DATA.double().numpy()}[kind]
    weights = torch.ones(len(DATA)).double() / len(DATA)
    labels: dict[str, Any] = {"labels": CLASSES.clone()} if name == "per class" else {}
    before = torch.as_tensor(data).clone()
    boosted = model(SPOILING[name], rounds=2).fit(data, weights=weights, **labels)
    assert torch.equal(torch.as_tensor(data), before)
    assert torch.equal(weights, torch.full_like(weights, 1 / len(DATA)))
    assert float(boosted.data_weights_[-1].values.sum()) == pytest.approx(1.0)


def test_the_older_form_of_fit_is_given_its_weights() -> None:
    weights = torch.linspace(0, 1, len(DATA)).double()
    boosted = model(Recording, rounds=1).fit(DATA, weights=weights)
    component: Any = boosted.mixture_.components[0]
    assert isinstance(component, Recording)
    assert torch.allclose(component.weights, weights / weights.sum())
    assert component.named == {}


def test_labels_reach_who_declares_them_and_nobody_else() -> None:
    class Labelled(Recording):
        learns_labels = True

    component: Any = fit_component(Labelled(), DATA, labels=CLASSES)
    assert torch.equal(component.named["labels"], CLASSES)
    message = r"labels: Recording learns nothing from labels, .* learns_labels = True; .* ClassConditional\(Recording\)"
    with pytest.raises(UserTypeError, match=message):
        model(Recording).fit(DATA, labels=CLASSES)
    with pytest.raises(UserTypeError, match=message):
        fit_component(Recording(), DATA, labels=CLASSES)


def test_who_takes_no_weights_is_given_rows_drawn_by_them_with_their_labels() -> None:
    class Unweighted(Recording):
        takes_weights, learns_labels = False, True

    values = torch.arange(1_000.0)[:, None]
    component: Any = fit_component(
        Unweighted(), values, weights=(values[:, 0] < 10).double() / 10, labels=values[:, 0].long()
    )
    assert component.weights is None
    assert len(component.data) == 1_000
    assert set(component.data[:, 0].tolist()) == set(range(10))
    assert torch.equal(component.named["labels"], component.data[:, 0].long())


@pytest.mark.parametrize("offer", BY_NAME.values(), ids=lambda offer: offer.name)
def test_scikit_learns_order_is_refused_before_anything_is_learnt(offer: Offer) -> None:
    component = offer(**(offer.tiny or {}))
    with pytest.raises(UserTypeError, match=r"fit: only data without a name, .*pass labels=\.\.\. or weights=\.\.\."):
        component.fit(DATA, CLASSES)
    if not offer.learns_labels:
        with pytest.raises(UserTypeError, match=r"labels: .* learns nothing from labels"):
            component.fit(DATA, labels=CLASSES)


@pytest.mark.parametrize("verb", ["fit", "resume"])
def test_boosting_refuses_it_too(verb: str) -> None:
    with pytest.raises(UserTypeError, match=rf"{verb}: only data without a name, got 1 more; pass .*labels=\.\.\."):
        getattr(model(), verb)(DATA, CLASSES)
    with pytest.raises(UserTypeError, match=r"fit: only data, mixture without a name, got 1 more; pass weights=\.\.\."):
        Critic().fit(DATA, Mixture([Gaussian().fit(DATA)]), CLASSES)  # type: ignore[misc]


def test_what_can_be_called_as_the_contract_says_is_taken_as_it_is() -> None:
    component = Recording()
    assert as_component(component) is component

    class Named:
        takes_weights = False

        def fit(self, data: Tensor) -> "Named":
            return self

        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return torch.zeros(num_samples, 2)

    assert isinstance(as_component(Named()), Named)
    Named.takes_weights = True
    assert isinstance(as_component(Named()), Wrapped)
