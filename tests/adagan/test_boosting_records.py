"""The steps of a run, and what its records say."""

from functools import partial
from typing import Any

import pytest
import torch
from clusters import DATA, TINY_CRITIC, FixedCritic, model, three_rounds
from torch import Tensor

from adagan import AdaGAN, Mixture
from adagan.components import Gaussian
from adagan.mixtures import Constant, FullyCorrective, Harmonic, JensenShannon, LineSearch

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")


@pytest.fixture(scope="module")
def fitted() -> AdaGAN:
    return three_rounds()


def test_harmonic_steps_end_with_equal_weights() -> None:
    boosted = model(step=Harmonic(), target=Harmonic()).fit(DATA)
    assert boosted.mixture_.weights.tolist() == pytest.approx([1 / 3] * 3)
    assert [record.beta for record in boosted.rounds_] == pytest.approx([1, 1 / 2, 1 / 3])


@pytest.mark.parametrize("step", [FullyCorrective(), LineSearch(), Constant(0.2)], ids=repr)
def test_mixture_weights_are_those_of_the_step(step: Any) -> None:
    boosted = model(rounds=2, step=step, critic=partial(FixedCritic, **TINY_CRITIC.keywords)).fit(DATA)
    place = DATA[:, 0].double()
    ratios = torch.stack([0.1 * place, 0.2 * place], dim=1)
    expected = step.weights(ratios, torch.ones(1).double())
    assert torch.allclose(boosted.mixture_.weights, expected, atol=1e-6)


def test_the_record_of_a_round(fitted: AdaGAN) -> None:
    first, second, third = fitted.rounds_
    assert (first.beta, first.missing_mass, first.gamma, first.gamma_bound) == (1.0, None, None, None)
    assert first.kept_share == 1
    assert first.effective_sample_size == pytest.approx(len(DATA))
    assert second.missing_mass == pytest.approx(1 / 2, abs=0.2)  # one cluster of three, with half of the mass
    assert second.gamma_bound == pytest.approx((1 - (1 - second.beta) ** 0.5) ** 2 / second.beta)
    assert third.divergence < first.divergence
    log_ratio = fitted.critic_.log_ratio_
    terms = JensenShannon().integrand(log_ratio)
    assert third.divergence == pytest.approx(float(terms.mean()))
    assert third.divergence_error == pytest.approx(float(terms.std(unbiased=False)) / len(DATA) ** 0.5)
    assert torch.equal(fitted.critic_.weights_, fitted.mixture_.weights)
    assert all(record.seconds > 0 for record in fitted.rounds_)


def test_a_rejected_newcomer_is_noted() -> None:
    calls: list[int] = []

    def make() -> Gaussian:
        calls.append(1)
        return Gaussian() if len(calls) == 1 else Elsewhere()

    class Elsewhere(Gaussian):
        def fit(self, data: Tensor, *, weights: Tensor | None = None) -> "Elsewhere":
            super().fit(data + 500, weights=weights)
            return self

    class Exact(FixedCritic):
        def fit(self, data: Tensor, mixture: Mixture, *, weights: Any = None) -> "Exact":
            super().fit(data, mixture, weights=weights)
            self.component_log_ratios_ = torch.zeros_like(self.component_log_ratios_)
            self.component_log_ratios_[:, 1:] = -600.0
            return self

    boosted = model(make, rounds=2, critic=partial(Exact, **TINY_CRITIC.keywords))
    with pytest.warns(UserWarning, match="round 2: the newcomer was rejected.*train components longer"):
        boosted.fit(DATA)
    assert boosted.mixture_.weights.tolist() == pytest.approx([1, 0], abs=1e-6)
