"""Objects as scikit-learn's users know them: parameters that are read, set, cloned and shown."""

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from sklearn.base import clone
from torch import nn

from adagan import GAN, AdaGAN, Critic, Mixture
from adagan.components import ClassConditional, Gaussian
from adagan.components.catalogue import COMPONENTS
from adagan.components.critics.catalogue import CRITICS
from adagan.components.generators.gan import penalties, techniques
from adagan.components.generators.gan.objectives import FGAN, GeneralizedMinimax
from adagan.mixtures import (
    BudgetedRejection,
    ForwardKL,
    FullyCorrective,
    GeneralizedJensenShannon,
    MissingMass,
    Star,
    TopK,
)
from adagan.mixtures.data_weights import Flattened
from adagan.mixtures.errors import UserError
from adagan.mixtures.parameters import LONGEST, Parameters, shown
from adagan.mixtures.randomness import isolated_randomness
from adagan.stopping import NothingLeft

PLAIN: list[Parameters] = [
    Star(),
    TopK(0.3),
    Flattened(TopK(0.2), power=0.25),
    MissingMass(lowest=0.1),
    FullyCorrective(ForwardKL(), threshold=0.01),
    GeneralizedJensenShannon(0.3),
    BudgetedRejection(0.4),
    NothingLeft(patience=3),
    penalties.ZeroCenteredPenalty(0.3, at_data=False),
    techniques.InstanceNoise(0.2),
    FGAN(ForwardKL()),
    GeneralizedMinimax(0.2),
]
MADE: dict[str, Callable[[], Any]] = {
    **{o.title: partial(o, **o.tiny) for o in (*COMPONENTS, *CRITICS) if o.tiny is not None},
    "with objects": partial(GAN, FGAN(ForwardKL()), penalty=3.0, trainer_options={"max_epochs": 1}),
    "by class": partial(ClassConditional, Gaussian, num_classes=3),
    "boosting": partial(AdaGAN, Gaussian, "auto", rule=TopK(0.3), divergence=ForwardKL(), seed=5),
}


@pytest.mark.parametrize("thing", PLAIN, ids=repr)
def test_plain_objects_are_what_their_constructor_was_given(thing: Parameters) -> None:
    copy = clone(thing)
    assert copy is not thing
    assert repr(copy) == repr(thing)
    assert list(thing.get_params(deep=False)) == [
        name for name in inspect.signature(type(thing)).parameters if name not in ("args", "kwargs")
    ]


def without(make: Callable[[], Any]) -> Any:
    with isolated_randomness(0):
        return make()


@pytest.mark.parametrize("name", MADE)
def test_what_was_made_is_cloned(name: str) -> None:
    made = without(MADE[name])
    copy = without(partial(clone, made))
    assert (type(copy), repr(copy)) == (type(made), repr(made))
    assert copy.get_params(deep=False).keys() == made.get_params(deep=False).keys()
    assert len(repr(made)) < 400
    assert "\n" not in repr(made)


def test_a_clone_is_unfitted_and_fits_alike() -> None:
    data = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
    critic = partial(Critic, width=4, max_steps=2, batch_size=16)
    model = AdaGAN(Gaussian, 1, critic=critic, coarse_critic=critic, seed=3).fit(data)
    copy = clone(model)
    assert not hasattr(copy, "mixture_")
    assert torch.equal(copy.fit(data).sample(5, seed=1), model.sample(5, seed=1))


def test_parameters_are_set_and_checked_as_the_constructor_does() -> None:
    model = AdaGAN(Gaussian, 3, rule=TopK(0.3))
    assert model.set_params(rounds=5, rule__share=0.5) is model
    assert (model.rounds, model.rule.share) == (5, 0.5)
    assert repr(model) == "AdaGAN(component=Gaussian, rounds=5, rule=TopK(share=0.5))"
    assert clone(model).rule.share == 0.5
    assert isinstance(model.set_params(divergence=ForwardKL()).step.divergence, ForwardKL)
    assert model.get_params()["rule__share"] == 0.5
    for wrong in ({"depth": 3}, {"rule__depth": 3}, {"rounds__x": 1}):
        with pytest.raises(UserError, match="has no such parameter; it has"):
            model.set_params(**wrong)
    with pytest.raises(UserError, match="rounds: expected a whole number of 1 or more"):
        model.set_params(rounds=0)
    assert TopK(0.3).set_params(share=0.4).share == 0.4


def test_a_changed_rule_does_not_change_the_one_that_was_given() -> None:
    rule = TopK(0.3)
    AdaGAN(Gaussian, rule=rule).set_params(rule__share=0.5)
    assert rule.share == 0.3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (nn.Sequential(nn.Linear(2, 3), nn.ReLU()), "Sequential(...)"),
        (torch.zeros(3, 2), "Tensor of shape (3, 2)"),
        (partial(GAN, max_steps=5), "partial(GAN, max_steps=5)"),
        (partial(int, "3"), "partial(int, '3')"),
        (Gaussian, "Gaussian"),
        (len, "len"),
        ((1,), "(1,)"),
        ([nn.ReLU(), 2], "[ReLU(...), 2]"),
        ({"net": nn.ReLU()}, "{'net': ReLU(...)}"),
        ("x" * 200, f"'{'x' * (LONGEST - 4)}..."),
    ],
)
def test_values_are_shown_in_a_few_characters(value: object, text: str) -> None:
    assert shown(value) == text


def test_no_network_is_printed() -> None:
    with isolated_randomness(0):
        gan = GAN(generator=nn.Sequential(nn.Linear(2, 7), nn.Linear(7, 2)), latent_dim=2, max_steps=5)
    assert repr(gan) == "GAN(generator=Sequential(...), latent_dim=2, max_steps=5)"
    fitted = Gaussian().fit(torch.eye(3))
    mixture = Mixture([fitted, fitted, fitted], [0.5, 0.25, 0.25])
    assert repr(mixture) == "Mixture(0.500 Gaussian, 0.250 Gaussian, 0.250 Gaussian)"
    assert repr(Mixture([fitted] * 20)) == "Mixture(20 components)"
    assert repr(mixture.to("meta")) == repr(mixture)


def test_notebooks_see_small_tables_in_which_text_means_itself() -> None:
    class Odd(Gaussian):
        pass

    Odd.__name__ = "<script>"
    mixture = Mixture([Odd().fit(torch.eye(3))])
    for page in (mixture._repr_html_(), AdaGAN(Odd)._repr_html_()):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert page.count("<table") == page.count("</table>") == 1
        assert not re.search(r"#[0-9a-f]{3}|black|white", page)  # the colours are those around
