import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from adagan.mixtures.mixture import Mixture


class Point(nn.Module):
    """A component at one place: the index is readable from the sample; it counts its calls."""

    def __init__(self, place: float, event: tuple[int, ...] = (2,)) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor(place))
        self.dropout = nn.Dropout()
        self.event, self.calls, self.modes = event, [], []

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        self.calls.append(num_samples)
        self.modes.append((self.training, self.dropout.training))
        noise = torch.rand(num_samples, *self.event, generator=generator, dtype=self.place.dtype)
        return self.place + noise * 0.5

    def log_prob(self, x: Tensor) -> Tensor:
        inside = ((x >= self.place) & (x < self.place + 0.5)).all(dim=1)
        return torch.where(inside, len(self.event) * math.log(2.0) * self.event[0], -math.inf).double()


class Plain:
    """A component that is no torch module."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.full((num_samples, 2), 9.0)


class Broken:
    def __init__(self, result) -> None:
        self.result = result

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None):
        return self.result(num_samples)


WEIGHTS = [0.2, 0.5, 0.3]


@pytest.fixture
def mixture() -> Mixture:
    return Mixture([Point(0.0), Point(1.0), Point(2.0)], WEIGHTS)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_component_counts_follow_the_weights(mixture: Mixture, generator) -> None:
    count = 100_000
    samples, component = mixture.sample(count, generator, return_component=True)
    assert samples.shape == (count, 2)
    assert torch.equal(samples.floor()[:, 0].long(), component)
    shares = torch.bincount(component, minlength=3) / count
    # standard errors of .0016 at most, six of them: a false alarm below 1e-8
    assert float((shares - torch.tensor(WEIGHTS)).abs().max()) < 0.0095


def test_counts_vary_as_those_of_independent_draws(mixture: Mixture, generator) -> None:
    counts = [int((mixture.sample(100, generator)[:, 0] >= 2).sum()) for _ in range(2000)]
    # Binomial(100, .3) has variance 21; its estimate from 2000 draws has a standard error of .66, six are 4
    assert np.var(counts) == pytest.approx(21, abs=4)


def test_the_first_half_is_distributed_as_the_second(mixture: Mixture, generator) -> None:
    samples = mixture.sample(100_000, generator)[:, 0].floor()
    for value in range(3):
        first, second = (float((half == value).double().mean()) for half in samples.chunk(2))
        # difference of two shares of 50,000: a standard error of .0032 at most, six are .019 (false alarm below 1e-8)
        assert abs(first - second) < 0.019


def test_each_component_is_called_once(mixture: Mixture, generator) -> None:
    mixture.sample(1000, generator)
    assert [len(component.calls) for component in mixture] == [1, 1, 1]
    assert sum(component.calls[0] for component in mixture) == 1000


def test_a_component_of_weight_zero_is_never_called(generator) -> None:
    mixture = Mixture([Point(0.0), Point(1.0), Point(2.0)], [0.5, 0.0, 0.5])
    assert not bool((mixture.sample(1000, generator).floor() == 1).any())
    assert mixture.components[1].calls == []


def test_the_seed_decides(mixture: Mixture) -> None:
    first, again, other = (mixture.sample(200, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(mixture.sample(200), mixture.sample(200))
    with_index, _ = mixture.sample(200, seeded(1), return_component=True)
    assert torch.equal(with_index, first)


@pytest.mark.parametrize("event", [(1,), (2,), (1, 3, 3)])
def test_no_samples_and_one(event: tuple[int, ...]) -> None:
    mixture = Mixture([Point(0.0, event), Point(1.0, event)])
    assert mixture.sample(0).shape == (0, *event)
    samples, component = mixture.sample(0, return_component=True)
    assert samples.shape == (0, *event)
    assert component.shape == (0,)
    assert component.dtype == torch.int64
    assert mixture.sample(1).shape == (1, *event)


def test_slices_are_the_mixtures_of_earlier_rounds(mixture: Mixture) -> None:
    np.testing.assert_allclose(mixture[:1].weights, [1])
    np.testing.assert_allclose(mixture[:2].weights, [2 / 7, 5 / 7])
    np.testing.assert_allclose(mixture[:-1].weights, [2 / 7, 5 / 7])
    assert mixture[:3].weights.tolist() == mixture.weights.tolist()
    assert mixture[:2].components == mixture.components[:2]
    assert torch.equal(mixture[:3].sample(50, seeded(3)), mixture.sample(50, seeded(3)))


def test_append_keeps_the_history() -> None:
    grown = Mixture([Point(0.0)])
    rounds = [[0.5, 0.5], [0.2, 0.2, 0.6], [0.7, 0.1, 0.1, 0.1]]
    for index, weights in enumerate(rounds):
        before = grown.weights.tolist()
        larger = grown.append(Point(1.0 + index), weights)
        assert grown.weights.tolist() == before
        grown = larger
    for index, weights in enumerate(rounds):
        assert grown[: index + 2].weights.tolist() == pytest.approx(weights, rel=1e-15)
    assert grown.weights.tolist() == grown[:4].weights.tolist()


def test_to_moves_components_and_weights(mixture: Mixture) -> None:
    assert mixture.to("meta") is mixture
    assert mixture.device.type == "meta"
    assert {tensor.device.type for tensor in [*mixture.parameters(), *mixture.buffers()]} == {"meta"}


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_precision_is_the_components_and_not_the_weights(dtype: torch.dtype) -> None:
    weights = torch.rand(7, generator=seeded(0), dtype=torch.float64)
    mixture = Mixture([Point(float(index)) for index in range(7)], weights)
    before = mixture.weights.clone()
    mixture.to(dtype)
    assert mixture.weights.dtype == torch.float64
    assert torch.equal(mixture.weights, before)
    assert torch.equal(mixture[:7].weights, before)
    assert mixture.sample(100, seeded(1)).dtype == dtype


def test_modes_are_restored(mixture: Mixture) -> None:
    mixture.train()
    mixture.components[1].dropout.eval()
    mixture.components[2].eval()
    mixture.sample(100, seeded(0))
    assert [part.modes for part in mixture] == [[(False, False)]] * 3
    assert [(part.training, part.dropout.training) for part in mixture] == [(True, True), (True, False), (False, False)]


def test_modes_are_restored_when_a_component_fails() -> None:
    class Failing(Point):
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            raise RuntimeError("out of order")

    mixture = Mixture([Failing(0.0)]).train()
    with pytest.raises(RuntimeError, match="out of order"):
        mixture.sample(3)
    assert mixture.components[0].training
    assert mixture.components[0].dropout.training


def test_samples_carry_no_graph(mixture: Mixture) -> None:
    assert not mixture.sample(10).requires_grad


def test_any_object_that_samples_is_a_component(generator) -> None:
    mixture = Mixture([Point(0.0), Plain()])
    samples = mixture.sample(100, generator)
    assert set(samples[:, 0].floor().tolist()) == {0.0, 9.0}


def test_log_prob_is_that_of_the_mixture(mixture: Mixture) -> None:
    x = torch.tensor([[0.1, 0.1], [1.2, 1.3], [2.4, 2.4], [5.0, 5.0]])
    expected = (4 * torch.tensor([0.2, 0.5, 0.3, 0.0], dtype=torch.float64)).log()
    torch.testing.assert_close(mixture.log_prob(x), expected)
    with pytest.raises(TypeError, match=r"component 1 \(Plain\) has no log_prob"):
        Mixture([Point(0.0), Plain()]).log_prob(x)
    assert Mixture([Point(0.0), Plain()], [1, 0]).log_prob(x[:1]).tolist() == pytest.approx([math.log(4)])


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda n: torch.zeros(n + 1, 2), r"component 0 \(Broken\) was asked for 5 samples and returned \(6, 2\)"),
        (lambda n: torch.tensor(0.0), r"returned \(\); expected a tensor of shape \(5, \*event\)"),
        (lambda n: np.zeros((n, 2)), "returned ndarray"),
        (lambda n: None, "returned NoneType"),
    ],
)
def test_wrong_samples_are_refused(result, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mixture([Broken(result)]).sample(5)


@pytest.mark.parametrize("second", [lambda n: torch.zeros(n, 3), lambda n: torch.zeros(n, 2, dtype=torch.float64)])
def test_components_must_agree(second) -> None:
    mixture = Mixture([Broken(lambda n: torch.zeros(n, 2)), Broken(second)])
    with pytest.raises(ValueError, match=r"component 1 \(Broken\) samples shape .* all must agree"):
        mixture.sample(1000, seeded(0))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Mixture([]), ValueError, "at least one component, got none"),
        (lambda: Mixture([3]), TypeError, "objects with a sample method, got int"),
        (lambda: Mixture([Plain()], [1.0, 1.0]), ValueError, "weights: expected 1 weights"),
        (lambda: Mixture([Plain()], [-1.0]), ValueError, "weights: weights must not be negative"),
        (lambda: Mixture([Plain()], history=torch.ones(2, 2)), ValueError, r"history: expected shape \(1, 1\)"),
        (lambda: Mixture([Plain()], history=torch.tensor([[math.nan]])), ValueError, "history: expected non-negative"),
        (lambda: Mixture([Plain()], history=torch.tensor([[2.0]])), ValueError, "last row sums to 1"),
        (lambda: Mixture([Plain()]).sample(-1), ValueError, "num_samples: expected 0 or more, got -1"),
        (lambda: Mixture([Plain()])[0], TypeError, r"sliced as mixture\[:t\]"),
        (lambda: Mixture([Plain()])[1:], TypeError, r"sliced as mixture\[:t\]"),
        (lambda: Mixture([Plain()])[:0], IndexError, "rounds run from 1 to 1"),
        (lambda: Mixture([Plain(), Plain()], [0, 1])[:1], ValueError, "has weight zero altogether"),
        (lambda: Mixture([Plain()]).append(Plain(), [1.0]), ValueError, "weights: expected 2 weights"),
    ],
)
def test_errors(call, error, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
