"""Balanced refinement: the data's shares of regions, at the price that a budget allows."""

import math
from functools import cache
from pathlib import Path

import pytest
import torch
from clusters import DATA, Nearest, model, seeded
from torch import Tensor

from adagan import AdaGAN, Refined
from adagan.components import ClassifierCritic
from adagan.mixtures import Balanced, ImportanceResampling, budgeted_acceptance

# two regions, around 0 and around 10; in either a place where the data are, and one beside it where they hardly are
PLACES = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
DATA_SHARES = torch.tensor([0.49, 0.01, 0.49, 0.01], dtype=torch.float64)
MODEL_SHARES = torch.tensor([0.45, 0.05, 0.05, 0.45], dtype=torch.float64)


class Places:
    """A world of four places with an exact ratio: source and critic in one."""

    def __init__(self, model: Tensor = MODEL_SHARES) -> None:
        self.model = model

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        if num_samples == 0:
            return PLACES[:0]
        return PLACES[torch.multinomial(self.model, num_samples, replacement=True, generator=generator)]

    def log_ratio(self, x: Tensor) -> Tensor:
        return (self.model / DATA_SHARES).log()[torch.cdist(x, PLACES).argmin(dim=1)]


def places(count: int = 10_000) -> Tensor:
    return PLACES[torch.multinomial(DATA_SHARES, count, replacement=True, generator=seeded(1))]


def share_above(samples: Tensor) -> float:
    return float((samples > 5).double().mean())


def test_regions_keep_the_shares_that_plain_rejection_shifts() -> None:
    world, count = Places(), 50_000
    plain = Refined(world, world, 0.5, generator=seeded(0)).sample(count, generator=seeded(2))
    balanced = Balanced.fit(world, world, places(), 0.5, regions=2, pilot=100_000, generator=seeded(0))
    drawn, record = Refined(world, balanced, 0.5, pilot=100_000, generator=seeded(3)).sample(
        count, generator=seeded(2), return_record=True
    )
    # half of the model lies above 5, but nine tenths of that beside the data
    accepted = MODEL_SHARES * budgeted_acceptance((MODEL_SHARES / DATA_SHARES).log(), 0.5, MODEL_SHARES)
    assert share_above(plain) == pytest.approx(float(accepted[2:].sum() / accepted.sum()), abs=0.02)
    assert share_above(plain) < 0.2
    # standard errors of .0022 for the draw, .0045 for the pilots and .005 for the data, .0071 in all: six of them
    assert share_above(drawn) == pytest.approx(0.5, abs=0.043)
    assert record.acceptance == pytest.approx(0.5, abs=0.02)


def test_every_region_is_accepted_at_the_rate_of_the_docstring() -> None:
    model_shares = torch.tensor([0.4, 0.2, 0.3, 0.1], dtype=torch.float64)
    world = Places(model_shares)
    balanced = Balanced.fit(world, world, places(50_000), 0.5, regions=2, pilot=200_000, generator=seeded(0))
    v = DATA_SHARES / model_shares
    common = budgeted_acceptance(-v.log(), 0.5, model_shares)
    level = float((common / v)[common < 1].max().log())
    rates = (level - balanced.log_ratio(PLACES)).clamp(max=0).exp() * model_shares
    for inside in (slice(0, 2), slice(2, 4)):
        rate = float(rates[inside].sum() / model_shares[inside].sum())
        expected = 0.5 * float(DATA_SHARES[inside].sum() / model_shares[inside].sum())
        assert rate == pytest.approx(expected, rel=0.03)  # six standard errors of the data's and the pilot's shares


def test_a_region_that_the_mixture_lacks_is_not_filled_with_poor_samples() -> None:
    lacking = Places(torch.tensor([0.9, 0.05, 0.01, 0.04], dtype=torch.float64))
    balanced = Balanced.fit(lacking, lacking, places(), 0.5, regions=2, pilot=100_000, generator=seeded(0))
    drawn = Refined(lacking, balanced, 0.5, generator=seeded(3)).sample(50_000, generator=seeded(2))
    plain = Refined(lacking, lacking, 0.5, generator=seeded(3)).sample(50_000, generator=seeded(2))
    assert share_above(plain) < share_above(drawn) < 0.05 * math.sqrt(0.5) / 0.5 + 0.01


