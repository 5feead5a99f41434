"""The variational autoencoder: its loss against torch's own distributions, and the noise in its samples."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from adagan.components import VAE
from adagan.components.generators.vae import NegativeEvidenceBound, NoisyDecoder
from adagan.mixtures.randomness import isolated_randomness

TINY: dict[str, Any] = {"latent_dim": 2, "width": 16, "batch_size": 64}


class Constant(nn.Module):
    """The same numbers for every row."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.tensor(values))

    def forward(self, rows: Tensor) -> Tensor:
        return self.values.expand(len(rows), -1)


@pytest.mark.parametrize("beta", [1.0, 0.5])
def test_the_loss_is_the_bound(beta: float, generator: torch.Generator) -> None:
    """Against torch's densities; the best variance is that of the errors, so that E log p loses constants only."""
    mean, log_variance = torch.tensor([0.5, -1.0]), torch.tensor([0.3, -0.7])
    bound = NegativeEvidenceBound(Constant(0.5, -1.0, 0.3, -0.7), NoisyDecoder(Constant(1.0, 2.0, 3.0), 2, (3,)), beta)
    points = torch.randn(500, 3, generator=generator)
    with isolated_randomness(0):
        loss = float(bound.train()(points)["loss"].detach())
    deviation = (points - torch.tensor([1.0, 2.0, 3.0])).square().mean(dim=0).sqrt()
    likelihood = Normal(torch.tensor([1.0, 2.0, 3.0]), deviation).log_prob(points).mean()
    divergence = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum()
    expected = float(beta * divergence / 3 - likelihood) - 0.5 * math.log(2 * math.pi) - 0.5
    assert loss == pytest.approx(expected, abs=1e-4)
    torch.testing.assert_close(bound.generator.variance.sqrt(), deviation, rtol=1e-4, atol=1e-4)


def test_images_share_one_variance() -> None:
    assert NoisyDecoder(nn.Identity(), 2, (1, 8, 8)).variance.shape == ()
    assert NoisyDecoder(nn.Identity(), 2, (3, 2)).variance.shape == (3, 2)


def test_samples_contain_the_observation_noise(generator: torch.Generator) -> None:
    """What the code cannot hold is noise of the right size: a decoder that ignores its code learns each entry's own.

    Ten per cent of the deviation is over ten standard errors of 2,000 samples (below 1e-20).
    """
    data = torch.tensor([1.0, 10.0]) * torch.randn(4_000, 2, generator=generator)
    fitted = VAE(decoder=lambda: Constant(0.0, 0.0), max_steps=200, seed=100, ema_decay=0.98, **TINY).fit(data)
    spread = fitted.sample(2_000, generator=generator).std(dim=0)
    torch.testing.assert_close(spread, torch.tensor([1.0, 10.0]), rtol=0.1, atol=0)
    with pytest.raises(TypeError, match="unexpected keyword"):
        VAE(generator=nn.Identity())  # type: ignore[call-arg]


def test_a_large_beta_leaves_nothing_in_the_codes(generator: torch.Generator) -> None:
    """Over 20 seeds the spread was at most .044; at a beta of 1 it is .93, once the training has left its plateau."""
    centre = torch.tensor([[-3.0, 0.0], [3.0, 0.0]])[torch.arange(1_000) % 2]
    data = centre + 0.2 * torch.randn(1_000, 2, generator=generator)
    fitted = VAE(beta=100.0, max_steps=200, seed=100, learning_rate=5e-3, ema_decay=0.9, **TINY).fit(data)
    assert float(fitted.generator_.decoder(torch.randn(500, 2, generator=generator)).std(dim=0)[0]) < 0.2
