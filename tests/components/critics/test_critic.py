"""The critic: known ratios, cross-fitting, the components' ratios, resolution, calibration, and its state."""

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adagan import Critic, Mixture
from adagan.components import Gaussian
from adagan.components.critics.calibration import Calibration, calibration_record
from adagan.components.critics.calibrators import RawRatios, maximum_likelihood
from adagan.components.critics.critic_training import every_tenth
from adagan.components.critics.labelled_points import class_logits, held_out_counts
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio

SMALL: dict[str, Any] = {"width": 24, "max_steps": 200, "batch_size": 256, "learning_rate": 5e-3, "seed": 0}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Normal(nn.Module):
    """Samples of a normal distribution with unit covariance about a place."""

    def __init__(self, *place: float) -> None:
        super().__init__()
        self.place = torch.tensor(place)

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.place + torch.randn(num_samples, len(self.place), generator=generator)

    def log_prob(self, x: Tensor) -> Tensor:
        return -0.5 * (x.double() - self.place).square().sum(dim=1) - math.log(2 * math.pi) * len(self.place) / 2


@pytest.fixture(scope="module")
def known() -> tuple[Critic, Tensor, Mixture]:
    """Data about the origin, three components elsewhere, and a critic between them."""
    data = Normal(0.0, 0.0).sample(6000, generator=seeded(0))
    mixture = Mixture([Normal(1.0, 0.0), Normal(0.0, -1.0), Normal(0.5, 0.5)], [0.5, 0.3, 0.2])
    return Critic(**SMALL).fit(data, mixture), data, mixture


@pytest.mark.parametrize(("noise", "bound"), [(0.0, 0.65), (0.3, 0.35)])
def test_equal_covariances_give_the_linear_log_ratio(noise: float, bound: float) -> None:
    data = Normal(0.0, 0.0).sample(8000, generator=seeded(1))
    critic = Critic(**SMALL, noise=noise).fit(data, Mixture([Normal(1.0, 0.5)]))
    # noise leaves the covariances equal and the log ratio linear, flatter by 1 + noise²
    truth = (data.double() @ torch.tensor([1.0, 0.5], dtype=torch.float64) - 0.625) / (1 + noise**2)
    # the log ratio's own standard deviation is 1.12, a critic that knew nothing would be off by 1.28; a sharp critic
    # sees detail that is not there, a coarse one does not: over 20 seeds .47 (.03) and .23 (.014), six deviations away
    assert float((critic.log_ratio_ - truth).square().mean().sqrt()) < bound
    assert float((critic.log_ratio(data) - truth).square().mean().sqrt()) < bound
    assert critic.log_ratio_.dtype == torch.float64
    assert not critic.training


def test_components_ratios_are_their_own_and_recombine(known: tuple[Critic, Tensor, Mixture]) -> None:
    critic, data, mixture = known
    assert critic.component_log_ratios_.shape == (6000, 3)
    origin = Normal(0.0, 0.0).log_prob(data)
    for index, component in enumerate(mixture.components):
        truth = component.log_prob(data) - origin
        error = (critic.component_log_ratios_[:, index] - truth).square().mean().sqrt()
        assert float(error) < 0.75 * float(truth.square().mean().sqrt())
    recombined = torch.logsumexp(critic.component_log_ratios_ + mixture.weights.log(), dim=1)
    assert torch.allclose(critic.log_ratio_, recombined, atol=1e-12)
    new = Normal(0.0, 0.0).sample(50, generator=seeded(3))
    recombined = torch.logsumexp(critic.component_log_ratios(new) + mixture.weights.log(), dim=1)
    assert torch.allclose(critic.log_ratio(new), recombined, atol=1e-12)
    truth = mixture.log_prob(data) - origin
    assert float((critic.log_ratio_ - truth).square().mean().sqrt()) < 0.75 * float(truth.square().mean().sqrt())


