"""What the field compares with: each rule against its formula or a hand-made table, samples against closed forms."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import chi2  # type: ignore[import-untyped]
from torch import Tensor, nn

from adagan.components import GAN, Gaussian, Memoriser
from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.generators.scaling import Scaling
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.chains import MetropolisHastings
from adagan.mixtures.refinement.refined import Refined
from adagan.study.methods.rivals.discriminator import Discriminator, judged_gan, train_on
from adagan.study.methods.rivals.discriminator_rejection import (
    DiscriminatorRejection,
    ShiftedPilot,
    acceptance_chance,
    rejected_by,
    shift_at,
)
from adagan.study.methods.rivals.metropolis_hastings import CalibratedDiscriminator
from adagan.study.methods.rivals.multiplicative_weights import doubled_where_left_out
from adagan.study.methods.rivals.post_gan_boosting import Moments, played
from adagan.study.methods.rivals.self_diagnosing import Record, discrepancy_score
from adagan.study.methods.rivals.watching import Watching

MODEL = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
DATA = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
FALSE_ALARMS = 1e-6


class Table(nn.Module):
    """Logits of four points, 0 to 3."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, points: Tensor) -> Tensor:
        return self.logits[points.flatten().long()]


def four_points() -> Mixture:
    """A generator whose density is `MODEL`."""
    return Mixture([Memoriser().fit(torch.arange(4.0)[:, None], weights=MODEL)])


def judge(logits: Tensor) -> Discriminator:
    return Discriminator(Table(logits), Scaling((1,)))


def assert_distributed(samples: Tensor, expected: Tensor) -> None:
    """Pearson's test at the level of `FALSE_ALARMS`."""
    counts = torch.bincount(samples.flatten().long(), minlength=4).double()
    wanted = len(samples) * expected / expected.sum()
    assert float(((counts - wanted).square() / wanted).sum()) < chi2.isf(FALSE_ALARMS, df=3)


def draw(refined: Refined, count: int = 20_000) -> Tensor:
    return refined.sample(count, generator=torch.Generator().manual_seed(100))


def test_rejection_without_a_shift_is_by_the_ratio() -> None:
    logits = (DATA / MODEL).log()
    chances = acceptance_chance(logits, float(logits.max()), 0.0)
    # ε changes 1 − exp(Δ − ε) by ε exp(Δ): the chance by ε exp(2Δ) at most
    assert chances.tolist() == pytest.approx((DATA / MODEL / 4).tolist(), abs=1.1e-6)
    assert float(acceptance_chance(torch.tensor([99.0]), 1.0, 0.0)) == pytest.approx(1, abs=1.1e-6)


def test_accepted_samples_have_the_closed_form() -> None:
    logits = (DATA / MODEL).log()
    ratio = (logits - logits.max()).exp()
    for percentile in (0.3, 0.65, 0.85):
        refined = rejected_by(judge(logits), four_points(), 100, percentile)
        # the percentile falls on the first, second and third point, whose chance is one half
        shift = float((ratio / (1 - ratio)).log()[(0.3, 0.65, 0.85).index(percentile)])
        chances = ratio / (ratio + math.exp(shift) * (1 - ratio))
        assert refined.pilot.acceptance == pytest.approx(float(MODEL @ chances), abs=6 * 0.5 / 100)
        assert_distributed(draw(refined), MODEL * chances)
    # of a shift of 0 the data's own distribution is left
    plain = ShiftedPilot(0, float(logits.max()), 0.25, 1.0, shift=0.0)
    assert_distributed(draw(Refined(four_points(), judge(logits), DiscriminatorRejection(), pilot=plain)), DATA)


def test_the_shift_is_a_weighted_percentile() -> None:
    logits = torch.tensor([3.0, 1.0, 2.0, 0.0], dtype=torch.float64)
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    shift = shift_at(logits, 3.0, 0.7, weights)  # 0 has .4, 1 has .2, and 2 the seventh tenth
    assert float(acceptance_chance(torch.tensor([2.0]), 3.0, shift)) == pytest.approx(0.5, abs=1e-5)


def test_a_calibrated_discriminator_gives_chains_the_datas_distribution() -> None:
    distorted = 3 * (DATA / MODEL).log() + 1
    generator = torch.Generator().manual_seed(100)
    points = torch.arange(4.0)[:, None]
    count = 100_000
    real = Memoriser().fit(points, weights=DATA).sample(count, generator=generator)
    fake = four_points().sample(count, generator=generator)
    critic = CalibratedDiscriminator(judge(distorted), real, fake)
    # a log ratio of counts has the variance Σ (1 − p)/(n p) over both; six standard errors
    errors = 6 * ((1 - DATA) / (count * DATA) + (1 - MODEL) / (count * MODEL)).sqrt()
    assert bool(((critic.log_ratio(points) - (MODEL / DATA).log()).abs() < errors).all())
    ratio = (-critic.log_ratio(points)).exp()
    refined = Refined(four_points(), critic, MetropolisHastings(4), generator=generator)
    assert_distributed(draw(refined), _after(4, ratio))


def _after(steps: int, ratio: Tensor) -> Tensor:
    """Where chains are that begin at the model's samples, by the chain's own matrix."""
    moves = MODEL * (ratio / ratio[:, None]).clamp(max=1)
    moves.fill_diagonal_(0)
    moves += torch.diag(1 - moves.sum(dim=1))
    return MODEL @ torch.linalg.matrix_power(moves, steps)


