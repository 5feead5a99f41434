"""Draws given a class: mixtures weigh their components by class, refinement and streaming keep the class."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from adagan.mixtures import (
    BudgetedRejection,
    ImportanceResampling,
    MetropolisHastings,
    Mixture,
    Refined,
    Refinement,
    Rejection,
    stream_samples,
)
from adagan.mixtures.sampling.sampler import FIRST_BLOCK


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Classes(nn.Module):
    """Classes in known shares: class c of component k lies in [10 c + k, 10 c + k + .5); it records its calls."""

    def __init__(self, place: float, *shares: float) -> None:
        super().__init__()
        self.register_buffer("place", torch.tensor(place))
        self.class_shares_ = torch.tensor(shares)
        self.calls: list[int] = []

    def sample(self, num_samples: int, *, generator=None, condition: int | Tensor | None = None) -> Tensor:
        self.calls.append(num_samples)
        if condition is None:
            edges = self.class_shares_.cumsum(0)
            condition = torch.searchsorted(edges, torch.rand(num_samples, generator=generator), right=True)
        label = torch.as_tensor(condition).expand(num_samples).to(self.place.device)[:, None]
        return self.place + 10 * label + 0.5 * torch.rand(num_samples, 2, generator=generator, device=self.place.device)


def read(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Classes and components of samples."""
    places = samples[:, 0].floor().long()
    return places // 10, places % 10


def test_a_mixture_weighs_its_components_by_class(generator: torch.Generator) -> None:
    mixture = Mixture([Classes(0.0, 0.8, 0.2), Classes(1.0, 0.2, 0.8)], [0.75, 0.25])
    torch.testing.assert_close(mixture.class_shares_, torch.tensor([0.65, 0.35]).double())
    for label, share in ((0, 0.25 * 0.2 / 0.65), (1, 0.25 * 0.8 / 0.35)):
        samples, component = mixture.sample(40_000, generator, return_component=True, condition=label)
        classes, behind = read(samples)
        assert torch.equal(behind, component)
        assert classes.unique().tolist() == [label]
        # a share with a standard error of .0025 at most, six are .015: a false alarm below 1e-8
        assert abs(float(component.double().mean()) - share) < 0.015


def test_a_class_for_each_sample(generator: torch.Generator) -> None:
    parts = [Classes(0.0, 0.8, 0.2), Classes(1.0, 0.2, 0.5, 0.3), Classes(2.0, 0.0, 1.0)]
    mixture = Mixture(parts, [0.5, 0.25, 0.25])
    wanted = torch.randint(3, (FIRST_BLOCK + 30_000,), generator=generator)
    samples, component = mixture.sample(len(wanted), seeded(1), return_component=True, condition=wanted)
    classes, behind = read(samples)
    assert torch.equal(classes, wanted)
    assert torch.equal(behind, component)
    assert [len(part.calls) for part in parts] == [2, 2, 2]
    # only the second component knows the third class
    assert component[wanted == 2].unique().tolist() == [1]
    shares = torch.bincount(component[wanted == 1], minlength=3) / (wanted == 1).sum()
    # standard errors of .004 at most, six are .025: a false alarm below 1e-7
    assert float((shares - torch.tensor([0.1, 0.125, 0.25]) / 0.475).abs().max()) < 0.025
    assert torch.equal(samples, mixture.sample(len(wanted), seeded(1), condition=wanted))
    assert not torch.equal(samples, mixture.sample(len(wanted), seeded(2), condition=wanted))


def test_a_class_and_a_component() -> None:
    mixture = Mixture([Classes(0.0, 0.5, 0.5), Classes(1.0, 0.5, 0.5)])
    assert mixture.sample(20, seeded(0), component=1, condition=1).floor().unique().tolist() == [11.0]
    classes, components = torch.tensor([0, 1, 1, 0, 1]), torch.tensor([1, 0, 1, 0, 1])
    samples = mixture.sample(5, seeded(0), component=components, condition=classes)
    assert [part.tolist() for part in read(samples)] == [classes.tolist(), components.tolist()]


def test_no_samples_of_a_class() -> None:
    mixture = Mixture([Classes(0.0, 0.5, 0.5), Classes(1.0, 1.0)])
    assert mixture.sample(0, condition=1).shape == (0, 2)
    assert mixture.sample(0, condition=torch.zeros(0, dtype=torch.int64)).shape == (0, 2)


def test_the_classes_of_a_draw_on_the_meta_device() -> None:
    mixture = Mixture([Classes(0.0, 0.5, 0.5), Classes(1.0, 1.0)]).to("meta")
    for condition in (1, torch.tensor([0, 1, 0])):
        samples, component = mixture.sample(3, seeded(0), return_component=True, condition=condition)
        assert samples.is_meta
        assert component.is_meta
        assert samples.shape == (3, 2)


class Plain:
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.rand(num_samples, 2, generator=generator)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"condition": 2}, "condition: expected numbers from 0 to 1, got 2"),
        ({"condition": -1}, "condition: expected numbers from 0 to 1, got -1"),
        ({"condition": torch.tensor([0, 2, 0, 0, 0])}, "condition: expected numbers from 0 to 1, got 2"),
        ({"condition": torch.zeros(4, dtype=torch.int64)}, "condition: expected a whole number, or 5 of them"),
        ({"condition": 0.5}, r"got shape \(\) of torch.float32"),
        ({"condition": 1}, "condition: no component with positive weight samples class 1; ask for another class"),
        ({"condition": torch.tensor([0, 0, 1, 0, 0])}, "no component with positive weight samples class 1"),
        ({"condition": 1, "component": 0}, "condition: no component with positive weight samples class 1"),
        ({"condition": 1, "component": torch.zeros(5, dtype=torch.int64)}, "its component never samples class 1"),
    ],
)
def test_errors(options, message: str) -> None:
    mixture = Mixture([Classes(0.0, 1.0, 0.0), Classes(1.0, 0.0, 1.0)], [1.0, 0.0])
    with pytest.raises(ValueError, match=message):
        mixture.sample(5, **options)


