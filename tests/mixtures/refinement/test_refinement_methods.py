"""The refinements, in worlds of a few points with exact ratios: what they return, promise, report and refuse."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from adagan import Critic
from adagan.components import Gaussian
from adagan.mixtures import (
    BudgetedRejection,
    ImportanceResampling,
    MetropolisHastings,
    Mixture,
    Pilot,
    Refined,
    Refinement,
    Rejection,
    effective_sample_size,
    importance_weights,
)

DATA = torch.tensor([0.4, 0.3, 0.2, 0.1, 0.0], dtype=torch.float64)
MODEL = torch.tensor([0.1, 0.3, 0.2, 0.2, 0.2], dtype=torch.float64)


class Points(nn.Module):
    """A world of five points with an exact ratio: source and critic in one, that tells its modes."""

    def __init__(self, model: Tensor = MODEL, data: Tensor = DATA) -> None:
        super().__init__()
        self.register_buffer("model", model.clone())
        self.register_buffer("data", data.clone())
        self.drawn, self.largest, self.modes = 0, 0, set()

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        self.drawn, self.largest = self.drawn + num_samples, max(self.largest, num_samples)
        self.modes.add(self.training)
        if num_samples == 0:
            return torch.zeros(0, 1)
        return torch.multinomial(self.model, num_samples, replacement=True, generator=generator)[:, None].float()

    def log_ratio(self, x: Tensor) -> Tensor:
        self.modes.add(self.training)
        return (self.model / self.data).log()[x[:, 0].long()]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shares(samples: Tensor) -> Tensor:
    return torch.bincount(samples[:, 0].long(), minlength=5).double() / len(samples)


METHODS = [BudgetedRejection(0.5), ImportanceResampling(20), MetropolisHastings(40), Rejection()]


@pytest.mark.parametrize("method", [ImportanceResampling(20), MetropolisHastings(40), Rejection()], ids=repr)
def test_refined_samples_are_distributed_as_the_data(method: Refinement, generator: torch.Generator) -> None:
    world, count = Points(), 60_000
    refined = Refined(world, world, method, generator=generator)
    found = shares(refined.sample(count, generator=generator))
    # shares of 60,000 with a standard error of at most .002, and twice that for the candidates that resampling
    # repeats; six of them are .02 (false alarm below 1e-8), the model is off by .3
    assert float((found - DATA).abs().max()) < 0.02
    assert found[4] == 0


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_chain_is_as_far_as_its_kernel_says(steps: int, generator: torch.Generator) -> None:
    world, count = Points(data=torch.tensor([0.4, 0.3, 0.2, 0.05, 0.05]).double()), 60_000
    ratio = world.data / world.model
    kernel = world.model * (ratio / ratio[:, None]).clamp(max=1)
    kernel += torch.diag(1 - kernel.sum(dim=1))
    expected = world.model @ torch.linalg.matrix_power(kernel, steps)
    samples, record = Refined(world, world, MetropolisHastings(steps), generator=generator).sample(
        count, generator=generator, return_record=True
    )
    # shares of 60,000: a standard error of at most .002, six are .0123 (false alarm below 1e-8)
    assert float((shares(samples) - expected).abs().max()) < 0.0123
    starts = [world.model @ torch.linalg.matrix_power(kernel, step) for step in range(steps)]
    accepting = (world.model * (ratio / ratio[:, None]).clamp(max=1)).sum(dim=1)
    rate = float(torch.stack([start @ accepting for start in starts]).mean())
    assert record.acceptance == pytest.approx(rate, abs=6 * 0.5 / count**0.5)


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_the_pilot_promises_what_the_draw_reports(method: Refinement) -> None:
    world, count = Points(), 40_000
    refined = Refined(world, world, method, pilot=50_000, generator=seeded(0))
    world.drawn = 0
    samples, record = refined.sample(count, generator=seeded(1), return_record=True)
    assert torch.equal(samples, refined.sample(count, generator=seeded(1)))
    assert record.drawn == world.drawn / 2
    assert 0 < record.effective_sample_size <= count
    assert 0 < record.kept <= count
    assert refined.pilot.drawn == 50_000
    assert 1 <= refined.pilot.effective_sample_size <= 50_000
    if isinstance(method, BudgetedRejection | Rejection):
        # two rates from 40,000 samples or more: a standard error of .0035 together, six are .021 (below 1e-8)
        assert record.acceptance == pytest.approx(refined.pilot.acceptance, abs=0.021)
        assert record.effective_sample_size == record.kept == count
    if isinstance(method, MetropolisHastings):
        # Σ π_i q_j min(1, v_j/v_i) from 50,000 samples, whose shares have standard errors of .002 at most
        ratio = DATA[:4] / MODEL[:4]
        exact = float(DATA[:4] @ torch.clamp(ratio / ratio[:, None], max=1) @ MODEL[:4])
        assert refined.pilot.acceptance == pytest.approx(exact, abs=0.025)
        assert record.drawn == 41 * count


def test_the_stationary_acceptance_of_a_chain() -> None:
    log_ratio = torch.randn(50, generator=seeded(0), dtype=torch.float64)
    weights = importance_weights(log_ratio)
    expected = float(torch.minimum(weights, weights[:, None]).sum() / 50)
    assert MetropolisHastings().pilot(log_ratio).acceptance == pytest.approx(expected, rel=1e-12)


def test_rejection_accepts_by_the_largest_ratio() -> None:
    pilot = Rejection().pilot(torch.tensor([0.0, 1.0, math.log(4)], dtype=torch.float64))
    assert pilot.level == 0
    assert pilot.acceptance == pytest.approx((1 + math.exp(-1) + 0.25) / 3)


@given(st.lists(st.floats(-690, 690), min_size=1, max_size=20), st.floats(0, 1))
def test_importance_weights(log_ratio: list[float], flattening: float) -> None:
    weights = importance_weights(log_ratio, flattening)
    assert float(weights.sum()) == pytest.approx(1)
    values = torch.tensor(log_ratio, dtype=torch.float64)
    torch.testing.assert_close(weights, torch.softmax(-values * flattening, dim=0))
    assert 1 - 1e-9 <= effective_sample_size(weights) <= len(log_ratio) * (1 + 1e-9)


def test_importance_weights_estimate_means_over_the_data() -> None:
    values = (MODEL / DATA).log()
    exact = importance_weights(values[:4]) * MODEL[:4] / MODEL[:4].sum()
    torch.testing.assert_close(exact / exact.sum(), DATA[:4])
    assert importance_weights([0.0, math.inf, -math.inf, 700.0]).tolist() == [pytest.approx(0), 0, 1, 0]
    assert importance_weights([0.0, -3.0], 0.0).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_draws_are_made_in_blocks(method: Refinement, generator: torch.Generator) -> None:
    world = Points()
    refined = Refined(world, world, method, generator=generator)
    assert refined.sample(100_000, generator=generator).shape == (100_000, 1)
    assert world.largest <= 65_536


@pytest.mark.parametrize("method", METHODS, ids=repr)
@pytest.mark.parametrize("num_samples", [0, 1, 2, 500])
def test_sizes_seeds_modes_and_normal_tensors(method: Refinement, num_samples: int) -> None:
    world = Points().train()
    refined = Refined(Mixture([world]), world, method, pilot=2_000, generator=seeded(0))
    refined.train()
    with torch.inference_mode():
        first = refined.sample(num_samples, generator=seeded(1))
    again, record = refined.sample(num_samples, generator=seeded(1), return_record=True)
    assert first.shape == (num_samples, 1)
    assert not first.is_inference()
    assert torch.equal(first, again)
    assert world.modes == {False}
    assert world.training
    assert record.drawn >= num_samples
    assert len(refined.sample(num_samples)) == num_samples


class Uniform(nn.Module):
    """A torch component, uniform on [0, 2), of which the data fill the first half alone; critic of itself too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("width", torch.tensor(2.0))
        self.inference: set[bool] = set()

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        self.inference.add(torch.is_inference_mode_enabled())
        return self.width * torch.rand(num_samples, 1, generator=generator)

    def log_ratio(self, x: Tensor) -> Tensor:
        return torch.where(x[:, 0] < 1, -math.log(2), math.inf)


