"""What a run gives does not depend on what its process has set: seeds, defaults for new tensors, modes."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from clusters import DATA, model

from adagan import GAN

pytestmark = pytest.mark.filterwarnings("ignore:round")
MAKE = partial(GAN, latent_dim=2, width=8, max_steps=4, batch_size=32)
CHANGES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "default type": (lambda: torch.set_default_dtype(torch.float64), lambda: torch.set_default_dtype(torch.float32)),
    "default device": (lambda: torch.set_default_device("meta"), lambda: torch.set_default_device(None)),
    "gradients": (lambda: torch.set_grad_enabled(False), lambda: torch.set_grad_enabled(True)),
    "determinism": (
        lambda: torch.use_deterministic_algorithms(True),
        lambda: torch.use_deterministic_algorithms(False),
    ),
}


@pytest.fixture(scope="module")
def expected() -> torch.Tensor:
    return drawn()


def drawn() -> torch.Tensor:
    samples: torch.Tensor = model(MAKE, rounds=2).fit(DATA).sample(50, seed=0)
    return samples


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_process_has_set_decides_nothing(name: str, expected: torch.Tensor) -> None:
    change, back = CHANGES[name]
    change()
    try:
        fitted = model(MAKE, rounds=2).fit(DATA)
    finally:
        back()
    samples = fitted.sample(50, seed=0)
    assert samples.dtype == expected.dtype
    assert torch.equal(samples, expected)


def test_seeds_of_the_process_decide_nothing(expected: torch.Tensor) -> None:
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    torch.manual_seed(9), np.random.seed(9), random.seed(9)  # noqa: NPY002
    try:
        assert torch.equal(drawn(), expected)
    finally:
        torch.set_rng_state(states[0]), np.random.set_state(states[1]), random.setstate(states[2])  # noqa: NPY002