def test_a_true_ratio_averages_one_over_the_data(known: tuple[Critic, Tensor, Mixture]) -> None:
    calibration = known[0].calibration_
    # 6,000 points about E_data[u] = 1, and the intercepts are fitted by maximum likelihood: 6 standard errors
    assert abs(calibration.mean_ratio - 1) < 6 * calibration.mean_ratio_error + 0.02
    assert calibration.is_normalised
    assert calibration.beats_chance
    assert calibration.error < 0.03


def test_reweigh_changes_the_mixture_and_not_the_components(known: tuple[Critic, Tensor, Mixture]) -> None:
    critic, _, _ = known
    ratios, before = critic.component_log_ratios_.clone(), critic.weights_.clone()
    assert critic.reweigh([0.0, 0.0, 2.0]) is critic
    try:
        assert critic.weights_.tolist() == [0.0, 0.0, 1.0]
        assert torch.equal(critic.log_ratio_, ratios[:, 2])
        assert torch.equal(critic.component_log_ratios_, ratios)
        with pytest.raises(ValueError, match=r"weights: expected 3 weights, one per point, got shape \(2,\)"):
            critic.reweigh([0.5, 0.5])
    finally:
        critic.reweigh(before)
    assert torch.allclose(critic.log_ratio_, mixture_log_ratio(ratios, before), atol=1e-12)


@pytest.mark.parametrize("max_samples", [50_000, 500])
def test_fewer_samples_than_data_do_not_bias_the_ratio(max_samples: int) -> None:
    data = Normal(0.0, 0.0).sample(4000, generator=seeded(0))
    critic = Critic(**{**SMALL, "max_samples": max_samples}).fit(data, Mixture([Normal(0.0, 0.0)]))
    # nothing to see: u = 1; the intercept of 250 samples a fold has a standard error of about .07, six are .4
    assert abs(float(critic.log_ratio_.mean())) < 0.4
    assert critic.calibration_.mean_ratio == pytest.approx(1, abs=0.4)


def test_weights_of_the_points_are_part_of_the_data_distribution() -> None:
    data = Normal(0.0, 0.0).sample(8000, generator=seeded(2))
    tilt = torch.exp(data[:, 0].double() - 0.5)  # weighted so, the data are Normal(1, 0)
    critic = Critic(**SMALL).fit(data, Mixture([Normal(1.0, 0.0)]), weights=tilt)
    weights = tilt / tilt.sum()
    # the weighted data and the mixture are the same: log u = 0, where the weights are
    assert float((weights * critic.log_ratio_.abs()).sum()) < 0.15
    assert critic.calibration_.mean_ratio == pytest.approx(1, abs=0.1)
    unweighted = Critic(**SMALL).fit(data, Mixture([Normal(1.0, 0.0)]))
    assert float((weights * unweighted.log_ratio_.abs()).sum()) > 0.5


def by_every_network(critic: Critic, data: Tensor) -> tuple[Tensor, Tensor]:
    """Raw and calibrated log ratios of the one component by the network of every fold, shape (folds, N)."""
    points = critic.scaling_(data)
    raw = [network(points).double() for network in critic.estimators_]
    calibrated = [calibration(values) for calibration, values in zip(critic.maps_, raw, strict=True)]
    return torch.cat(raw, dim=1).T, torch.cat(calibrated, dim=1).T


def test_a_critic_that_memorises_does_not_score_what_it_memorised() -> None:
    # 60 points in 20 dimensions: every network tells its own training points from samples without fail
    data = torch.randn(60, 20, generator=seeded(0))
    mixture = Mixture([Normal(*[0.5] * 20)])
    critic = Critic(**{**SMALL, "max_steps": 100, "width": 64}, folds=3).fit(data, mixture)
    raw, calibrated = by_every_network(critic, data)
    # which network scored a point can be read off its ratio
    fold = (calibrated - critic.log_ratio_).abs().argmin(dim=0)
    assert torch.allclose(calibrated[fold, torch.arange(60)], critic.log_ratio_, atol=1e-4)
    assert torch.bincount(fold, minlength=3).tolist() == [20, 20, 20]
    unseen = raw[fold, torch.arange(60)]
    seen = (raw.sum(dim=0) - unseen) / 2
    # to the two networks that trained on it a point is "data" beyond doubt; the one that scores it is less sure
    assert float(seen.mean()) < float(unseen.mean()) - 1
    assert float(critic.log_ratio_.std()) > 0.01


