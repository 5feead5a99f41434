"""The memoriser: it samples the training points by their weights, and a sound critic finds nothing to repair."""

import pytest
import torch

from adagan.components import Critic, Memoriser
from adagan.mixtures import Mixture


def test_it_samples_the_training_points_by_their_weights(generator: torch.Generator) -> None:
    data = torch.randn(5, 2, generator=generator)
    weights = torch.tensor([0.5, 0.0, 0.2, 0.3, 0.0], dtype=torch.float64)
    samples = Memoriser().fit(data, weights=weights).sample(20_000, generator=generator)
    shares = (samples[:, None] == data).all(dim=2).double().mean(dim=0)
    assert float(shares.sum()) == 1
    # six standard errors of a share (below 1e-8)
    assert float((shares - weights).abs().max()) < 6 * 0.5 / 20_000**0.5
    assert shares[1] == shares[4] == 0


def test_it_keeps_its_own_copy(generator: torch.Generator) -> None:
    data = torch.ones(3, 2)
    fitted = Memoriser().fit(data)
    data.zero_()
    assert bool((fitted.sample(4, generator=generator) == 1).all())
    assert not hasattr(fitted, "log_prob")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_state_and_dtype_come_back(dtype: torch.dtype) -> None:
    fitted = Memoriser().fit(torch.arange(6, dtype=dtype).reshape(3, 1, 2))
    restored = Memoriser.from_config(fitted.config())
    restored.load_state_dict(fitted.state_dict())
    first, second = (one.sample(10, generator=torch.Generator().manual_seed(1)) for one in (fitted, restored))
    assert torch.equal(first, second)
    assert second.shape == (10, 1, 2)
    assert second.dtype == dtype


@pytest.mark.slow
def test_a_sound_critic_finds_nothing(generator: torch.Generator) -> None:
    """Negative control: log ratios near 0 everywhere, E_data[u] near 1. The same critic sees a mode that is missing."""
    data = torch.tensor([[-3.0, 0.0], [3.0, 0.0]])[torch.arange(2_000) % 2]
    data = data + 0.5 * torch.randn(2_000, 2, generator=generator)
    critic = Critic(width=16, max_steps=100, batch_size=256, learning_rate=5e-3, seed=100).fit(
        data, Mixture([Memoriser().fit(data)])
    )
    assert float(critic.log_ratio_.abs().mean()) < 0.2
    assert float(critic.log_ratio_.exp().mean()) == pytest.approx(1, abs=0.1)
    left = Memoriser().fit(data, weights=(data[:, 0] < 0).double() / 1_000)
    critic = Critic(width=16, max_steps=100, batch_size=256, learning_rate=5e-3, seed=100).fit(data, Mixture([left]))
    assert float(critic.log_ratio_[data[:, 0] > 0].mean()) < -2
