"""Weighted minibatches: the distribution, the edges, the size, and no per-row Python."""

import time

import numpy as np
import pytest
import torch
from torch import Tensor

from adagan.components.training.batches import WeightedBatches, resample, smaller_of_fewer
from adagan.components.training.ranks.shares import Share, sharing
from adagan.components.training.row_draws import RowDraws, _Guide, draw_rows
from adagan.mixtures.randomness import isolated_randomness

DATA = torch.arange(5.0)[:, None]
WEIGHTS = torch.tensor([0.0, 0.1, 0.4, 0.0, 0.5])


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shares(rows: Tensor, count: int) -> Tensor:
    return torch.bincount(rows, minlength=count).double() / rows.numel()


def test_rows_are_drawn_by_weight() -> None:
    num_rows = 200_000
    drawn = shares(draw_rows(WEIGHTS.double().cumsum(0), num_rows, seeded(0)), 5)
    # standard errors of .0011 at most, six of them: a false alarm below 1e-8
    assert float((drawn - WEIGHTS).abs().max()) < 0.0067
    assert drawn[0] == 0
    assert drawn[3] == 0


def test_weights_need_no_normalisation() -> None:
    cumulative = WEIGHTS.double().cumsum(0)
    assert torch.equal(draw_rows(cumulative, 1000, seeded(1)), draw_rows(8 * cumulative, 1000, seeded(1)))


@pytest.mark.parametrize("only", [0, 2, 4])
def test_all_weight_on_one_row(only: int) -> None:
    weights = torch.zeros(5, dtype=torch.float64)
    weights[only] = 1e-300
    assert draw_rows(weights.cumsum(0), 1000, seeded(2)).unique().tolist() == [only]


def test_the_upper_end_never_falls_off() -> None:
    class Top(torch.Generator):
        pass

    cumulative = torch.tensor([0.3, 0.3, 1.0, 1.0], dtype=torch.float64)
    real = torch.rand
    try:
        torch.rand = lambda count, **_: torch.full((count,), 1.0, dtype=torch.float64)  # type: ignore[assignment]
        assert draw_rows(cumulative, 3, Top()).tolist() == [2, 2, 2]  # row 3 weighs nothing
        torch.rand = lambda count, **_: torch.zeros(count, dtype=torch.float64)  # type: ignore[assignment]
        assert draw_rows(cumulative, 2, Top()).tolist() == [0, 0]
        assert draw_rows(torch.tensor([0.0, 1.0], dtype=torch.float64), 2, Top()).tolist() == [1, 1]
    finally:
        torch.rand = real


@pytest.mark.slow
def test_more_rows_than_single_precision_can_count() -> None:
    count = 2**24 + 4
    weights = torch.zeros(count, dtype=torch.float64)
    weights[-4:] = torch.tensor([0.25, 0.0, 0.5, 0.25])
    weights[0] = 0.0
    data = torch.arange(count, dtype=torch.float64)
    start = time.process_time()
    batches = list(WeightedBatches(data, weights, 1000, 40, seed=0))
    drawn = shares((torch.cat(batches) - (count - 4)).long(), 4)
    # standard errors of .0025 at most, six of them: a false alarm below 1e-8
    assert float((drawn - torch.tensor([0.25, 0.0, 0.5, 0.25])).abs().max()) < 0.015
    assert time.process_time() - start < 20


def test_batches_index_the_data_once_each() -> None:
    class Counting:
        """Stands for the data and counts its indexing calls."""

        device, calls = DATA.device, 0

        def __len__(self) -> int:
            return len(DATA)

        def data_ptr(self) -> int:
            return DATA.data_ptr()

        def __getitem__(self, rows: Tensor) -> Tensor:
            self.calls += 1
            return DATA[rows]

    counting = Counting()
    batches = WeightedBatches(counting, WEIGHTS, 64, 7, seed=0)  # type: ignore[arg-type]
    assert len(batches) == 7
    with isolated_randomness(0):  # a DataLoader draws a seed for workers that it does not have
        assert [batch.shape for batch in batches.loader()] == [(64, 1)] * 7
    assert counting.calls == 7


def test_a_seed_decides_all_passes_and_passes_differ() -> None:
    def passes(seed: int) -> list[Tensor]:
        batches = WeightedBatches(DATA, WEIGHTS, 32, 3, seed=seed)
        return [torch.stack(list(batches)) for _ in range(2)]

    assert all(map(torch.equal, passes(5), passes(5)))
    assert not torch.equal(*passes(5))
    assert not torch.equal(passes(5)[0], passes(6)[0])
    assert not torch.equal(passes(5)[0][0], passes(5)[0][1])


def test_batches_in_another_form() -> None:
    batches = WeightedBatches(DATA, WEIGHTS, 4, 2, seed=0)
    with isolated_randomness(0):
        formed = list(batches.loader(lambda batch: (batch, {"rows": len(batch)})))
    again = list(WeightedBatches(DATA, WEIGHTS, 4, 2, seed=0))
    assert all(torch.equal(batch, expected) for (batch, _), expected in zip(formed, again, strict=True))
    assert [rest for _, rest in formed] == [{"rows": 4}] * 2