def test_networks_that_score_a_point_have_never_seen_it() -> None:
    data = torch.randn(200, 2, generator=seeded(0))
    mixture = Mixture([Normal(0.5, 0.0)])
    options = {**SMALL, "max_steps": 5}
    critic = Critic(**options).fit(data, mixture)
    _, calibrated = by_every_network(critic, data)
    fold = (calibrated - critic.log_ratio_).abs().argmin(dim=0)
    for index in range(2):
        # points of a fold in another order: the network that scores them stays as it was, the other one changes
        rows = (fold == index).nonzero()[:, 0]
        moved = data.clone()
        moved[rows] = data[rows.roll(1)]
        other = Critic(**options).fit(moved, mixture)
        pairs = zip(critic.estimators_, other.estimators_, strict=True)
        states = [(a.state_dict(), b.state_dict()) for a, b in pairs]
        same = [all(torch.allclose(a[name], b[name], atol=1e-6) for name in a) for a, b in states]
        assert same == [index == 0, index == 1]


def test_noise_makes_the_critic_coarse() -> None:
    generator = seeded(0)
    centres = torch.tensor([[-3.0], [3.0]])
    data = centres[torch.arange(4000) % 2] + 0.02 * torch.randn(4000, 1, generator=generator)

    class TooWide(nn.Module):
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            modes = torch.randint(2, (num_samples,), generator=generator)
            return centres[modes] + 0.3 * torch.randn(num_samples, 1, generator=generator)

    mixture = Mixture([TooWide()])
    sharp, coarse = Critic(**SMALL).fit(data, mixture), Critic(**SMALL, noise=0.5).fit(data, mixture)
    # the modes are .02 wide and the samples .3: sharply seen the ratio at the data is about 2/30; blurred by half of
    # the data's deviation (1.5) both look the same
    assert float(sharp.log_ratio_.median()) < -1
    assert float(coarse.log_ratio_.median().abs()) < 0.5
    assert coarse.calibration_.accuracy < sharp.calibration_.accuracy - 0.1


@pytest.mark.slow
def test_equal_distributions_do_not_beat_chance() -> None:
    """At level .001 a fair record beats chance once in a thousand; two of ten would do so with probability 4.5e-5."""
    options = {**SMALL, "max_steps": 100, "width": 16}
    levels = []
    for seed in range(10):
        data = Normal(0.0, 0.0).sample(1000, generator=seeded(100 + seed))
        mixture = Mixture([Normal(0.0, 0.0), Normal(0.0, 0.0)])
        levels.append(Critic(**{**options, "seed": seed}).fit(data, mixture).calibration_)
    assert sum(record.beats_chance for record in levels) <= 1
    assert all(0.4 < record.accuracy < 0.6 for record in levels)