@pytest.mark.parametrize("method", [BudgetedRejection(0.4), *METHODS[1:]], ids=repr)
def test_a_component_is_refined_as_a_mixture_is(method: Refinement) -> None:
    component = Uniform()
    refined = Refined(component, component, method, pilot=2_000, generator=seeded(0))
    samples = refined.sample(3_000, generator=seeded(1))
    assert component.inference == {True}
    assert not samples.is_inference()
    # a chain of 40 proposals stays outside the data with a chance of 2^-41
    assert float(samples.max()) < 1
    # six standard errors of a uniform's mean, of 3,000 samples worth a third of them: a false alarm below 1e-8
    assert abs(float(samples.mean()) - 0.5) < 6 * (1 / 12 / 1_000) ** 0.5
    assert refined.device == torch.device("cpu")


def test_a_refined_mixture_is_a_component(generator: torch.Generator) -> None:
    world = Points()
    mixture = Mixture([Refined(world, world, Rejection(), generator=generator), Points()], [0.5, 0.5])
    samples, component = mixture.sample(4_000, generator, return_component=True)
    assert not bool((samples[component == 0] == 4).any())
    assert bool((samples[component == 1] == 4).any())


def test_a_small_budget_is_no_error(generator: torch.Generator) -> None:
    # a rare acceptance may take more draws than were expected, without anything being wrong
    world = Points()
    refined = Refined(world, world, 0.001, generator=generator)
    for _ in range(50):
        assert len(refined.sample(1, generator=generator)) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Rejection(0), "max_draws: expected 1 or more, got 0"),
        (lambda: BudgetedRejection(0.0), r"budget: expected a number in \(0, 1\]"),
        (lambda: MetropolisHastings(0), "steps: expected 1 or more, got 0"),
        (lambda: ImportanceResampling(0), "candidates: expected 1 or more, got 0"),
        (lambda: importance_weights([0.0], 1.5), r"flattening: expected a number in \[0, 1\], got 1.5"),
        (lambda: importance_weights([700.0, math.inf]), "none of 2 points lies where the data are"),
        (
            lambda: Rejection(10).pilot(torch.tensor([-5.0, *[0.0] * 99]).double()),
            "max_draws: 10 draws per sample cannot be met by rejection: it takes max_draws=60 or more; Budgeted",
        ),
        (lambda: Rejection().pilot(torch.tensor([700.0]).double()), "no sample lies on the data"),
        (lambda: MetropolisHastings().pilot(torch.tensor([700.0]).double()), "none of 1 points lies"),
        (lambda: Refined(Points(), Points(), 0.5, pilot=0), "pilot: expected 1 sample or more, got 0"),
        (lambda: Refined(Points(), Points(), 0.95, generator=seeded(0)), r"budget: 0.95 cannot be met: only 0.(79|80)"),
        (lambda: Refined(Points(), Points()).sample(-1), "num_samples: expected 0 or more, got -1"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.fixture(scope="module")
def trained() -> tuple[Mixture, Critic]:
    data = torch.randn(400, 2, generator=seeded(0)) * torch.tensor([1.0, 2.0])
    mixture = Mixture([Gaussian().fit(data), Gaussian().fit(2 * data)], [0.5, 0.5])
    return mixture, Critic(max_steps=30, width=8, seed=0).fit(data, mixture)


@pytest.mark.parametrize("method", [*METHODS, BudgetedRejection(1.0)], ids=repr)
def test_saved_with_the_mixture(method: Refinement, trained: tuple[Mixture, Critic], tmp_path: Path) -> None:
    refined = Refined(*trained, method, pilot=1_000, generator=seeded(0))
    refined.save(tmp_path / "saved")
    loaded = Refined.load(tmp_path / "saved", components=[Critic])
    assert loaded.pilot == refined.pilot
    assert repr(loaded.refinement) == repr(method)
    assert torch.equal(loaded.sample(300, generator=seeded(1)), refined.sample(300, generator=seeded(1)))
    assert torch.equal(Mixture.load(tmp_path / "saved").sample(50, seeded(2)), trained[0].sample(50, seeded(2)))
    assert {path.suffix for path in (tmp_path / "saved").iterdir()} == {".json", ".safetensors"}
    with pytest.raises(FileExistsError, match="saved exists already"):
        refined.save(tmp_path / "saved")
    refined.save(tmp_path / "saved", overwrite=True)


def test_what_cannot_be_saved_is_refused(trained: tuple[Mixture, Critic], tmp_path: Path) -> None:
    class Own(BudgetedRejection):
        pass

    mixture, critic = trained
    with pytest.raises(TypeError, match="source: only a refined Mixture can be saved, got Points; refine Mixture"):
        Refined(Points(), Points(), generator=seeded(0)).save(tmp_path / "saved")
    with pytest.raises(TypeError, match="refinement: Own is not one of adagan's and cannot be stored"):
        Refined(mixture, critic, Own(), generator=seeded(0)).save(tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"refinement": {"class": "os.system", "config": {}}},
            "names the method os.system; known are BudgetedRejection",
        ),
        ({"refinement": {"class": "Rejection", "config": {"command": 1}}}, "does not fit the files"),
        ({"pilot": {}}, "does not fit the files"),
        ({"critic": {"class": "Foreign", "config": {}}}, "class Foreign"),
        ({"format_version": 99}, "format version 99"),
    ],
)
def test_damaged_files_are_refused(
    change: dict[str, object], message: str, trained: tuple[Mixture, Critic], tmp_path: Path
) -> None:
    Refined(*trained, generator=seeded(0)).save(tmp_path / "saved")
    path = tmp_path / "saved" / "refinement.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        Refined.load(tmp_path / "saved", components=[Critic])


def test_a_plain_mixture_is_no_refined_one(trained: tuple[Mixture, Critic], tmp_path: Path) -> None:
    trained[0].save(tmp_path / "saved")
    with pytest.raises(FileNotFoundError, match="holds no refined mixture"):
        Refined.load(tmp_path / "saved")


def test_an_earlier_pilot_is_taken_over() -> None:
    world = Points()
    pilot = Pilot(100, 0.25, 0.5, 80.0)
    refined = Refined(world, world, 0.5, pilot=pilot)
    assert world.drawn == 0
    assert refined.pilot is pilot
    np.testing.assert_equal(len(refined.sample(10, generator=seeded(0))), 10)
