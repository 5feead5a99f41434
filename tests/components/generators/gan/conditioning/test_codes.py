"""InfoGAN: its codes find clusters, can be set and recognised, and their information is on the record."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from adagan import GAN, Mixture
from adagan.components import InfoGAN
from adagan.components.generators.gan.conditioning.latent_codes import SMALLEST_VARIANCE, LatentCodes
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.sampling.stacking import stacks

TINY: dict[str, Any] = {"width": 16, "max_steps": 5, "batch_size": 32, "seed": 100}
CODES = LatentCodes((3, 2), 2)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def two_blobs(count: int) -> tuple[Tensor, Tensor]:
    side = torch.arange(count) % 2
    noise = 0.3 * torch.randn(count, 2, generator=seeded(100))
    return noise + torch.where(side == 0, -2.0, 2.0)[:, None], side


def test_codes_are_drawn_uniformly() -> None:
    codes = CODES.draw(40_000, torch.zeros(()), seeded(100))
    assert codes.shape == (40_000, 4)
    # shares with standard errors of .0025 at most and means with .003, six are .02: a false alarm below 1e-8
    torch.testing.assert_close(codes[:, 0].long().bincount() / 40_000, torch.full((3,), 1 / 3), atol=0.02, rtol=0)
    torch.testing.assert_close(codes[:, 1].long().bincount() / 40_000, torch.full((2,), 0.5), atol=0.02, rtol=0)
    assert float(codes[:, 2:].abs().max()) <= 1
    torch.testing.assert_close(codes[:, 2:].mean(dim=0), torch.zeros(2), atol=0.02, rtol=0)


def test_entries_stand_for_codes() -> None:
    codes = torch.tensor([[2.0, 0.0, -0.5, 0.25], [0.0, 1.0, 1.0, -1.0]])
    entries = CODES.encode(codes)
    assert entries.tolist() == [[0, 0, 1, 1, 0, -0.5, 0.25], [1, 0, 0, 0, 1, 1, -1]]
    assert torch.equal(CODES.decode(entries), codes)


def test_the_bound_is_the_entropy_when_codes_are_known_and_none_when_they_are_not() -> None:
    codes = LatentCodes((4,), 1)
    entries = codes.encode(codes.draw(4_000, torch.zeros((), dtype=torch.float64), seeded(100)))
    known = torch.cat([1e3 * entries[:, :4], entries[:, 4:], torch.full((4_000, 1), -50.0)], dim=1)
    of_value, of_number = codes.information(known, entries).tolist()
    assert of_value == pytest.approx(math.log(4))
    # a normal distribution about the code itself, with the smallest variance
    assert of_number == pytest.approx(math.log(2) - 0.5 * math.log(2 * math.pi * SMALLEST_VARIANCE))
    unknown = codes.information(torch.zeros(4_000, 6, dtype=torch.float64), entries)
    assert float(unknown[0]) == pytest.approx(0.0, abs=1e-9)
    assert float(unknown[1]) < 0  # a lower bound: the standard normal distribution is not the code's own


@pytest.mark.slow
def test_the_code_finds_the_clusters() -> None:
    data, side = two_blobs(1_000)
    gan = InfoGAN(
        categorical=2, latent_dim=4, width=32, max_steps=400, batch_size=64, learning_rate=4e-3, penalty=0.5, seed=100
    ).fit(data)
    of_code = [gan.sample(500, generator=seeded(101), codes=torch.tensor([code])).mean(dim=0) for code in (0.0, 1.0)]
    # the values lie on both sides of the middle: over four seeds the sums were 2.7 to 3.0 from it, with a standard
    # deviation of .1, the agreement was 1.000 and the information .69; the bounds are far more than six of them away
    assert float(of_code[0].sum() * of_code[1].sum()) < 0
    code = gan.recognise(data)[:, 0].long()
    agreement = float((code == side).double().mean())
    assert max(agreement, 1 - agreement) > 0.9
    assert 0.5 * math.log(2) < float(gan.information_[0]) <= math.log(2) + 1e-6
    assert gan.training_notes_ == ()


def test_codes_decide_and_the_rest_stays() -> None:
    gan = InfoGAN(categorical=(3, 2), continuous=2, **TINY).fit(two_blobs(64)[0])
    seen: list[Tensor] = []
    gan.generator_.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    each = torch.tensor([[0.0, 1.0, -0.5, 1.0], [2.0, float("nan"), float("nan"), 0.0]])
    free = gan.sample(2, generator=seeded(101))
    first = gan.sample(2, generator=seeded(101), codes=each)
    same = gan.sample(2, generator=seeded(101), codes=each[0])
    drawn, given, one = seen
    decode = gan.conditioning.codes.decode
    assert torch.equal(decode(one[:, :7]), each[:1].expand(2, 4))
    assert torch.equal(decode(given[:, :7]), torch.where(each.isnan(), decode(drawn[:, :7]), each))
    for latent in (given, one):
        assert torch.equal(latent[:, 7:], drawn[:, 7:])
    assert torch.equal(first[0], same[0])
    assert not torch.equal(first, free)
    assert gan.sample(9_000, generator=seeded(101), codes=each[0]).shape == (9_000, 2)


@pytest.mark.parametrize("event_shape", [(2,), (1, 8, 8)])
def test_it_comes_back_from_a_file_and_is_stacked(event_shape: tuple[int, ...], tmp_path: Path) -> None:
    data = torch.rand(64, *event_shape, generator=seeded(101))
    mixture = Mixture([InfoGAN(categorical=(3,), continuous=1, **{**TINY, "seed": s}).fit(data) for s in (100, 101)])
    mixture.save(tmp_path / "saved")
    loaded = Mixture.load(tmp_path / "saved")
    assert torch.equal(loaded.sample(9, seeded(1)), mixture.sample(9, seeded(1)))
    fitted, found = mixture.components[0], loaded.components[0]
    assert torch.equal(found.recognise(data), fitted.recognise(data))
    assert torch.equal(found.information_, fitted.information_)
    codes = torch.tensor([2.0, 0.5])
    assert torch.equal(
        found.sample(9, generator=seeded(1), codes=codes), fitted.sample(9, generator=seeded(1), codes=codes)
    )
    assert [stack.members for stack in stacks(mixture.components)] == [(0, 1)]


def test_a_recogniser_of_ones_own(tmp_path: Path) -> None:
    def make() -> GAN:
        return InfoGAN(categorical=3, continuous=1, recogniser=nn.Linear(2, 5), **TINY)

    data, _ = two_blobs(64)
    with isolated_randomness(100):
        fitted = make().fit(data)
        Mixture([fitted]).save(tmp_path / "saved", components=[make])
        loaded = Mixture.load(tmp_path / "saved", components=[make]).components[0]
    assert isinstance(fitted.recogniser_, nn.Linear)
    assert torch.equal(loaded.recognise(data), fitted.recognise(data))


def test_codes_that_tell_nothing_are_noted() -> None:
    (note,) = InfoGAN(categorical=4, categorical_factor=0.0, **TINY).fit(two_blobs(64)[0]).training_notes_
    assert "of the 1.39 nats of the categorical codes; raise categorical_factor" in note


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"categorical": 10, "continuous": 2, "latent_dim": 12},
            r"latent_dim: categorical=\(10,\) and continuous=2 take 12 entries .* expected 13 or more, got 12",
        ),
        ({"categorical": 1}, "categorical: expected 2 or more values of a code, got 1"),
        ({"continuous": -1}, "continuous: expected 0 or more codes, got -1"),
        ({"categorical": ()}, "categorical, continuous: there is no code at all"),
        ({"categorical_factor": -1.0}, "categorical_factor: expected 0 or more, got -1.0"),
    ],
)
def test_codes_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InfoGAN(**options)


def test_a_recogniser_that_does_not_fit_is_named_before_training() -> None:
    with isolated_randomness(100), pytest.raises(ValueError, match=r"recogniser: expected logits, means .* \(5,\)"):
        InfoGAN(categorical=3, continuous=1, recogniser=nn.Linear(2, 4), **TINY).fit(two_blobs(64)[0])


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (torch.tensor([0.0]), r"codes: expected 2 numbers, shape \(2,\), or \(4, 2\) .* got shape \(1,\)"),
        (torch.zeros(3, 2), r"codes: expected 2 numbers"),
        (torch.tensor([3.0, 0.0]), r"codes: code 0 has the values 0 to 2 \(or NaN, to be drawn\), got 3"),
        (torch.tensor([0.5, 0.0]), "codes: code 0 has the values 0 to 2"),
        (torch.tensor([0.0, math.inf]), "codes: expected finite numbers"),
    ],
)
def test_codes_that_are_not_there_are_refused(codes: Tensor, message: str) -> None:
    gan = InfoGAN(categorical=3, continuous=1, **{**TINY, "max_steps": 1}).fit(two_blobs(64)[0])
    with pytest.raises(ValueError, match=message):
        gan.sample(4, codes=codes)
