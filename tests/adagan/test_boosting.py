"""The orchestrator: metamorphic tests of the rounds."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from clusters import DATA, Nearest, assert_same_mixture, model, seeded, three_clusters, three_rounds

from adagan import GAN, AdaGAN, Critic, Refined
from adagan.components.training.progress import listening
from adagan.mixtures import TopK

# the critics here are tiny and the points few, of which the rounds' notes rightly complain
pytestmark = pytest.mark.filterwarnings("ignore:round")


@pytest.fixture(scope="module")
def fitted() -> AdaGAN:
    return three_rounds()


@pytest.mark.slow
def test_missing_modes_are_found() -> None:
    critic = partial(Critic, width=16, max_steps=150, batch_size=128, learning_rate=5e-3)
    fitted = model(critic=critic, coarse_critic=partial(critic, noise=0.1)).fit(three_clusters(600))
    centres = torch.tensor([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
    reached = torch.cdist(torch.stack([c.mean_ for c in fitted.mixture_.components]), centres).argmin(dim=1)
    assert set(reached.tolist()) == {0, 1, 2}
    nearest = torch.cdist(fitted.sample(6000, seeded(0)), centres).argmin(dim=1)
    shares = torch.bincount(nearest, minlength=3) / 6000
    # the critic is small and 600 points are few: a bare Nearest has shares of 1, 0, 0
    assert torch.allclose(shares, torch.tensor([1 / 2, 1 / 3, 1 / 6]), atol=0.15)


def test_the_last_stage_is_the_final_one(fitted: AdaGAN) -> None:
    assert len(fitted.mixture_) == len(fitted.rounds_) == len(fitted.data_weights_) == 3
    assert_same_mixture(fitted.mixture_[:3], fitted.mixture_)
    assert [record.index for record in fitted.rounds_] == [1, 2, 3]
    for count, record in enumerate(fitted.rounds_, start=1):
        assert record.weights == pytest.approx(fitted.mixture_[:count].weights.tolist())


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_prefix_is_a_shorter_fit(fitted: AdaGAN, rounds: int) -> None:
    shorter = model(rounds=rounds).fit(DATA)
    assert_same_mixture(fitted.mixture_[:rounds], shorter.mixture_)
    assert torch.equal(fitted.data_weights_[rounds - 1].values, shorter.data_weights_[rounds - 1].values)


def test_the_same_seed_twice_and_another_seed(fitted: AdaGAN) -> None:
    again = model().fit(DATA)
    assert_same_mixture(fitted.mixture_, again.mixture_)
    assert torch.equal(fitted.critic_.log_ratio_, again.critic_.log_ratio_)
    other = model(seed=6).fit(DATA)
    assert not torch.equal(fitted.critic_.log_ratio_, other.critic_.log_ratio_)


def test_fit_forgets(fitted: AdaGAN) -> None:
    reused = model()
    assert reused.fit(DATA.flip(0)) is reused
    assert_same_mixture(reused.fit(DATA).mixture_, fitted.mixture_)
    assert len(reused.rounds_) == 3


def test_boost_after_fit_adds_a_round(fitted: AdaGAN) -> None:
    extended = model(rounds=2).fit(DATA).boost()
    assert_same_mixture(extended.mixture_, fitted.mixture_)
    assert len(extended.boost().rounds_) == 4


def test_a_gan_trains_the_same_way_twice() -> None:
    make = partial(GAN, latent_dim=2, width=8, max_steps=10, batch_size=32)
    first, second = (model(make, rounds=2).fit(DATA) for _ in range(2))
    assert_same_mixture(first.mixture_, second.mixture_)


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (DATA.numpy(), torch.float32),
        (DATA.tolist(), torch.float32),
        (DATA.double().numpy(), torch.float64),
        ((DATA * 10).round().int().numpy(), torch.float32),
    ],
    ids=["numpy", "lists", "double", "integers"],
)
def test_what_fit_accepts(given: Any, dtype: torch.dtype) -> None:
    mixture = model(rounds=1).fit(given).mixture_
    assert mixture.sample(3, seeded(0)).dtype == dtype


def test_inputs_are_not_modified() -> None:
    data, weights = DATA.clone(), torch.rand(len(DATA), generator=seeded(1))
    before = weights.clone()
    model(rounds=2).fit(data, weights=weights)
    assert torch.equal(data, DATA)
    assert torch.equal(weights, before)


def test_refined_samples(fitted: AdaGAN) -> None:
    refined = fitted.refined(0.5)
    assert isinstance(refined, Refined)
    assert refined.sample(50, generator=seeded(0)).shape == (50, 2)
    assert refined.pilot == fitted.refined(0.5).pilot


def test_progress_is_announced_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[tuple[str, int, int]] = []
    with listening(lambda *what: heard.append(what)):
        model(rounds=2).fit(DATA)
    assert [what for what in heard if what[0] == "round"] == [("round", 1, 2), ("round", 2, 2)]
    assert ("critic", 10, 10) in heard
    model(rounds=1, progress=True).fit(DATA)
    assert capsys.readouterr().out == ""


def test_a_model_shows_how_it_was_made() -> None:
    assert repr(AdaGAN(Nearest, 2, rule=TopK(0.3), seed=104)) == (
        "AdaGAN(component=Nearest, rounds=2, rule=TopK(share=0.3), seed=104)"
    )


def test_whole_numbers_of_numpy_are_taken() -> None:
    fitted = model(rounds=np.int64(1), seed=np.int64(100)).fit(DATA)
    assert_same_mixture(fitted.mixture_, model(rounds=1, seed=100).fit(DATA).mixture_)
