"""Which prefix of a mixture is kept: by hand, and against the exact divergences of a finite world."""

import math

import pytest
import torch

from adagan.mixtures import ForwardKL, JensenShannon
from adagan.prefixes import Prefixes, compare_prefixes


@pytest.mark.parametrize(
    ("divergences", "errors", "kept"),
    [
        ((0.3,), (0.0,), 1),
        ((0.3, 0.2, 0.1), (0.01, 0.01, 0.0), 3),
        ((0.3, 0.105, 0.1), (0.01, 0.01, 0.0), 2),
        ((0.105, 0.3, 0.1), (0.01, 0.01, 0.0), 1),
        ((0.1, 0.2, 0.3), (0.0, 0.5, 0.5), 1),
        ((math.inf, 0.2, 0.3), (math.nan, 0.0, 0.01), 2),
        ((math.inf, math.inf), (math.nan, math.nan), 2),
    ],
)
def test_the_shortest_prefix_that_is_not_clearly_worse(
    divergences: tuple[float, ...], errors: tuple[float, ...], kept: int
) -> None:
    assert Prefixes(divergences, errors).best() == kept


def test_a_larger_tolerance_keeps_less() -> None:
    prefixes = Prefixes((0.13, 0.115, 0.1), (0.01, 0.01, 0.0))
    assert [prefixes.best(tolerance) for tolerance in (1, 2, 3.5)] == [3, 2, 1]


DATA = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
COMPONENTS = torch.tensor([[0.6, 0.05, 0.1], [0.2, 0.1, 0.4], [0.1, 0.2, 0.4], [0.1, 0.65, 0.1]], dtype=torch.float64)
HISTORY = torch.tensor([[1, 0, 0], [0.5, 0.5, 0], [0.1, 0.5, 0.4]], dtype=torch.float64)


@pytest.mark.parametrize("divergence", [JensenShannon(), ForwardKL()], ids=repr)
def test_the_divergences_of_a_finite_world(divergence: JensenShannon | ForwardKL) -> None:
    # points with the probabilities of the data as weights: every mean is exact
    log_ratios = (COMPONENTS / DATA[:, None]).log().repeat(25, 1)
    found = compare_prefixes(log_ratios, HISTORY, divergence, DATA.repeat(25) / 25)
    exact = [divergence.between(COMPONENTS @ row, DATA) for row in HISTORY]
    assert found.divergences == pytest.approx(exact, abs=1e-12)
    assert found.errors[2] == 0
    assert found.best() == 3


def test_errors_are_those_of_the_differences() -> None:
    generator = torch.Generator().manual_seed(100)
    common = torch.randn(2_000, 1, generator=generator, dtype=torch.float64)
    log_ratios = (common + torch.tensor([[0.0, 1e-3]], dtype=torch.float64)).expand(2_000, 2)
    history = torch.tensor([[1, 0], [0, 1]], dtype=torch.float64)
    base = torch.full((2_000,), 1 / 2_000, dtype=torch.float64)
    found = compare_prefixes(log_ratios, history, ForwardKL(), base)
    # −log u varies by 1 from point to point, its difference between the two prefixes is .001 at every one of them
    assert found.divergences[0] - found.divergences[1] == pytest.approx(1e-3)
    assert max(found.errors) < 1e-9
    assert found.best() == 2


def test_points_without_weight_do_not_count() -> None:
    log_ratios = torch.tensor([[0.1, 0.2], [-0.3, 0.1], [math.inf, -math.inf]], dtype=torch.float64)
    base = torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
    history = torch.tensor([[1, 0], [0.5, 0.5]], dtype=torch.float64)
    found = compare_prefixes(log_ratios, history, JensenShannon(), base)
    same = compare_prefixes(log_ratios[:2], history, JensenShannon(), base[:2])
    assert found == same
    assert all(math.isfinite(value) for value in found.divergences)
