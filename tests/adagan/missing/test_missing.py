"""Missing regions in worlds where what is missing is known."""

import math
from functools import partial

import pytest
import torch

from adagan import AdaGAN, Critic
from adagan.missing.regions import missing_regions


def clusters(sizes: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Clusters on a line, 10 apart, and the cluster of each point."""
    generator = torch.Generator().manual_seed(0)
    label = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    centres = torch.stack([10.0 * label, torch.zeros(len(label))], dim=1)
    return centres + 0.2 * torch.randn(len(label), 2, generator=generator), label


def test_the_missing_clusters_are_found_largest_first() -> None:
    data, label = clusters([1_000, 300, 600, 100])
    # the mixture makes the first cluster twice as often, a tenth of the second, none of the third, all of the fourth
    log_ratio = torch.tensor([2.0, 0.1, 1e-9, 1.0], dtype=torch.float64)[label].log()
    regions = missing_regions(data, log_ratio)
    assert len(regions) == 2
    assert [round(region.missing_mass, 3) for region in regions] == [0.3, 0.135]
    assert [round(region.coverage, 3) for region in regions] == [0.0, 0.1]
    assert abs(float(regions[0].centre[0]) - 20) < 0.1
    assert abs(float(regions[1].centre[0]) - 10) < 0.1
    assert set(label[regions[0].rows].tolist()) == {2}
    assert len(regions[0].rows) > 0.95 * 600


@pytest.mark.parametrize("threshold", [0.0, 1.5])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    data, _ = clusters([50])
    with pytest.raises(ValueError, match=r"threshold: expected a number in \(0, 1\]"):
        missing_regions(data, torch.zeros(50), threshold=threshold)


def test_nothing_is_missing_from_a_perfect_mixture() -> None:
    data, _ = clusters([500, 500])
    assert missing_regions(data, torch.zeros(1_000)) == []


def test_the_points_weights_count() -> None:
    data, label = clusters([500, 500])
    weights = torch.tensor([0.9, 0.1])[label] / 500
    log_ratio = torch.tensor([0.0, -20.0])[label]
    (region,) = missing_regions(data, log_ratio, weights)
    assert math.isclose(region.missing_mass, 0.1, rel_tol=1e-6)


def test_many_missing_points_are_thinned_without_losing_mass() -> None:
    data, label = clusters([20_000, 20_000])
    (region,) = missing_regions(data, torch.tensor([0.0, -30.0])[label])
    assert len(region.rows) <= 10_000
    assert region.missing_mass == pytest.approx(0.5, rel=0.02)


def test_nan_ratios_are_refused() -> None:
    with pytest.raises(ValueError, match="1 of 3 values are NaN"):
        missing_regions(torch.zeros(3, 2), [0.0, math.nan, 0.0])


def test_a_model_says_which_clusters_it_lacks() -> None:
    data, label = clusters([1_500, 500])

    class FirstCluster:
        """Makes the first cluster whatever it is fitted to."""

        def fit(self, data: torch.Tensor, *, weights: torch.Tensor | None = None) -> "FirstCluster":
            return self

        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> torch.Tensor:
            return 0.2 * torch.randn(num_samples, 2, generator=generator)

    quick = partial(Critic, max_steps=150)
    for coarse in (None, partial(quick, noise=0.1)):
        model = AdaGAN(FirstCluster, rounds=1, critic=quick, coarse_critic=coarse).fit(data)
        missing = model.missing()
        region = missing.regions[0]
        assert missing.verdict == "missing"
        assert abs(region.mass - 0.25) < 0.03
        assert missing.low < 0.25 < missing.high + 0.03
        assert region.coverage < 0.1
        assert set(label[region.rows].tolist()) == {1}


def test_one_missing_point_is_a_region() -> None:
    data = torch.tensor([[0.0], [0.1], [0.2], [9.0]])
    (region,) = missing_regions(data, torch.tensor([0.0, 0.0, 0.0, -50.0]))
    assert region.rows.tolist() == [3]
    assert region.missing_mass == pytest.approx(0.25)
