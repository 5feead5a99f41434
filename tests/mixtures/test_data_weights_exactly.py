import math
from decimal import Context, Decimal, localcontext

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from test_data_weights import points
from torch import Tensor

from adagan.mixtures.data_weights import Dagger, Star, TopK

WIDE = st.sampled_from([-700.0, -699.5, -650.0, -30.0, -1.0, 0.0, 0.5, 30.0, 30.0, 699.0, 700.0]) | st.floats(-700, 700)


def exactly(log_ratio: Tensor, base: Tensor) -> tuple[list[Decimal], list[Decimal]]:
    """Ratios in ascending order and their points' probabilities, to four hundred digits."""
    total = sum(Decimal(value) for value in base.tolist())
    pairs = sorted(zip(log_ratio.tolist(), base.tolist(), strict=True))
    return [Decimal(value).exp() for value, p in pairs if p > 0], [Decimal(p) / total for _, p in pairs if p > 0]


@given(points(WIDE), st.floats(0.01, 0.99))
def test_star_in_many_digits_over_the_whole_range(case: tuple[Tensor, Tensor], beta: float) -> None:
    with localcontext(Context(prec=400)):
        ratios, shares = exactly(*case)
        share = Decimal(beta)
        for kept in range(1, len(ratios) + 1):
            volume = sum(p * (1 - share) * h for p, h in zip(shares[:kept], ratios[:kept], strict=True))
            level = (share + volume) / sum(shares[:kept])
            if kept == len(ratios) or level <= (1 - share) * ratios[kept]:
                break
        expected = float(level)
    assert Star()(case[0], beta, case[1]).level == pytest.approx(expected, rel=1e-12)


@given(points(WIDE), st.floats(0.01, 0.99))
def test_dagger_in_many_digits_over_the_whole_range(case: tuple[Tensor, Tensor], beta: float) -> None:
    with localcontext(Context(prec=400)):
        ratios, shares = exactly(*case)
        share = Decimal(beta)
        distance = float(min(abs(sum(shares[:kept]) - share) for kept in range(1, len(shares) + 1)))
        assume(distance > 1e-3)  # lambda is ill-conditioned by the reciprocal of this
        for kept in range(1, len(ratios) + 1):
            mass = sum(shares[:kept]) - share
            volume = sum(p * (1 - share) * h for p, h in zip(shares[:kept], ratios[:kept], strict=True))
            if mass > 0 and (kept == len(ratios) or mass / volume * (1 - share) * ratios[kept] >= 1):
                break
        logarithm = float((mass / volume).ln())
    found = Dagger()(case[0], beta, case[1]).level
    assert math.log(found or 0) == pytest.approx(logarithm, rel=0, abs=1e-12 / min(1.0, 10 * distance))


@pytest.mark.parametrize("share", [0.001, 0.3, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_top_k_of_many_points_is_that_of_sorting(share: float, weighted: bool, generator) -> None:
    log_ratio = (1000 * torch.randn(200_000, generator=generator, dtype=torch.float64)).round()  # with ties
    base = torch.randint(0, 3, (200_000,), generator=generator).double() if weighted else None
    found = TopK(share)(log_ratio, 0.5, base).values
    weights = torch.ones_like(log_ratio) if base is None else base
    counted = log_ratio[weights > 0]
    kept = round(share * len(counted))
    edge = counted.sort().values[kept - 1]
    part = (kept - int((counted < edge).sum())) / int((counted == edge).sum())
    expected = weights * ((log_ratio < edge) + part * (log_ratio == edge).double())
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-12, atol=0)
