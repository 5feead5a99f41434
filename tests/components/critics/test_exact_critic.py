"""The exact critic: known densities, estimated ones, supports, and what cannot be stored."""

import math

import pytest
import torch
from torch import Tensor, nn

from adagan import Mixture
from adagan.components import ExactCritic, Gaussian
from adagan.mixtures.storage.components import component_record


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Uniform(nn.Module):
    """On the interval from `low` to `high`."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = low, high

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.low + (self.high - self.low) * torch.rand(num_samples, 1, generator=generator)

    def log_prob(self, x: Tensor) -> Tensor:
        inside = ((x >= self.low) & (x <= self.high))[:, 0]
        return torch.where(inside, -math.log(self.high - self.low), -math.inf)


DATA = Uniform(0, 1).sample(500, generator=seeded(100))


def test_the_ratio_is_that_of_the_densities_also_where_one_vanishes() -> None:
    critic = ExactCritic(Uniform(0, 1).log_prob).fit(DATA, Mixture([Uniform(0, 2), Uniform(0.5, 1.5)]))
    found = critic.component_log_ratios(torch.tensor([[0.25], [0.75], [1.25], [3.0]]))
    half = math.log(0.5)
    assert found[:, 0].tolist() == pytest.approx([half, half, math.inf, 0.0])
    assert found[:, 1].tolist() == pytest.approx([-math.inf, 0.0, math.inf, 0.0])
    assert critic.log_ratio(torch.tensor([[0.25], [0.75]])).exp().tolist() == pytest.approx([0.25, 0.75])
    assert torch.equal(critic.log_ratio_, critic.log_ratio(DATA))
    # half of the model's samples are where no data are: E_data[u] is one half, within 6 standard errors
    record = critic.calibration_
    assert record.mean_ratio == pytest.approx(0.5, abs=6 * record.mean_ratio_error)
    assert record.beats_chance


def test_the_truth_does_not_beat_chance_and_an_estimate_is_as_good_as_it_is() -> None:
    data = torch.randn(1_000, 2, generator=seeded(101))
    model = Mixture([Gaussian().fit(torch.randn(4_000, 2, generator=seeded(102)) + 0.5)])
    wide = Gaussian().fit(3 * torch.randn(4_000, 2, generator=seeded(103)))
    right = Gaussian().fit(torch.randn(4_000, 2, generator=seeded(104)))
    good, bad = (ExactCritic(density).fit(data, model).calibration_ for density in (right, wide))
    assert good.error < 0.07  # 1,000 points in 15 bins: over 20 seeds .022 for the truth, with a deviation of .006
    assert bad.error > 0.15
    same = ExactCritic(right).fit(data, Mixture([right])).calibration_
    assert (same.mean_ratio, same.accuracy, same.loss) == pytest.approx((1, 0.5, math.log(2)))
    assert not same.beats_chance


def test_fitting_again_forgets() -> None:
    critic = ExactCritic(Uniform(0, 1)).fit(DATA, Mixture([Uniform(0, 2), Uniform(0, 1)]))
    again = critic.fit(DATA[:10], Mixture([Uniform(0, 1)]))
    assert again.log_ratio_.tolist() == [0.0] * 10


def test_mistakes_are_named() -> None:
    with pytest.raises(TypeError, match="density: expected a callable, or a fitted object with log_prob, got a int"):
        ExactCritic(3)
    with pytest.raises(RuntimeError, match="this critic is not fitted yet"):
        ExactCritic(Uniform(0, 1)).log_ratio(DATA)
    with pytest.raises(TypeError, match="ExactCritic cannot be stored: density is a plain callable; pass a component"):
        component_record(ExactCritic(Uniform(0, 1).log_prob).fit(DATA, Mixture([Uniform(0, 1)])))

    class Broken(Uniform):
        def log_prob(self, x: Tensor) -> Tensor:
            return super().log_prob(x) * math.nan

    with pytest.raises(ValueError, match=r"log_prob of component 0 \(Broken\) is NaN or infinite at 500 of 500 points"):
        ExactCritic(Uniform(0, 1)).fit(DATA, Mixture([Broken(0, 1)]))
