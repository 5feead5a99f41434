"""Seeds are passed down, and torch's global state decides nothing."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import sklearn  # noqa: F401  its first import changes the environment
import torch
from torch import Tensor

from adagan import GAN, AdaGAN, Critic
from adagan.components import ClassConditional, Gaussian
from adagan.components.adapters.wrapped import Wrapped
from adagan.mixtures.randomness import inherited_seed, inheriting, isolated_randomness

DATA = torch.randn(80, 2, generator=torch.Generator().manual_seed(0))
TINY_GAN = partial(GAN, latent_dim=2, width=4, max_steps=2, batch_size=16)


class Walk:
    """A foreign generator with randomness of all three kinds, in its training too."""

    def fit(self, data: np.ndarray) -> None:
        self.mean = data.mean() + random.random() + np.random.rand() + float(torch.rand(()))  # noqa: NPY002

    def sample(self, num_samples: int) -> np.ndarray:
        return self.mean + np.random.rand(num_samples, 2)  # noqa: NPY002


MAKERS: dict[str, Callable[[], Any]] = {"gan": TINY_GAN, "foreign": Walk, "gaussian": Gaussian}


def drawn(make: Callable[[], Any], seed: int) -> Tensor:
    critic = partial(Critic, width=4, max_steps=2, batch_size=16)
    model = AdaGAN(make, 2, critic=critic, coarse_critic=critic, seed=seed).fit(DATA)
    return model.sample(10, torch.Generator().manual_seed(0))


@pytest.mark.filterwarnings("ignore:round")
@pytest.mark.parametrize("name", MAKERS)
def test_the_seed_of_a_model_decides_whatever_torch_was_told_before(name: str) -> None:
    runs = []
    for outside in (0, 1):
        with torch.random.fork_rng():
            torch.manual_seed(outside)
            torch.rand(7)
            runs.append(drawn(MAKERS[name], 5))
    assert torch.equal(*runs)
    assert not torch.equal(runs[0], drawn(MAKERS[name], 6))


def test_seeds_go_down() -> None:
    with isolated_randomness(3):
        assert inherited_seed() == 3
        with isolated_randomness(4):
            assert inherited_seed() == 4
        torch.manual_seed(9)
        assert inherited_seed() == 3


def test_outside_of_a_run_a_seed_is_fresh() -> None:
    with inheriting(None):
        assert len({inherited_seed() for _ in range(5)}) == 5
        with torch.random.fork_rng():
            torch.manual_seed(0)
            one, other = (TINY_GAN().fit(DATA).sample(5, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    assert not torch.equal(one, other)


def test_a_seed_of_ones_own_is_repeated() -> None:
    with inheriting(None):
        one, other = (TINY_GAN(seed=2).fit(DATA).sample(5, generator=torch.Generator().manual_seed(0)) for _ in "ab")
    assert torch.equal(one, other)


@pytest.mark.parametrize("make", [lambda: ClassConditional(TINY_GAN), lambda: Wrapped(Walk())], ids=["classes", "walk"])
def test_what_has_no_seed_takes_the_one_around_it(make: Callable[[], Any]) -> None:
    component, labels = make(), torch.arange(80) % 2
    options = {"labels": labels} if isinstance(component, ClassConditional) else {}
    draws = []
    for seed in (1, 1, 2):
        with isolated_randomness(seed):
            fitted = make().fit(DATA, **options)
        draws.append(fitted.sample(5, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_an_error_gives_the_seed_back() -> None:
    with isolated_randomness(1):
        with pytest.raises(KeyError), isolated_randomness(2):
            raise KeyError
        assert inherited_seed() == 1
