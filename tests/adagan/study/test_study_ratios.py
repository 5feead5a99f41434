"""The worlds of known ratios: their truth, what is asked, and the table."""

import math
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from scipy import stats
from torch import Tensor

from adagan.command_line import main
from adagan.components.critics.calibration import Calibration, calibration_record
from adagan.study.tasks import ratios
from adagan.study.tasks.ratios import PAIRS, Pair, gaussian, ratio_world


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("size", "nats"), [(40, 10), (80, 20), (160, 40), (320, 80)])
def test_a_gaussian_pair_is_as_far_apart_as_it_says(size: int, nats: float) -> None:
    pair = gaussian(size, nats)
    assert -size / 4 * math.log1p(-(pair.correlation**2)) == pytest.approx(nats, rel=1e-12)
    truth = -pair.log_ratio(pair.joint(4_000, seeded(size)))
    # six standard errors
    assert float(truth.mean()) == pytest.approx(nats, abs=6 * float(truth.std()) / 4_000**0.5)


@pytest.mark.parametrize("pair", [Pair(4, 0.6), Pair(6, 0.3, degrees=5)], ids=["gaussian", "student"])
def test_the_ratio_is_that_of_densities(pair: Pair) -> None:
    half, points = pair.size // 2, pair.joint(50, seeded(1))
    eye = torch.eye(half, dtype=torch.float64)
    scale = torch.cat([torch.cat([eye, pair.correlation * eye]), torch.cat([pair.correlation * eye, eye])], dim=1)
    if math.isinf(pair.degrees):
        joint, part = stats.multivariate_normal(None, scale.numpy()), stats.multivariate_normal(None, eye.numpy())
    else:
        joint = stats.multivariate_t(None, scale.numpy(), pair.degrees)
        part = stats.multivariate_t(None, eye.numpy(), pair.degrees)
    left, right = (side.numpy() for side in points.chunk(2, dim=1))
    expected = part.logpdf(left) + part.logpdf(right) - joint.logpdf(points.numpy())
    torch.testing.assert_close(pair.log_ratio(points), torch.from_numpy(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["half-cube", "normal-cdf", "asinh", "student", "student-asinh"])
def test_means_of_ratios_are_one(name: str) -> None:
    pair = PAIRS[name]
    # the reciprocal at points of the model is bounded in variance for these pairs
    ratio = (-pair.log_ratio(pair.apart(20_000, seeded(2)))).exp()
    assert float(ratio.mean()) == pytest.approx(1, abs=6 * float(ratio.std()) / 20_000**0.5)


def test_scales_move_the_data_and_not_their_ratios() -> None:
    plain, bent = (ratio_world(Pair(2, 0.75, through), 3, 100) for through in (lambda x: x, torch.asinh))
    torch.testing.assert_close(bent.data, torch.asinh(plain.data), rtol=1e-5, atol=1e-6)
    assert torch.equal(bent.truth, plain.truth)


@dataclass
class Says:
    """A fitted critic that says what it is told."""

    log_ratio_: Tensor

    @property
    def calibration_(self) -> Calibration:
        return calibration_record(self.log_ratio_, -self.log_ratio_, 1.0)


def test_an_answer_is_scored_point_by_point() -> None:
    world = ratio_world(gaussian(40, 10), 0, 1_000)
    (exact,) = world.score(lambda data, mixture: Says(world.truth))
    assert exact["estimate"] == pytest.approx(exact["truth"], rel=1e-12)
    assert exact["error"] == exact["wrong"] == 0
    off = torch.where(torch.arange(1_000) < 250, 1.5, 0.5)
    (shifted,) = world.score(lambda data, mixture: Says(world.truth - off))
    assert shifted["estimate"] - exact["truth"] == pytest.approx(0.75)
    assert shifted["wrong"] == 0.25
    assert shifted["error"] == pytest.approx((0.25 * 1.5**2 + 0.75 * 0.5**2) ** 0.5)


def test_the_model_is_sampled_apart() -> None:
    samples = ratios.Apart(PAIRS["half-cube"]).sample(4_000, generator=seeded(4))
    assert samples.shape == (4_000, 2)
    assert abs(float(torch.corrcoef(samples.T)[0, 1])) < 6 / 4_000**0.5


@pytest.mark.slow
def test_the_command_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["study", "ratios", "--worlds", "half-cube", "--seeds", "1", "--workers", "1"]
    assert main([*words, "--json", str(tmp_path / "rows.json")]) == 0
    printed = capsys.readouterr().out
    assert "half-cube" in printed
    assert "E[u]" in printed
    assert main([*words, "--methods", "shrap"]) == 2
    assert "did you mean sharp" in capsys.readouterr().err
