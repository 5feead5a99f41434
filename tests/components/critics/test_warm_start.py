"""Warm starts: where networks begin, that no point is scored by what learnt from it, and mistakes."""

from functools import partial

import pytest
import torch
from clusters import COARSE_CRITIC, TINY_CRITIC, model
from torch import Tensor

from adagan import AdaGAN, Critic, Mixture
from adagan.components import BinaryCritic, Gaussian, KernelCritic, RatioEstimator, WarmStarting

QUICK = {"width": 8, "max_steps": 20, "batch_size": 64, "learning_rate": 5e-3}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


DATA = torch.randn(120, 2, generator=seeded(100))
COMPONENTS = [Gaussian().fit(torch.randn(500, 2, generator=seeded(seed)) + 0.3 * seed) for seed in (0, 1, 2)]


def mixture(count: int) -> Mixture:
    return Mixture(COMPONENTS[:count])


def networks(critic: Critic | BinaryCritic, points: Tensor) -> list[Tensor]:
    return [network(points) for network in critic.estimators_]


@pytest.mark.parametrize("kind", [Critic, BinaryCritic])
@pytest.mark.parametrize("count", [1, 2])
def test_training_begins_where_the_last_round_ended(kind: type[Critic] | type[BinaryCritic], count: int) -> None:
    previous = kind(**QUICK, seed=101).fit(DATA, mixture(count))
    still = {**QUICK, "max_steps": 1, "learning_rate": 1e-12}
    warm = kind(**still, seed=102).warm_start(previous).fit(DATA, mixture(count + 1))
    for old, new in zip(networks(previous, DATA), networks(warm, DATA), strict=True):
        if kind is BinaryCritic:
            assert torch.allclose(old, new, atol=1e-5)
        else:
            # what all components have in common: log Σ_k u_k of the softmax's head
            assert torch.allclose(old.logsumexp(dim=1), new.logsumexp(dim=1), atol=1e-5)
            differences = old[:, 1:] - old[:, :1]
            assert torch.allclose(differences, new[:, 1:count] - new[:, :1], atol=1e-5)
    assert torch.equal(warm.fold_, previous.fold_)


def test_no_point_is_scored_by_a_network_that_learnt_from_it_in_an_earlier_round() -> None:
    def two_rounds(data: Tensor) -> Critic:
        first = Critic(**QUICK, seed=103).fit(data, mixture(1))
        return Critic(**QUICK, seed=104).warm_start(first).fit(data, mixture(2))

    critic = two_rounds(DATA)
    rows = critic.fold_ == 0
    moved = DATA.clone()
    moved[rows] = 2 * DATA[rows].mean(dim=0) - DATA[rows]
    other = two_rounds(moved)
    points = critic.scaling_(DATA)
    pairs = zip(networks(critic, points), networks(other, points), strict=True)
    assert [torch.allclose(one, another, atol=1e-4) for one, another in pairs] == [True, False]
    # with another seed the folds of a cold start would be others
    assert not torch.equal(Critic(**QUICK, seed=104).fit(DATA, mixture(2)).fold_, critic.fold_)


def test_one_fit_only_is_warm_and_a_seed_decides() -> None:
    previous = Critic(**QUICK, seed=105).fit(DATA, mixture(1))
    first, again = (Critic(**QUICK, seed=105).warm_start(previous).fit(DATA, mixture(2)) for _ in range(2))
    assert torch.equal(first.component_log_ratios_, again.component_log_ratios_)
    cold = Critic(**QUICK, seed=105).fit(DATA, mixture(2))
    assert not torch.equal(first.component_log_ratios_, cold.component_log_ratios_)
    assert torch.equal(first.fit(DATA, mixture(2)).component_log_ratios_, cold.component_log_ratios_)


def test_a_critic_that_was_stored_can_be_started_from() -> None:
    previous = Critic(**QUICK, seed=106).fit(DATA, mixture(1))
    stored = Critic.from_config(previous.config())
    stored.load_state_dict(previous.state_dict())
    one, other = (Critic(**QUICK, seed=107).warm_start(start).fit(DATA, mixture(2)) for start in (previous, stored))
    assert torch.equal(one.component_log_ratios_, other.component_log_ratios_)


class Watched(Critic):
    """Remembers what it was started from."""

    starts: tuple[RatioEstimator, ...] = ()

    def warm_start(self, previous: RatioEstimator) -> "Watched":
        self.starts = (previous,)
        return super().warm_start(previous)


@pytest.mark.parametrize("warm", [False, True])
def test_boosting_starts_warm_if_it_is_told_to(warm: bool) -> None:
    boosted = model(critic=partial(Watched, **QUICK, warm=warm), coarse_critic=COARSE_CRITIC, rounds=2)
    boosted.fit(DATA)
    assert isinstance(boosted, AdaGAN)
    found = boosted.critic_
    assert isinstance(found, Watched)
    assert len(found.starts) == warm
    assert isinstance(TINY_CRITIC(), WarmStarting)
    assert not isinstance(KernelCritic(), WarmStarting)


def test_mistakes_are_named() -> None:
    fitted = Critic(**QUICK, seed=0).fit(DATA, mixture(1))
    with pytest.raises(TypeError, match="previous: expected a Critic, got a BinaryCritic"):
        Critic().warm_start(BinaryCritic())
    with pytest.raises(ValueError, match=r"previous: expected a fitted critic; call its fit\(data, mixture\) first"):
        Critic(**QUICK).warm_start(Critic(**QUICK))
    with pytest.raises(ValueError, match="previous: expected a critic with width=9, as this one has, got width=8"):
        Critic(width=9).warm_start(fitted)
    with pytest.raises(ValueError, match=r"data: a warm start keeps the folds of the last round, which had 120 points"):
        Critic(**QUICK).warm_start(fitted).fit(DATA[:100], mixture(2))
    with pytest.raises(ValueError, match="mixture: a warm start from a critic of 1 components needs 2, the new one la"):
        Critic(**QUICK).warm_start(fitted).fit(DATA, mixture(3))
