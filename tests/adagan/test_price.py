"""What finding out costs is told before a round, as a warning when it is long."""

import logging
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adagan import AdaGAN, Critic, Mixture
from adagan.components import ClassifierCritic, Gaussian, SharpCritic
from adagan.data.training_data import TrainingData
from adagan.missing import lookout as lookout_module
from adagan.missing.draws import FEWEST_DRAWS, affordable_draws, draw_price, num_draws
from adagan.missing.lookout import Lookout
from adagan.price import tell_price
from adagan.seeds import RoundSeeds

SEEDS = RoundSeeds.of(100, 1)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


DATA = TrainingData.checked(torch.randn(200, 4, generator=seeded(100)))


class Slow(SharpCritic):
    def price(self, data: Tensor, num_components: int = 1) -> float:
        return 100.0 * num_components


class Costly(nn.Module):
    """Every draw takes a product of matrices."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        for _ in range(num_samples):
            torch.ones(100, 100) @ torch.ones(100, 100)
        return torch.randn(num_samples, 4, generator=generator)


def test_a_long_round_is_a_warning_and_a_short_one_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "adagan.price")
    assert tell_price(Slow, None, None, DATA, SEEDS) == 100
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "round 1: about 100 CPU seconds beside the newcomer's training: the critic 100"
    caplog.clear()
    mixture = Mixture([Gaussian().fit(DATA.points)])
    assert 0 < tell_price(SharpCritic, Lookout(DATA, None, 0), mixture, DATA, SEEDS) < 60
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.getMessage().startswith("round 2: about ")
    assert "looking for what is missing 0, their draws " in record.getMessage()


def test_a_run_tells_it(caplog: pytest.LogCaptureFixture) -> None:
    made = AdaGAN(Gaussian, 1, critic=lambda: Slow(max_samples=50), seed=100).fit(DATA.points)
    assert len(made.rounds_) == 1
    assert "round 1: about 100 CPU seconds" in caplog.text


def test_prices_grow_with_what_is_done() -> None:
    small, large = torch.zeros(1_000, 10), torch.zeros(1, 10).expand(1_000_000, 10)
    sharp = SharpCritic()
    assert 0 < sharp.price(small) < sharp.price(small, 3) < sharp.price(large) < 10
    picture = torch.zeros(1, 3, 64, 64).expand(20_000, 3, 64, 64)
    assert sharp.price(torch.zeros(1, 1, 8, 8).expand(20_000, 1, 8, 8)) < sharp.price(picture) < 30
    assert Critic().price(picture[:1_000]) > 60 > Critic().price(small)
    assert ClassifierCritic().price(small) is None
    lookout = Lookout(TrainingData.checked(torch.rand(1_000, 1, 16, 16, generator=seeded(101))), None, 0)
    first = lookout.price(1)
    vars(lookout)["features"] = lambda events: events.flatten(1)
    assert lookout.price(1) < first


def test_a_draw_is_measured() -> None:
    cheap, costly = Mixture([Gaussian().fit(DATA.points)]), Mixture([Costly()])
    assert 0 < draw_price(cheap, 0) < draw_price(costly, 0) < 1


def test_a_look_draws_what_its_time_allows() -> None:
    wanted = num_draws(30_000)
    assert wanted == 60_000
    assert affordable_draws(30_000, 1e-3, None) == wanted
    assert affordable_draws(30_000, 1e-5, 2.0) == wanted
    assert affordable_draws(30_000, 1e-4, 4.0) == 40_000
    assert affordable_draws(30_000, 1.0, 4.0) == FEWEST_DRAWS
    assert affordable_draws(100, 1.0, 4.0) == FEWEST_DRAWS


def test_the_search_of_a_costly_mixture_is_kept_within_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws of a look, not the data, are fewer; without a limit nothing is timed."""
    drawn: list[int] = []

    class Counted(Mixture):
        def sample(self, num_samples: int, *arguments: Any, **options: Any) -> Any:
            drawn.append(num_samples)
            return super().sample(num_samples, *arguments, **options)

    data = TrainingData.checked(torch.randn(30_000, 2, generator=seeded(3)))
    mixture = Counted([Gaussian().fit(data.points)])
    monkeypatch.setattr(lookout_module, "draw_price", lambda mixture, seed: 1e-4)
    Lookout(data, None, 0, seconds=4.0).look(mixture, 1)
    Lookout(data, None, 0).look(mixture, 1)
    assert drawn == [40_000, 60_000]
