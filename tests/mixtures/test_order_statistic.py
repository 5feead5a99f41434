import pytest
import torch

from adagan.mixtures.order_statistic import smallest


@pytest.mark.parametrize("count", [1, 7, 100_000, 300_000])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.5, 1.0])
def test_smallest_is_the_sorted_ones(count: int, share: float, generator: torch.Generator) -> None:
    values = torch.randn(count, generator=generator, dtype=torch.float64)
    rank = max(1, round(share * count))
    for numbers in (values, (4 * values).round(), values.sort().values, torch.zeros_like(values)):
        assert float(smallest(numbers, rank)) == float(numbers.sort().values[rank - 1])


@pytest.mark.parametrize("rank", [1, 100_000, 299_990, 300_000])
def test_a_subsample_that_misleads_does_no_harm(rank: int) -> None:
    values = torch.arange(300_000, dtype=torch.float64)
    values[:: 300_000 // 2**14] = 1e6  # every point of the subsample
    values[5] = -torch.inf
    assert float(smallest(values, rank)) == float(values.sort().values[rank - 1])