def test_uniform_when_there_are_no_weights() -> None:
    drawn = torch.cat(list(WeightedBatches(DATA, None, 1000, 100, seed=0)))[:, 0].long()
    # standard error .0013, six of them: a false alarm below 1e-8
    assert float((shares(drawn, 5) - 0.2).abs().max()) < 0.0076


def test_resample_is_by_weight_and_repeatable() -> None:
    data = torch.arange(20_000.0)[:, None]
    weights = (data[:, 0] < 5_000).double() * 3 + 1
    drawn = resample(data, weights, seed=0)
    assert drawn.shape == data.shape
    assert torch.equal(drawn, resample(data, weights, seed=0))
    # half of the weight is on the first quarter (4 · 5,000 of 35,000 is .571); standard error .0035, six are .021
    assert float((drawn < 5_000).double().mean()) == pytest.approx(4 / 7, abs=0.021)
    assert resample(data, None, seed=0) is data


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 1.0], r"weights: expected 5 weights, one per point, got shape \(2,\)"),
        ([0.0] * 5, "weights: all 5 weights are zero"),
        ([1.0, -1.0, 1.0, 1.0, 1.0], "weights: weights must not be negative; 1 of 5 are"),
        ([1.0, float("nan"), 1.0, 1.0, 1.0], "weights: weights must be finite; 1 of 5 are not"),
    ],
)
def test_bad_weights(weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WeightedBatches(DATA, torch.tensor(weights), 4, 1, seed=0)


@pytest.mark.parametrize(
    ("usual", "num_rows", "size"), [(256, 10_000, 256), (256, 256, 256), (256, 255, 248), (64, 9, 8), (64, 3, 8)]
)
def test_minibatches_are_no_larger_than_the_data(usual: int, num_rows: int, size: int) -> None:
    assert smaller_of_fewer(usual, num_rows) == size


@pytest.mark.parametrize("kind", ["equal", "uneven", "sparse", "one"])
@pytest.mark.parametrize("count", [2, 1_000, 50_000])
def test_a_table_gives_the_same_rows_as_a_search(count: int, kind: str) -> None:
    weights = torch.rand(count, dtype=torch.float64, generator=seeded(1))
    weights = {
        "equal": torch.ones_like(weights),
        "uneven": weights**30,
        "sparse": weights * (torch.arange(count) % 3 == 0),
    }.get(kind, (torch.arange(count) == count // 2).double())
    weights /= weights.sum()
    expected = draw_rows(weights.cumsum(0), 20_000, seeded(3))
    for planned in (100, 20_000):  # few places for many rows, or many for few
        assert torch.equal(RowDraws(weights, planned)(20_000, seeded(3)), expected)


def test_the_upper_end_of_a_table() -> None:
    """A number just below 1, whose product with the last sum rounds to it, falls on the last row with weight."""
    weights = torch.tensor([0.3, 0.0, 0.4, 0.3, 0.0], dtype=torch.float64)
    guide = _Guide(weights.cumsum(0).numpy(), planned=100)
    top = np.nextafter(1.0, 0.0)
    assert guide.rows(np.array([0.0, 0.3, top])).tolist() == [0, 2, 3]
    heavy = _Guide(torch.tensor([0.0, 1e-300, 1e-300], dtype=torch.float64).numpy(), planned=100)
    assert heavy.rows(np.array([0.0, 0.5, top])).tolist() == [1, 1, 1]


def batches_of(num_batches: int) -> WeightedBatches:
    return WeightedBatches(torch.arange(5.0), WEIGHTS, 3, num_batches, seed=6)


def test_draws_ahead_are_the_draws_one_by_one() -> None:
    source, cumulative = seeded(6), WEIGHTS.double().cumsum(0) / WEIGHTS.double().sum()
    expected = [draw_rows(cumulative, 3, source).float() for _ in range(8)]
    ahead, one_by_one = batches_of(4), batches_of(4)
    one_by_one.rows.alone = False
    for batches in (ahead, one_by_one):
        assert torch.equal(torch.stack([*batches, *batches]), torch.stack(expected))


@pytest.mark.parametrize("taken", range(9))
def test_draws_go_on_from_a_state(taken: int) -> None:
    batches, expected = batches_of(4), torch.stack(list(batches_of(8)))
    for _ in range(taken):
        batches.rows.next()
    resumed = batches_of(4)
    resumed.load_state_dict(batches.state_dict())
    for index in range(taken, 8):
        assert torch.equal(resumed.rows.next().float(), expected[index])


def test_a_state_that_says_more_than_is_drawn_at_once_is_refused() -> None:
    batches = batches_of(4)
    with pytest.raises(ValueError, match="taken: expected a number of minibatches from 0 to 4, got 5"):
        batches.load_state_dict({**batches.state_dict(), "taken": 5})


def test_ranks_take_their_parts_of_draws_ahead() -> None:
    parts = []
    for rank in range(2):
        with sharing(Share(rank, 2)):
            parts.append(torch.stack(list(batches_of(4))))
    alone = torch.stack(list(WeightedBatches(torch.arange(5.0), WEIGHTS, 6, 4, seed=6)))
    assert torch.equal(torch.cat(parts, dim=1), alone)