def test_the_record_of_hand_made_inputs() -> None:
    at_data, at_samples = torch.tensor([-math.log(3), 0.0, math.log(3), -2.0]), torch.tensor([math.log(3), -1.0])
    record = calibration_record(at_data, at_samples, 1.5)
    assert record.accuracy == pytest.approx((2.5 / 4 + 1 / 2) / 2)
    # of the eight pairs the sample of log 3 wins three and ties once, that of -1 wins two
    deviation = math.sqrt((1 / 4 + 1 / 2 + 1 / 8) / 12)
    assert record.level == pytest.approx(0.5 * math.erfc((5.5 / 8 - 0.5) / deviation / math.sqrt(2)), rel=1e-3)
    assert record.mean_ratio_interval == pytest.approx(
        (record.mean_ratio - 1.96 * record.mean_ratio_error, record.mean_ratio + 1.96 * record.mean_ratio_error),
        abs=1e-3,
    )
    soft = [math.log1p(math.exp(value)) for value in (*at_data.tolist(), *(-at_samples).tolist())]
    assert record.loss == pytest.approx(sum(soft[:4]) / 8 + sum(soft[4:]) / 4, rel=1e-6)
    ratios = at_data.double().exp()
    assert record.mean_ratio == pytest.approx(float(ratios.mean()))
    assert record.mean_ratio_error == pytest.approx(float(ratios.std(unbiased=False)) / 2)
    assert record.temperature == 1.5
    assert not record.beats_chance
    assert sum(record.share) == pytest.approx(1)
    distances = [abs(p - o) * s for p, o, s in zip(record.predicted, record.observed, record.share, strict=True)]
    assert record.error == pytest.approx(sum(distances))


def test_the_reliability_diagram_by_hand() -> None:
    log_ratio = -math.log(3)  # predicted probability of being data: .75
    record = calibration_record(torch.full((3,), log_ratio), torch.full((5,), log_ratio), 1.0)
    assert record.predicted == pytest.approx((0.75,))
    assert record.observed == pytest.approx((0.5,))
    assert record.share == pytest.approx((1.0,))
    assert record.error == pytest.approx(0.25)
    assert record.accuracy == pytest.approx(0.5)
    assert record.mean_ratio == pytest.approx(1 / 3)


def test_the_record_by_weight_is_that_of_repeated_points() -> None:
    at_data, at_samples = torch.tensor([-1.0, 0.5, -0.3]), torch.tensor([2.0, -0.7])
    by_weight = calibration_record(at_data, at_samples, 1.0, torch.tensor([1.0, 2.0, 1.0]), torch.tensor([3.0, 1.0]))
    rows = torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 0, 1])
    repeated = calibration_record(at_data[rows[0]], at_samples[rows[1]], 1.0)
    for name in ("loss", "accuracy", "error", "mean_ratio"):
        assert getattr(by_weight, name) == pytest.approx(getattr(repeated, name)), name
    assert by_weight.predicted == pytest.approx(repeated.predicted)
    assert by_weight.observed == pytest.approx(repeated.observed)


@pytest.mark.parametrize(("mean", "error", "normalised"), [(1.0, 0.1, True), (1.3, 0.1, True), (1.4, 0.1, False)])
def test_normalisation_allows_three_standard_errors(mean: float, error: float, normalised: bool) -> None:
    record = Calibration(0.6, 0.6, 2e-3, 0.0, 1.0, mean, error, (), (), ())
    assert record.is_normalised is normalised
    assert not record.beats_chance


def test_calibration_recovers_temperature_and_intercept() -> None:
    generator = seeded(0)
    count = 40_000
    log_shares = torch.tensor([0.5, 0.5]).log()
    data = torch.randn(count, generator=generator, dtype=torch.float64)
    samples = 1 + torch.randn(count, generator=generator, dtype=torch.float64)
    truth = torch.cat([data, samples]) - 0.5  # log ratio of N(1, 1) over N(0, 1)
    labels = torch.cat([torch.zeros(count), torch.ones(count)]).long()
    raw = 3 * truth[:, None] + 2  # over-confident and shifted
    held_out = RawRatios(raw, labels, log_shares, torch.ones(2 * count))
    temperature, intercept = maximum_likelihood(held_out, intercepts=True)
    # the slope's standard error is about .012 and the intercept's .015: six each
    assert 1 / temperature * 3 == pytest.approx(1, abs=0.07)
    assert float(intercept) + 2 / temperature == pytest.approx(0, abs=0.09)


