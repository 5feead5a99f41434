"""The default critic: what it looks at, what learns from it, large data, and components told apart by trees."""

import math

import pytest
import torch
from torch import Tensor, nn

from adagan import Mixture
from adagan.components import Gaussian, SharpCritic
from adagan.components.critics import sharp_critic
from adagan.components.critics.event_features import EventFeatures
from adagan.components.critics.labelled_points import LabelledPoints, evened, folds_by_label, learning_rows
from adagan.components.critics.sharp_critic import learns_by_trees
from adagan.components.critics.tree_ratios import TreeRatios


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Normal(nn.Module):
    """Samples of a normal distribution with unit covariance about a place."""

    def __init__(self, place: Tensor) -> None:
        super().__init__()
        self.place = place

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.place + torch.randn(num_samples, *self.place.shape, generator=generator)


def smooth(num_images: int, seed: int, side: int = 12) -> Tensor:
    """Images of few degrees of freedom: sums of four waves."""
    lines = torch.linspace(0, 3, side)
    waves = torch.stack([(a * lines).cos()[:, None] * (b * lines).cos() for a in (0, 1) for b in (0, 1)])
    return torch.einsum("nk,khw->nhw", torch.randn(num_images, 4, generator=seeded(seed)), waves)[:, None]


@pytest.mark.parametrize(
    ("event_shape", "trees"), [((2,), False), ((3,), False), ((4,), True), ((2, 3), True), ((3, 8, 8), False)]
)
def test_places_and_images_are_learnt_by_networks_and_columns_by_trees(
    event_shape: tuple[int, ...], trees: bool
) -> None:
    assert learns_by_trees(event_shape) is trees


def test_short_vectors_are_standardised() -> None:
    points = 3 + 2 * torch.randn(2_000, 5, generator=seeded(100))
    features = EventFeatures.of(points, 0)(points)
    assert torch.allclose(features.mean(dim=0), torch.zeros(5), atol=1e-5)
    assert torch.allclose(features.std(dim=0), torch.ones(5), atol=1e-5)


def test_images_become_the_components_that_explain_them() -> None:
    images = smooth(500, 100)
    features = EventFeatures.of(images, 0)
    assert 1 <= features.num_features <= 4
    # orthonormal components, so that what is kept explains all but a twentieth of the variance
    centred = images.flatten(1) - features.shift
    kept = (centred @ features.axes).square().sum()
    assert 0.95 <= float(kept / centred.square().sum()) <= 1 + 1e-6
    assert torch.allclose(features.axes.T @ features.axes, torch.eye(features.num_features), atol=1e-5)


def test_large_images_are_averaged_down_first() -> None:
    images = smooth(50, 101, side=48)
    assert EventFeatures.of(images, 0).axes.shape[0] == 32 * 32


def test_of_long_vectors_what_components_leave_over_is_seen() -> None:
    plane = torch.linalg.qr(torch.randn(80, 4, generator=seeded(102))).Q
    points = torch.randn(1_000, 4, generator=seeded(103)) @ plane.T
    features = EventFeatures.of(points + 1e-3 * torch.randn(1_000, 80, generator=seeded(104)), 0)
    beside = points + 0.1 * torch.randn(1_000, 80, generator=seeded(105))
    # a hundred times as far from the plane: 2 log 100 = 9.2 before it is standardised
    rest = features(beside)[:, -1] * features.spread[-1] + features.centre[-1]
    assert float(rest.mean() - features.centre[-1]) == pytest.approx(2 * math.log(100), abs=0.5)


def test_rows_to_learn_from_are_drawn_by_weight() -> None:
    weights = torch.ones(1_000, dtype=torch.float64) / 1_000
    rows, own = learning_rows(weights, 100, seeded(106))
    assert torch.equal(rows.diff(), torch.full((99,), 10))
    assert torch.allclose(own, torch.full_like(own, 0.01))
    heavy = torch.where(torch.arange(1_000) == 500, 999.0, 1.0).double()
    heavy[:100] = 0
    rows, own = learning_rows(heavy / heavy.sum(), 100, seeded(107))
    assert float(own.sum()) == pytest.approx(1)
    assert float(own[rows == 500]) == pytest.approx(999 / float(heavy.sum()), abs=0.011)
    assert int(rows.min()) >= 100
    rows, own = learning_rows(weights, 5_000, seeded(108))
    assert torch.equal(rows, torch.arange(1_000))
    assert own is weights