def test_a_component_without_classes_is_named() -> None:
    mixture = Mixture([Classes(0.0, 1.0), Plain()])
    with pytest.raises(TypeError, match=r"component 1 \(Plain\) is not conditional.*such as ClassConditional"):
        mixture.sample(5, condition=0)
    assert not hasattr(mixture, "class_shares_")


class HalfSpurious:
    """A critic that puts the data where the second coordinate's fraction is below .25, of .5, in class 0 alone."""

    def log_ratio(self, x: Tensor) -> Tensor:
        spurious = (x[:, 0] < 10) & ((x[:, 1] % 1) >= 0.25)
        return torch.where(spurious, 3.0, 0.0)


METHODS = [Rejection(), BudgetedRejection(0.5), MetropolisHastings(20), ImportanceResampling(10)]


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_refined_samples_of_a_class(method: Refinement, generator: torch.Generator) -> None:
    mixture = Mixture([Classes(0.0, 0.8, 0.2), Classes(1.0, 0.2, 0.8)])
    refined = Refined(mixture, HalfSpurious(), method, generator=generator)
    for label in (0, 1):
        samples, record = refined.sample(4_000, generator=seeded(label), condition=label, return_record=True)
        assert samples.shape == (4_000, 2)
        assert read(samples)[0].unique().tolist() == [label]
        spurious = float(((samples[:, 1] % 1) >= 0.25).double().mean())
        # e^-3/(1 + e^-3) = .047 of class 0 and half of class 1; of 4,000, resampled ones worth a tenth at the worst,
        # six standard errors are .03 and .06 (a chain of 20 steps is within .001): a false alarm below 1e-7
        assert abs(spurious - (0.047, 0.5)[label]) < (0.03, 0.06)[label]
        assert 0 < record.acceptance <= 1
        assert record.drawn >= record.kept


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_refined_samples_of_a_class_each(method: Refinement, generator: torch.Generator) -> None:
    mixture = Mixture([Classes(0.0, 0.8, 0.2), Classes(1.0, 0.2, 0.8)])
    refined = Refined(mixture, HalfSpurious(), method, generator=generator)
    wanted = torch.randint(2, (FIRST_BLOCK + 500,), generator=generator)
    samples, record = refined.sample(len(wanted), generator=seeded(0), condition=wanted, return_record=True)
    assert torch.equal(read(samples)[0], wanted)
    assert not samples.is_inference()
    assert torch.equal(samples, refined.sample(len(wanted), generator=seeded(0), condition=wanted))
    assert record.effective_sample_size <= len(wanted)
    spurious = ((samples[:, 1] % 1) >= 0.25).double()
    assert float(spurious[wanted == 0].mean()) < 0.1 < 0.4 < float(spurious[wanted == 1].mean())
    assert refined.sample(0, condition=wanted[:0]).shape == (0, 2)


def test_a_class_that_the_data_lack_is_no_endless_loop(generator: torch.Generator) -> None:
    class NoSecondClass:
        def log_ratio(self, x: Tensor) -> Tensor:
            return torch.where(x[:, 0] < 10, 0.0, torch.inf)

    refined = Refined(Mixture([Classes(0.0, 0.5, 0.5)]), NoSecondClass(), 0.4, pilot=1_000, generator=generator)
    assert refined.sample(5, generator=generator, condition=0).shape == (5, 2)
    with pytest.raises(RuntimeError, match=r"none of .* samples was accepted.*none of the class that is wanted"):
        refined.sample(5, generator=generator, condition=1)
    with pytest.raises(ValueError, match="condition: expected a whole number, or 5 of them"):
        refined.sample(5, generator=generator, condition=torch.tensor([1, 0]))


@pytest.mark.parametrize("refine", [False, True])
def test_streaming_of_classes(refine: bool, tmp_path: Path) -> None:
    mixture = Mixture([Classes(0.0, 0.8, 0.2), Classes(1.0, 0.2, 0.8)])
    source = Refined(mixture, HalfSpurious(), 0.5, generator=seeded(0)) if refine else mixture
    wanted = torch.randint(2, (FIRST_BLOCK + 500,), generator=seeded(1))
    stream_samples(source, len(wanted), tmp_path / "each.npy", generator=seeded(0), condition=wanted)
    assert torch.equal(read(torch.from_numpy(np.load(tmp_path / "each.npy")))[0], wanted)
    stream_samples(source, 100, tmp_path / "one.npy", generator=seeded(0), condition=1)
    assert read(torch.from_numpy(np.load(tmp_path / "one.npy")))[0].unique().tolist() == [1]
    with pytest.raises(ValueError, match="condition: expected a class, or 100 of them"):
        stream_samples(source, 100, tmp_path / "wrong.npy", condition=wanted)
    with pytest.raises(ValueError, match="condition: expected numbers from 0 to 1, got 2"):
        stream_samples(source, 100, tmp_path / "wrong.npy", condition=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["each.npy", "one.npy"]
