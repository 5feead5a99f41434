"""What reaches the components: the data weights of the rounds, from critics whose ratios are known."""

from functools import partial
from typing import Any

import pytest
import torch
from clusters import COARSE_CRITIC, DATA, FixedCritic, model, seeded, three_rounds
from torch import Tensor

from adagan import AdaGAN, Mixture
from adagan.components import Gaussian
from adagan.mixtures import Constant, Harmonic, Multiplicative, Star, TopK, TopKLast, Uniform

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")


@pytest.fixture(scope="module")
def fitted() -> AdaGAN:
    return three_rounds()


def test_stars_weights_go_to_the_newcomer(fitted: AdaGAN) -> None:
    uniform = torch.full((len(DATA),), 1 / len(DATA), dtype=torch.float64)
    assert torch.equal(fitted.mixture_.components[0].given, uniform)
    for index in (1, 2):
        given = fitted.mixture_.components[index].given
        assert torch.equal(given, fitted.data_weights_[index].values)
        assert float(given.sum()) == pytest.approx(1)
    # the first component sits on one cluster: nearly all of the second's weight is elsewhere
    covered = (DATA - fitted.mixture_.components[0].mean_).norm(dim=1) < 2
    assert float(fitted.data_weights_[1].values[covered].sum()) < 0.2


@pytest.mark.parametrize(
    ("rule", "of_last"),
    [(Star(), False), (TopK(0.4), False), (TopKLast(0.4), True), (Uniform(), False), (Multiplicative(0.9), True)],
    ids=repr,
)
def test_rules_see_the_coarse_critics_ratios_of_the_incoming_mixture(rule: Any, of_last: bool) -> None:
    coarse = partial(FixedCritic, **COARSE_CRITIC.keywords)
    boosted = model(rounds=3, rule=rule, target=Constant(0.3), step=Harmonic(), coarse_critic=coarse).fit(DATA)
    place = DATA[:, 0].double()
    ratios = torch.stack([0.1 * place, 0.2 * place], dim=1)
    log_ratio = ratios[:, 1] if of_last else torch.logsumexp(ratios + boosted.mixture_.history[1, :2].log(), dim=1)
    base = boosted.data_weights_[1].values if rule.accumulates else None
    expected = rule(log_ratio, 0.3, base).values
    assert torch.allclose(boosted.data_weights_[2].values, expected, atol=1e-12)
    assert torch.equal(boosted.mixture_.components[2].given, boosted.data_weights_[2].values)


def test_a_constant_ratio_gives_uniform_weights() -> None:
    class Blind(FixedCritic):
        def fit(self, data: Tensor, mixture: Mixture, *, weights: Any = None) -> "Blind":
            super().fit(data, mixture, weights=weights)
            self.component_log_ratios_ = torch.zeros_like(self.component_log_ratios_)
            return self

    boosted = model(Gaussian, rounds=2, target=Constant(0.4), coarse_critic=partial(Blind, **COARSE_CRITIC.keywords))
    boosted.fit(DATA)
    assert torch.allclose(boosted.data_weights_[1].values, torch.full((len(DATA),), 1 / len(DATA)).double())


def test_weights_of_the_users_are_the_base() -> None:
    weights = torch.zeros(len(DATA))
    weights[:120] = torch.arange(1.0, 121.0)
    boosted = model(rounds=2).fit(DATA, weights=weights)
    base = weights.double() / weights.double().sum()
    assert torch.allclose(boosted.mixture_.components[0].given, base)
    assert float(boosted.data_weights_[1].values[120:].sum()) == 0


def test_a_weight_of_zero_is_a_row_that_is_not_there() -> None:
    extra = torch.cat([DATA, torch.full((40, 2), 50.0)])
    weights = torch.cat([torch.ones(240), torch.zeros(40)])
    first = Gaussian().fit(DATA, weights=torch.full((240,), 1 / 240, dtype=torch.float64))
    boosted = model(Gaussian, rounds=1).fit(extra, weights=weights)
    assert torch.allclose(boosted.mixture_.components[0].mean_, first.mean_, atol=1e-6)
    assert torch.allclose(boosted.mixture_.components[0].factor_.abs(), first.factor_.abs(), atol=1e-5)


def test_duplicated_points_are_points_of_double_weight() -> None:
    twice = model(Gaussian, rounds=1).fit(DATA.repeat(2, 1)).mixture_.components[0]
    once = model(Gaussian, rounds=1).fit(DATA).mixture_.components[0]
    assert torch.allclose(twice.mean_, once.mean_, atol=1e-6)
    assert torch.allclose(twice.factor_ @ twice.factor_.T, once.factor_ @ once.factor_.T, atol=1e-5)


def test_permuting_the_data_permutes_the_weights() -> None:
    order = torch.randperm(len(DATA), generator=seeded(3))
    coarse = partial(FixedCritic, **COARSE_CRITIC.keywords)
    options = {"target": Constant(0.3), "coarse_critic": coarse, "rounds": 2, "step": Harmonic()}
    plain, permuted = model(**options).fit(DATA), model(**options).fit(DATA[order])
    assert torch.allclose(permuted.data_weights_[1].values, plain.data_weights_[1].values[order], atol=1e-12)
