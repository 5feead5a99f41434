"""The copying test: fresh points pass, copies and near copies do not, and real points that repeat count."""

import pytest
import sklearn.neighbors  # noqa: F401  (its import draws from Python's generator, which the fixture would see)
import torch
from torch import Tensor

from adagan.quality import copying


def points(seed: int, count: int, *shape: int) -> Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(2,), (12,), (1, 6, 6)], ids=str)
def test_fresh_points_copies_and_near_copies(shape: tuple[int, ...]) -> None:
    training, held_out, fresh = (points(seed, 500, *shape) for seed in (100, 101, 102))
    good = copying(fresh, training, held_out)
    # the share of pairs of 500 and 500 has a standard error of at most 1/√(3 · 250) = .037; six of them
    assert good.nearer == pytest.approx(0.5, abs=0.11)
    assert good.exact == 0
    assert good.close == pytest.approx(good.close_perfect, abs=0.09)
    copies = copying(training[:300], training, held_out)
    assert copies.exact == 1
    assert copies.nearer > 0.99
    assert copies.verdict == "some samples are copies of training points"
    near = copying(training + 1e-3 * points(103, 500, *shape), training, held_out)
    assert near.exact == 0
    assert near.low > 0.9
    assert "memorised" in near.verdict


def test_ten_copies_in_a_thousand_are_seen() -> None:
    training, fresh = points(100, 1_000, 4), points(101, 1_000, 4)
    fresh[:10] = training[:10]
    found = copying(fresh, training)
    assert found.exact == pytest.approx(0.01)
    assert found.exact_perfect == 0
    # ten of a thousand and none of a thousand, in whatever order: 2^-10 and a little less
    assert found.exact_level == pytest.approx(2**-10, rel=0.1)
    assert found.verdict == "some samples are copies of training points"


def test_one_coincidence_among_many_is_no_copy() -> None:
    training, fresh = points(100, 1_000, 4), points(101, 1_000, 4)
    fresh[0] = training[0]
    assert copying(fresh, training).exact == pytest.approx(0.001)
    assert copying(fresh, training).verdict == "no sign of copying"


def test_without_held_out_points_the_training_points_stand_for_them() -> None:
    training, fresh = points(100, 800, 3), points(101, 800, 3)
    alone = copying(fresh, training)
    assert alone.nearer == pytest.approx(0.5, abs=0.09)
    assert not alone.held_out
    assert (alone.num_samples, alone.num_training) == (800, 800)


def test_data_that_repeat_themselves_are_no_sign_of_copying() -> None:
    codes = torch.randint(0, 3, (900, 2), generator=torch.Generator().manual_seed(100)).float()
    found = copying(codes[:400], codes[400:800], codes[800:])
    assert found.exact == found.exact_perfect == 1
    assert found.nearer == 0.5
    assert found.verdict == "no sign of copying"


def test_units_of_columns_do_not_matter_and_a_constant_one_does_no_harm() -> None:
    scale = torch.tensor([1.0, 1e6, 1.0])
    training, fresh = points(100, 300, 3) * scale, points(101, 300, 3) * scale
    training[:, 2] = fresh[:, 2] = 7.0
    assert copying(fresh, training).nearer == pytest.approx(0.5, abs=0.13)


def test_mistakes_name_the_argument() -> None:
    with pytest.raises(ValueError, match=r"samples: expected 10 points or more of shape \(3,\), got \(20, 2\)"):
        copying(points(0, 20, 2), points(0, 20, 3))
    with pytest.raises(ValueError, match="held_out: expected 10 points or more"):
        copying(points(0, 20, 2), points(0, 20, 2), points(0, 3, 2))