def test_the_units_of_the_columns_do_not_matter() -> None:
    points = torch.cat([places(), torch.rand(10_000, 1, generator=seeded(5))], dim=1)

    class Wide(Places):
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            drawn = super().sample(num_samples, generator=generator)
            return torch.cat([drawn, torch.rand(len(drawn), 1, generator=generator) * self.unit], dim=1)

        def log_ratio(self, x: Tensor) -> Tensor:
            return super().log_ratio(x[:, :1])

        unit = 1.0

    found = []
    for unit in (1.0, 1e4):
        world = Wide()
        world.unit = unit
        scaled = points * torch.tensor([1.0, unit])
        balanced = Balanced.fit(world, world, scaled, 0.5, regions=4, generator=seeded(0))
        found.append(balanced.region(scaled))
    assert torch.equal(*found)


def test_one_region_changes_nothing() -> None:
    world = Places()
    balanced = Balanced.fit(world, world, places(99), 0.5, regions=16, generator=seeded(0))
    assert len(balanced.shifts) == 1
    torch.testing.assert_close(balanced.log_ratio(PLACES), world.log_ratio(PLACES), rtol=0, atol=1e-9)


def test_a_budget_of_one_accepts_everything() -> None:
    world = Places()
    balanced = Balanced.fit(world, world, places(), 1.0, generator=seeded(0))
    assert torch.equal(balanced.log_ratio(PLACES), world.log_ratio(PLACES))


@pytest.mark.parametrize("points", [torch.zeros(500, 3), torch.eye(3).repeat(200, 1)], ids=["one place", "three"])
def test_points_that_coincide_make_fewer_regions(points: Tensor) -> None:
    class Still(Places):
        def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
            return points[torch.randint(len(points), (num_samples,), generator=generator)]

        def log_ratio(self, x: Tensor) -> Tensor:
            return torch.zeros(len(x))

    world = Still()
    balanced = Balanced.fit(world, world, points, 0.5, generator=seeded(0))
    assert len(balanced.centres) == len(torch.unique(points, dim=0))
    assert Refined(world, balanced, 0.5, generator=seeded(1)).sample(20, generator=seeded(2)).shape == (20, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 0.0}, r"budget: expected a number in \(0, 1\], got 0.0"),
        ({"regions": 0}, "regions: expected 1 or more, got 0"),
        ({"pilot": 0}, "pilot: expected 1 or more, got 0"),
        ({"weights": [1.0]}, "weights: expected 10000 weights"),
    ],
    ids=str,
)
def test_errors(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Balanced.fit(Places(), Places(), places(), **options)  # type: ignore[arg-type]


@cache
def fitted() -> AdaGAN:
    return model(rounds=2).fit(DATA)


def test_a_boosted_model_is_refined_in_balance() -> None:
    refined = fitted().refined(0.5, balanced=True, pilot=2_000)
    assert isinstance(refined.critic, Balanced)
    assert torch.equal(refined.sample(50, generator=seeded(0)), refined.sample(50, generator=seeded(0)))
    assert refined.pilot.drawn == 2_000
    again = fitted().refined(0.5, balanced=True, pilot=2_000)
    assert torch.equal(again.sample(50, generator=seeded(0)), refined.sample(50, generator=seeded(0)))
    with pytest.raises(TypeError, match=r"balanced: only budgeted rejection can be balanced, got ImportanceResampling"):
        fitted().refined(ImportanceResampling(), balanced=True)


@pytest.mark.parametrize("kind", ["network", "trees"])
def test_it_is_stored_with_its_critic(kind: str, tmp_path: Path) -> None:
    boosted = fitted()
    critic = boosted.critic_
    if kind == "trees":
        critic = ClassifierCritic(seed=0).fit(DATA, boosted.mixture_)
    balanced = Balanced.fit(critic, boosted.mixture_, DATA, 0.5, regions=3, generator=seeded(0))
    refined = Refined(boosted.mixture_, balanced, 0.5, generator=seeded(1))
    refined.save(tmp_path / "refined")
    read = Refined.load(tmp_path / "refined", components=[Nearest])
    assert torch.equal(read.sample(40, generator=seeded(2)), refined.sample(40, generator=seeded(2)))
    for name in ("centres", "scale", "shifts"):
        assert torch.equal(getattr(read.critic, name), getattr(balanced, name))