def test_class_logits_give_the_posterior() -> None:
    log_ratios = torch.tensor([[0.7, -1.2]])
    log_shares = torch.tensor([0.5, 0.3, 0.2]).log()
    posterior = class_logits(log_ratios, log_shares).softmax(dim=1)[0]
    weights = torch.tensor([0.5, 0.3 * math.exp(0.7), 0.2 * math.exp(-1.2)])
    assert torch.allclose(posterior, weights / weights.sum())


def test_halves_count_the_same() -> None:
    counts = held_out_counts(torch.tensor([0.1, 0.0, 0.3]).double(), 5)
    assert torch.allclose(counts, torch.tensor([1.25, 0.0, 3.75, 1.0, 1.0, 1.0, 1.0, 1.0]).double())
    mask = torch.tensor([False] + [True] * 21 + [False])
    assert every_tenth(mask).nonzero()[:, 0].tolist() == [1, 11, 21]


@pytest.mark.parametrize("event", ["vector", "image"])
def test_the_state_round_trips_by_value(event: str) -> None:
    shape = (2,) if event == "vector" else (1, 8, 8)
    data = torch.randn(60, *shape, generator=seeded(0))
    mixture = Mixture([Gaussian().fit(data + 0.2), Gaussian().fit(data - 0.1)], [0.25, 0.75])
    critic = Critic(**{**SMALL, "max_steps": 3, "width": 8}, noise=0.1).fit(data, mixture)
    restored = Critic.from_config(critic.config())
    before = torch.get_rng_state()
    restored.load_state_dict(critic.state_dict())
    assert torch.equal(before, torch.get_rng_state())
    restored.eval()
    assert torch.equal(restored.log_ratio(data), critic.log_ratio(data))
    assert torch.equal(restored.weights_, critic.weights_)
    assert restored.log_ratio(data).dtype == torch.float64


def test_the_same_seed_gives_the_same_critic(known: tuple[Critic, Tensor, Mixture]) -> None:
    _, data, mixture = known
    options = {**SMALL, "max_steps": 10}
    first, second = (Critic(**options).fit(data, mixture) for _ in range(2))
    other = Critic(**{**options, "seed": 1}).fit(data, mixture)
    assert torch.equal(first.component_log_ratios_, second.component_log_ratios_)
    assert not torch.equal(first.component_log_ratios_, other.component_log_ratios_)


MISTAKES = {
    "noise": (partial(Critic, noise=-0.1), r"noise: expected 0 or more, got -0\.1"),
    "noise nan": (partial(Critic, noise=math.nan), "noise: expected 0 or more, got nan"),
    "folds": (
        partial(Critic, folds=1),
        "folds: expected 2 or more, so that every point is scored by a network without",
    ),
    "width": (partial(Critic, width=0), "width: expected 1 or more, got 0"),
    "max_steps": (partial(Critic, max_steps=0), "max_steps: expected 1 or more, got 0"),
    "batch_size": (partial(Critic, batch_size=0), "batch_size: expected 1 or more, got 0"),
    "learning_rate": (partial(Critic, learning_rate=0.0), r"learning_rate: expected a positive number, got 0\.0"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name: str) -> None:
    make, message = MISTAKES[name]
    with pytest.raises(ValueError, match=message):
        make()


def test_unfit_data() -> None:
    data = torch.randn(19, 2, generator=seeded(0))
    with pytest.raises(ValueError, match="a critic of 2 folds needs 20 rows or more, got 19"):
        Critic().fit(data, Mixture([Normal(0.0, 0.0)]))
    with pytest.raises(ValueError, match=r"Normal samples shape \(3,\), the data have \(2,\)"):
        Critic(**SMALL).fit(data.repeat(2, 1), Mixture([Normal(0.0, 0.0, 0.0)]))
    with pytest.raises(RuntimeError, match="this critic is not fitted yet"):
        Critic().log_ratio(data)
