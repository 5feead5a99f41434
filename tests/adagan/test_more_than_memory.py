"""Runs of more rows than memory holds: the answers of runs in memory, and files that stay as they are."""

from __future__ import annotations

import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clusters import seeded
from more_than_memory import shrink_memory
from torch import Tensor

from adagan import AdaGAN, missing_mass
from adagan.components.critics.kernel_critic import KernelCritic
from adagan.components.generators.gaussian import Gaussian
from adagan.components.generators.patch import Patch
from adagan.data.training_data import TrainingData
from adagan.missing.features import LinearFeatures
from adagan.mixtures.large_arrays import is_mapped
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.storage.checked_reading import read_tensors
from adagan.mixtures.storage.files import write_tensors

CENTRES = torch.tensor([[0.0, 0.0], [0.0, 20.0], [20.0, 0.0]])
COUNT = 3_000


def clusters() -> Tensor:
    """Three clusters of the shares .6, .3 and .1, in turns, so that any part of the rows holds all of them."""
    which = torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 1, 2]).repeat(COUNT // 10)
    return CENTRES[which] + torch.randn(COUNT, 2, generator=seeded(0))


class Stuck(Gaussian):
    """Learns the first cluster only, unless the others weigh more."""

    def fit(self, data: Tensor, *, weights: Tensor | None = None, labels: Tensor | None = None) -> Any:
        near = torch.cdist(data, CENTRES).argmin(dim=1)
        of_each = torch.bincount(near, weights=weights, minlength=3)
        return super().fit(data[near == int(of_each.argmax())].clone())


def fitted(data: Any, folder: Path | None = None) -> AdaGAN:
    model = AdaGAN(Stuck, rounds=2, critic=partial(KernelCritic, folds=2), seed=1, folder=folder)
    return model.fit(data)


def test_a_run_beyond_memory_is_one_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = clusters()
    expected = fitted(data)
    np.save(tmp_path / "rows.npy", data.numpy())
    before = (tmp_path / "rows.npy").read_bytes()
    shrink_memory(monkeypatch)
    model = fitted(np.load(tmp_path / "rows.npy", mmap_mode="r"))
    assert is_mapped(model._data.points)
    assert len(model.critic_.component_log_ratios_) == 500
    assert is_mapped(model.data_weights_[1].values)
    assert (tmp_path / "rows.npy").read_bytes() == before
    for one, other in zip(model.rounds_, expected.rounds_, strict=True):
        # a sixth of the points: binomial errors of .03 on shares
        assert one.weights == pytest.approx(other.weights, abs=0.1)
        assert one.kept_share == pytest.approx(other.kept_share, abs=0.02)
    assert model.rounds_[1].missing_mass == pytest.approx(0.4, abs=0.1)
    lacking = model.data_weights_[1].values.reshape(-1, 10).sum(dim=0)
    assert float(lacking[6:].sum()) > 0.9  # the weight is on the clusters that were missed, of all rows


def test_a_critic_scores_what_memory_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    data, mixture = clusters(), Mixture([Gaussian().fit(clusters())])
    make = partial(KernelCritic, folds=3, max_samples=400, seed=4)
    expected = make().fit(data, mixture)
    shrink_memory(monkeypatch)
    found = make().fit(data, mixture)
    assert is_mapped(found.component_log_ratios_)
    assert is_mapped(found.fold_)
    assert torch.equal(found.fold_, expected.fold_)
    # the same numbers, in blocks of other sizes: roundings of single precision, through exponentials and a calibration
    assert torch.allclose(found.component_log_ratios_, expected.component_log_ratios_, rtol=1e-4, atol=1e-4)
    assert torch.allclose(found.log_ratio_, expected.log_ratio_, rtol=1e-4, atol=1e-4)


def test_features_are_learnt_without_a_number_for_every_row() -> None:
    tracemalloc.start()
    try:
        features = LinearFeatures.of(torch.ones(1, 2).expand(2**22, 2), seed=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert features.shift.tolist() == [1.0, 1.0]
    assert peak < 2**22  # a byte for every row


def test_what_is_looked_at_is_drawn_by_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    data, weights = clusters(), torch.rand(COUNT, dtype=torch.float64, generator=seeded(2))
    whole = TrainingData.checked(data, weights=weights)
    assert whole.looked_at is whole
    shrink_memory(monkeypatch)
    part = TrainingData.checked(data, weights=weights)
    looked_at = part.looked_at
    assert looked_at.rows is not None
    assert torch.equal(looked_at.points, data[looked_at.rows])
    assert float(looked_at.weights.sum()) == pytest.approx(1)
    # systematic draws: the mean of anything smooth is off by about one space in 500
    assert float(looked_at.weights @ looked_at.points[:, 0].double()) == pytest.approx(
        float(whole.weights @ data[:, 0].double()), abs=1.0
    )
    assert torch.allclose(part.of_looked_at(part.weights), looked_at.weights)
    assert part.fingerprints["data"] == whole.fingerprints["data"]


def test_missing_regions_name_rows_of_all_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    data = clusters()
    samples = CENTRES[:1] + torch.randn(6_000, 2, generator=seeded(3))
    shrink_memory(monkeypatch)
    found = missing_mass(data, samples)
    assert found.verdict == "missing"
    assert found.inside is not None
    far = torch.cdist(data, CENTRES).argmin(dim=1) > 0
    assert float((found.inside == far).double().mean()) > 0.98
    assert bool(far[found.rows].all())
    assert bool((found.log_ratio[far] < -1).all())


def test_a_run_folder_keeps_and_reads_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_memory(monkeypatch)
    model = AdaGAN(Gaussian, rounds=2, critic=partial(KernelCritic, folds=2), seed=1, folder=tmp_path / "run")
    model.fit(clusters())
    stored = AdaGAN.load(tmp_path / "run", critic=partial(KernelCritic, folds=2))
    for one, other in zip(stored.data_weights_, model.data_weights_, strict=True):
        assert torch.equal(one.values, other.values)
    again = AdaGAN(Gaussian, rounds=3, critic=partial(KernelCritic, folds=2), seed=1, folder=tmp_path / "run")
    assert len(again.resume(clusters()).rounds_) == 3


def test_tensors_are_written_in_parts_as_safetensors_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = {
        "bytes": torch.arange(7, dtype=torch.uint8),
        "numbers": torch.randn(1_000, 3, generator=seeded(4)),
        "one": torch.tensor(2.0, dtype=torch.float64),
        "equal": torch.tensor([0.5]).expand(300),
    }
    shrink_memory(monkeypatch)
    write_tensors(tmp_path / "large.safetensors", tensors)
    found = read_tensors(tmp_path / "large.safetensors")
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert torch.equal(found[name], value)
        assert found[name].dtype == value.dtype


@pytest.mark.parametrize("make", [Gaussian, partial(Gaussian, 0.1)])
def test_a_gaussian_is_the_same(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data, weights = clusters(), torch.rand(COUNT, generator=seeded(5))
    expected = make().fit(data, weights=weights)
    shrink_memory(monkeypatch)
    found = make().fit(data, weights=weights)
    assert torch.allclose(found.mean_, expected.mean_)
    assert torch.allclose(found.factor_ @ found.factor_.T, expected.factor_ @ expected.factor_.T, rtol=1e-5)


def test_a_patch_finds_the_same_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_memory(monkeypatch)
    found = Patch().fit(clusters())
    assert torch.cdist(CENTRES, found.means_).amin(dim=1).max() < 1