def test_weights_are_evened_by_drawing_rows() -> None:
    data, samples = torch.arange(4.0)[:, None], torch.zeros(6, 1)
    labels, thirds = torch.tensor([1, 1, 1, 1, 2, 2]), torch.tensor([0.5, 0.25, 0.25]).log()
    weights = torch.tensor([0.5, 0.0, 0.25, 0.25], dtype=torch.float64)
    even = evened(LabelledPoints(data, weights, samples, labels, thirds))
    assert even.data[:, 0].tolist() == [0, 0, 2, 3]
    assert even.weights.tolist() == [0.25] * 4
    assert torch.allclose(even.log_shares.exp(), torch.tensor([0.4, 0.4, 0.2]))
    assert evened(even).data is even.data


def test_every_component_is_in_every_fold() -> None:
    labels = torch.tensor([1] * 50 + [2] * 4 + [3] * 7)
    fold = folds_by_label(labels, 2, seeded(109))
    assert [[int((fold[labels == k] == f).sum()) for f in (0, 1)] for k in (1, 2, 3)] in (
        [[25, 25], [2, 2], [3, 4]],
        [[25, 25], [2, 2], [4, 3]],
    )


def test_data_that_were_not_learnt_from_are_scored_by_their_folds() -> None:
    data = torch.randn(3_000, 4, generator=seeded(110))
    mixture = Mixture([Normal(torch.tensor([1.0, 0.0, 0.0, 0.0]))])
    critic = SharpCritic(max_samples=400, seed=110).fit(data, mixture)
    assert critic.component_log_ratios_.shape == (3_000, 1)
    own = torch.stack([critic._calibrated(fold, data)[:, 0] for fold in (0, 1)])
    expected = own.gather(0, critic.fold_.long()[None])[0]
    assert torch.allclose(critic.log_ratio_, expected, atol=1e-9)
    # the log ratio is x₁ − 1/2; over 8 seeds the correlation was .74 to .82
    assert float(torch.corrcoef(torch.stack([critic.log_ratio_, data[:, 0].double()]))[0, 1]) > 0.5


def test_trees_tell_components_apart_by_their_laws() -> None:
    data = torch.randn(2_000, 4, generator=seeded(111))
    places = [torch.tensor([shift, 0.0, 0.0, 0.0]) for shift in (-2.0, 0.0, 2.0)]
    critic = SharpCritic(seed=111).fit(data, Mixture([Normal(place) for place in places], [0.6, 0.3, 0.1]))
    at = torch.tensor([[-2.0, 0, 0, 0], [0, 0, 0, 0], [2.0, 0, 0, 0]])
    assert critic.component_log_ratios(at).argmax(dim=1).tolist() == [0, 1, 2]
    ratios = critic.estimators_[0][1]
    assert isinstance(ratios, TreeRatios)
    # Σ s_k u_k is the ratio of all samples together, which the first classifier estimates
    features = critic.estimators_[0][0](critic.scaling_(data[:50]))
    together = torch.logsumexp(ratios(features) + ratios.log_shares, dim=1)
    assert torch.allclose(together, ratios.together(features)[:, 0], atol=1e-9)


@pytest.mark.parametrize("event_shape", [(2,), (60,), (1, 12, 12)])
def test_it_is_the_same_when_it_is_restored_and_when_it_is_made_again(
    event_shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharp_critic, "STEPS", 20)
    data = smooth(300, 112) if len(event_shape) == 3 else torch.randn(300, *event_shape, generator=seeded(112))
    mixture = Mixture([Gaussian().fit(data + 0.5), Gaussian().fit(data - 0.5)])
    critic = SharpCritic(seed=112).fit(data, mixture)
    restored = SharpCritic.from_config(critic.config())
    restored.load_state_dict(critic.state_dict())
    assert torch.equal(restored.component_log_ratios(data[:20]), critic.component_log_ratios(data[:20]))
    assert torch.equal(SharpCritic(seed=112).fit(data, mixture).log_ratio_, critic.log_ratio_)


def test_at_one_distribution_it_has_learnt_its_points_and_finds_nothing() -> None:
    data = torch.randn(4_000, 4, generator=seeded(113))
    record = SharpCritic(seed=113).fit(data, Mixture([Normal(torch.zeros(4))])).calibration_
    assert not record.beats_chance
    # over 3 seeds and sizes up to 100,000 the level at what was learnt was below 1e-16
    assert record.learnt_level is not None
    assert record.learnt_level < 1e-6
    assert not record.has_learnt_nothing