def test_weights_double_where_a_point_is_left_out() -> None:
    weights = torch.tensor([1.0, 1.0, 2.0, 4.0], dtype=torch.float64)
    chances = torch.tensor([0.5, 0.95, 0.75, 0.8], dtype=torch.float64)
    # (1/D − 1) · 4 w/8: .5, .026, .333, .5, of which only the second is under a quarter
    assert doubled_where_left_out(weights, torch.logit(chances)).tolist() == [1, 2, 2, 4]
    # and of the third where more is asked for
    assert doubled_where_left_out(weights, torch.logit(chances), 0.4).tolist() == [1, 2, 4, 4]


def test_the_score_of_a_record_is_mean_and_deviation_clipped() -> None:
    record = torch.tensor([[0.0, 1.0, 10.0, -5.0], [2.0, 1.0, 30.0, -5.0]], dtype=torch.float64)
    # means 1, 1, 20, −5, deviations √2, 0, √200, 0; −5 is raised to .01, and nothing exceeds 50 times that
    assert discrepancy_score(record).tolist() == [0.5, 0.5, 0.5, 0.01]
    expected = [1 + 2 * math.sqrt(2), 1.0, 20 + 2 * math.sqrt(200)]
    assert discrepancy_score(record[:, :3], 2).tolist() == pytest.approx(expected, rel=1e-12)


def test_a_round_of_the_game_by_hand() -> None:
    at_samples = torch.tensor([[0.2, 0.8], [0.9, 0.5]], dtype=torch.float64)
    at_real = torch.tensor([0.7, 0.8], dtype=torch.float64)
    # payoffs .7 − .5 and .8 − .7: the first answers, and the weights become those of exp(.2) and exp(.8)
    game = played(at_samples, at_real, 1)
    assert game.judges.tolist() == [1, 0]
    first = 1 / (1 + math.exp(0.6))
    assert game.samples.tolist() == pytest.approx([first, 1 - first], rel=1e-12)
    # then payoffs .7 − .2 φ − .8 (1 − φ) = .112 and .8 − .9 φ − .5 (1 − φ) = .158: the second, with η = 1/√2
    second = 1 / (1 + math.exp(0.6 - 0.4 / math.sqrt(2)))
    game = played(at_samples, at_real, 2)
    assert game.judges.tolist() == [0.5, 0.5]
    assert float(game.samples[0]) == pytest.approx((first + second) / 2, rel=1e-12)


def test_the_game_finds_the_value_that_is_known() -> None:
    # matching pennies: the value is reached by halves only; multiplicative weights are at most
    # (log 2 · √T + Σ 1/(8 √t))/T < (.7 + .25)/√T from it
    rounds = 400
    game = played(torch.eye(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64), rounds)
    assert float(game.samples.min()) > 0.5 - 0.95 / math.sqrt(rounds)
    assert game.judges.tolist() == pytest.approx([0.5, 0.5], abs=0.95 / math.sqrt(rounds))


def small_gan(look: Callable[[GANTraining], None], count: int, steps: int = 20) -> tuple[GAN, Tensor]:
    data = torch.randn(64, 2, generator=torch.Generator().manual_seed(100))
    callback = partial(Watching, look, count, 0.5)
    gan = judged_gan(steps, width=8, batch_size=16, trainer_options={"callbacks": callback}, seed=100)
    return gan.fit(data), data


def test_the_last_record_is_what_the_discriminator_says_in_the_end() -> None:
    data = torch.randn(64, 2, generator=torch.Generator().manual_seed(100))
    record = Record(Scaling.standard(data)(data), 60.0)
    gan, _ = small_gan(record, 4)
    assert len(record.logits) == 4
    assert torch.equal(record.logits[-1], Discriminator.of(gan).logits(data))
    assert not torch.equal(record.logits[0], record.logits[-1])
    hurried = Record(record.points, -1.0)
    small_gan(hurried, 4)
    assert len(hurried.logits) == 2  # a deviation needs two, whatever they cost


def test_the_last_moment_is_the_generator_that_is_kept() -> None:
    moments = Moments()
    gan, _ = small_gan(moments, 3)
    latent = gan.draw_latent(5, generator=torch.Generator().manual_seed(100))
    outputs = [generator(latent) for generator, _ in moments.pairs]
    assert torch.equal(outputs[-1], gan.generator_(latent))
    assert not torch.equal(outputs[0], outputs[-1])


def test_a_discriminator_that_is_trained_on_learns_the_ratio() -> None:
    generator = torch.Generator().manual_seed(100)
    data = torch.randn(4_000, 1, generator=generator) + 1
    source = Gaussian().fit(data - 1)
    with isolated_randomness(100):
        network = nn.Sequential(nn.Linear(1, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1), nn.Flatten(0))
    learnt = train_on(Discriminator(network, Scaling((1,))), source, data, 400, 100)
    places = torch.linspace(-1, 2, 7)[:, None]
    # log N(x; 1, 1)/N(x; 0, 1) = x − 1/2; seeds 100 to 111 were within .12
    assert np.abs(learnt.logits(places).numpy() - (places[:, 0].numpy() - 0.5)).max() < 0.3
